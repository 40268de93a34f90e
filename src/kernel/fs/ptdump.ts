import type { Layout } from '../../geometry/layout.ts';
import { depthOf, entrySize, type LevelName, type Translation, vaText } from '../../geometry/translation.ts';
import { type PtdumpFormat, prot_text, ptdump_markers } from './ptdump_format.ts';

/** Consecutive entries of one level that are all empty, or all leaves with the same attributes. */
export interface PtdumpRun {
  /** Kernel addresses; end 0 is the wrap at 2^64. */
  readonly start: number;
  readonly end: number;
  /** The level the entries stand at; a folded one is the next towards the root. */
  readonly level: LevelName;
  /** The descriptors' bits but for the address, as {@link Descriptor.attr} packs them; 0 for empty entries. */
  readonly attr: number;
}

const UNITS = 'KMGTPE';

/**
 * The lines of arm64's /sys/kernel/debug/kernel_page_tables, without line ends. The kernel notes entry by entry and starts a
 * line where level, attributes or region change; a marker stands at the first entry at or behind its address, so a run is
 * split where that entry begins. Nothing is held but the line in progress.
 *
 * @param runs in ascending order, from the first kernel address to the wrap; neighbours may be equal
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
  // the wrap is 0 to the kernel, so nothing is behind a marker there
  const behind = (addr: number): boolean =>
    addr < 0 && marker + 1 < markers.length && addr >= markers[marker + 1]!.start;
  const next_marker = (): string => `---[ ${markers[++marker]!.text} ]---`;
  let depth = -1;
  let prot = 0;
  // 2^64 below the wrap is 0
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
    // one more a call, as the kernel does: a third waits for the next entry
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
  // the kernel flushes with a level that none has
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
