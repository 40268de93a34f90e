import type { Layout } from '../../geometry/layout.ts';
import { depthOf, entrySize, type LevelName, type Translation, vaText } from '../../geometry/translation.ts';
import { type PtdumpFormat, prot_text, ptdump_markers } from './ptdump_format.ts';

/** Consecutive entries of one level that are all empty, or all leaves with the same attributes. */
export interface PtdumpRun {
  /** Kernel addresses; end 0 stands for 2^64. */
  readonly start: number;
  readonly end: number;
  /** The level of the entries; for a folded level the next one towards the root. */
  readonly level: LevelName;
  /** The descriptors' bits without the address, packed as {@link Descriptor.attr}; 0 for empty entries. */
  readonly attr: number;
}

const UNITS = 'KMGTPE';

/**
 * The lines of arm64's /sys/kernel/debug/kernel_page_tables, without line ends. The kernel notes entry by entry and
 * starts a line where level, attributes or region change. A marker is printed at the first entry at or after its
 * address, so a run is split where that entry begins. Only the current line is held in memory.
 *
 * @param runs in ascending order, from the first kernel address to 2^64; adjacent runs may be equal
 */
export function* ptdump(
  t: Translation,
  layout: Layout,
  format: PtdumpFormat,
  runs: Iterable<PtdumpRun>,
): Generator<string, void> {
  const { mask, text } = prot_text(format);
  const markers = ptdump_markers(format, layout);
  let marker = 0;
  // the kernel represents 2^64 as 0, so no marker comes after it
  const behind = (addr: number): boolean =>
    addr < 0 && marker + 1 < markers.length && addr >= markers[marker + 1]!.start;
  const next_marker = (): string => `---[ ${markers[++marker]!.text} ]---`;
  let depth = -1;
  let prot = 0;
  // 0 stands for 2^64
  let start = -(2 ** 64);
  if (format.from_zero) depth = 0;

  function* note(addr: number, at: number, now: number): Generator<string, void> {
    if (depth < 0) {
      [start, depth, prot] = [addr, at, now];
      yield `---[ ${markers[marker]!.text} ]---`;
    } else if (now !== prot || at !== depth || behind(addr)) {
      if (format.holes || prot !== 0) {
        const name =
          format.pmd_in_root && prot !== 0 && t.levels === 2 && depth === 0 ? 'PMD' : t.name[depth];
        const attributes = prot === 0 ? '' : text(prot);
        yield `0x${vaText(start)}-0x${vaText(addr)}   ${size_text(addr - start)} ${name}${attributes}`;
      }
      if (behind(addr)) yield next_marker();
      [start, depth, prot] = [addr, at, now];
    }
    // at most one more marker per call, as in the kernel: a third waits for the next entry
    if (behind(addr)) yield next_marker();
  }

  for (const run of runs) {
    const at = depthOf(t, run.level);
    const size = entrySize(t, at);
    const now = run.attr & mask;
    let addr = run.start;
    while (addr < run.end) {
      yield* note(addr, at, now);
      const wanted = markers[marker + 1]?.start ?? 0;
      const entry = (Math.floor(addr / size) + 1) * size;
      addr = Math.max(entry, Math.ceil(wanted / size) * size);
    }
  }
  // the kernel flushes with a level that no entry has
  yield* note(0, t.levels, 0);
}

/** A number of bytes in nine columns and the largest unit that divides it. */
function size_text(bytes: number): string {
  let delta = bytes / 1024;
  let unit = 0;
  while (delta % 1024 === 0 && unit < UNITS.length - 1) {
    delta /= 1024;
    unit++;
  }
  return `${delta}`.padStart(9) + UNITS[unit];
}
