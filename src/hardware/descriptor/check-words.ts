import { hardwareLevel, type Translation } from '../../geometry/translation.ts';
import { CONT, type Descriptor, toWord, VALID } from './descriptor.ts';
import { groupEntries, lpa2, meaning } from './format.ts';

/** A descriptor has bits set that are reserved at its level, so no walker's behaviour is defined for it. */
export class ReservedBits extends Error {
  override readonly name = 'ReservedBits';
}

/**
 * Refuse a valid descriptor that the architecture reserves at this depth (Arm ARM D8, VMSAv8-64 descriptor formats).
 * Invalid ones may hold anything.
 * @throws ReservedBits naming level, bits and word
 */
export function checkDescriptor(t: Translation, depth: number, d: Descriptor): void {
  const what = descriptorCheck(t, depth, d);
  if (what === undefined) return;
  const word = toWord(d).toString(16).padStart(16, '0');
  throw new ReservedBits(`descriptor ${word} of a level ${hardwareLevel(t, depth)} table: ${what}`);
}

/** A description of the reserved bits that a descriptor sets, or undefined. */
export function descriptorCheck(t: Translation, depth: number, d: Descriptor): string | undefined {
  if ((d.attr & VALID) === 0 || t.arch === 'x86_64') return undefined;
  const kind = meaning(t, depth, d.attr);
  const last = depth === t.levels - 1;
  if (kind === 'none') {
    return last ? 'bit 1 is clear, which is reserved for pages' : 'a block, which this level does not have';
  }
  const size = kind === 'table' ? t.page_shift : t.shift[depth]!;
  const low = lowBits(t, kind, size, d);
  if (low !== undefined) return low;
  if (kind === 'leaf' && (d.attr & CONT) !== 0 && groupEntries(t, depth) === 1)
    return 'bit 52, and no contiguous groups here';
  return highBits(t, d);
}

/** Checks the address bits below the size of what is mapped. */
function lowBits(t: Translation, kind: string, size: number, d: Descriptor): string | undefined {
  const span = Math.min(2 ** size, 2 ** 48);
  let rest = d.addr % span;
  const wide = t.page_shift === 16 && t.va_bits === 52;
  // with 64K pages and 52-bit addresses 15:12 are address bits 51:48; bit 16 of a block is nT
  if (wide) rest -= rest % 65536;
  if (kind === 'leaf' && size > 16 && rest % 131072 >= 65536) rest -= 65536;
  if (rest === 0) return undefined;
  let lowest = 12;
  while (rest % 2 ** (lowest + 1) === 0) lowest++;
  return `bit ${lowest} is below the ${kind === 'table' ? 'table' : 'output'} address`;
}

/** Bits 49:48: address bits with LPA2, else reserved. */
function highBits(t: Translation, d: Descriptor): string | undefined {
  if (lpa2(t)) return undefined;
  const set = (d.attr >>> 12) & 3;
  return set === 0 ? undefined : `bit ${(set & 1) !== 0 ? 48 : 49} is reserved`;
}
