import { hardwareLevel, type Translation } from '../../geometry/translation.ts';
import { AF, AP_RDONLY, CONT, type Descriptor, outputAddress, VALID } from './descriptor.ts';

/** How a walker interprets a descriptor at some depth. */
export type Meaning = 'none' | 'table' | 'leaf';

/** Bits of an x86-64 entry that differ from arm64: writable, accessed by hardware, a block. */
const X86_RW = 1 << 1;
const X86_PS = 1 << 7;

/** With 52-bit output addresses in the format of 4K and 16K pages, bits 9:8 and 49:48 hold the top of the address. */
export const lpa2 = (t: Translation): boolean =>
  t.arch === 'arm64' && t.va_bits === 52 && t.page_shift !== 16;

/** Whether the architecture has blocks at a depth (Arm ARM D8; FEAT_LPA and LPA2 add one level). */
function hasBlocks(t: Translation, depth: number): boolean {
  const level = hardwareLevel(t, depth);
  if (t.arch === 'x86_64') return level === 1 || level === 2;
  const least = (t.page_shift === 12 ? 1 : 2) - (t.va_bits === 52 ? 1 : 0);
  return level >= least && level <= 2;
}

/** The meaning of a descriptor with these attributes at a depth. Reserved encodings have none: they fault. */
export function meaning(t: Translation, depth: number, attr: number): Meaning {
  if ((attr & VALID) === 0) return 'none';
  const last = depth === t.levels - 1;
  if (t.arch === 'x86_64') {
    if (last) return 'leaf';
    if ((attr & X86_PS) === 0) return 'table';
    return hasBlocks(t, depth) ? 'leaf' : 'none';
  }
  if ((attr & 2) !== 0) return last ? 'leaf' : 'table';
  return !last && hasBlocks(t, depth) ? 'leaf' : 'none';
}

/**
 * Whether a leaf may be cached. A leaf without the access flag faults and is never cached; x86 sets its flag itself.
 */
export const cacheable = (t: Translation, attr: number): boolean => t.arch === 'x86_64' || (attr & AF) !== 0;

export const writable = (t: Translation, attr: number): boolean =>
  t.arch === 'x86_64' ? (attr & X86_RW) !== 0 : (attr & AP_RDONLY) === 0;

/** The physical address a descriptor names: a table page, or the start of a leaf's range. */
export const target = (t: Translation, d: Descriptor): number =>
  t.arch === 'x86_64' ? x86Address(d) : outputAddress(d, t.page_shift, lpa2(t));

/** Bits 51:12; a descriptor holds 51:48 among its attributes. */
export const x86Address = (d: Descriptor): number => d.addr + ((d.attr >>> 12) & 15) * 2 ** 48;

/**
 * The number of entries in one contiguous group at a depth (Arm ARM D8, the Contiguous bit); 1 if there are no groups.
 */
export function groupEntries(t: Translation, depth: number): number {
  if (t.arch === 'x86_64') return 1;
  const up = t.levels - 1 - depth;
  if (t.page_shift === 12) return up <= 2 ? 16 : 1;
  if (t.page_shift === 14) return [128, 32][up] ?? 1;
  return [32, 32][up] ?? 1;
}

/** The number of entries for which one cached translation of a leaf may stand. */
export const groupOf = (t: Translation, depth: number, attr: number): number =>
  (attr & CONT) !== 0 && t.arch !== 'x86_64' ? groupEntries(t, depth) : 1;
