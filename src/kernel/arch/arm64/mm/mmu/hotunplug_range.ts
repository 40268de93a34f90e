import { is_folded } from '../../../../../geometry/blocks.ts';
import { depth_of, entry_index, entry_size, type LevelName } from '../../../../../geometry/translation.ts';
import type { Descriptor } from '../../../../../hardware/descriptor.ts';
import type { WordRun } from '../../../../../hardware/words.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { addr_end, type EntryPointer, present, READ_RUN } from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';

/**
 * What both passes of a tear-down share. Addresses compare as the kernel's unsigned ones do: a range that ends with the
 * address space ends at 0 (B30).
 */

/** addr < end */
export const before = (addr: number, end: number): boolean => end !== 0 && (addr === 0 || addr < end);

export type UpperLevel = 'PMD' | 'PUD' | 'P4D' | 'PGD';

/** Bytes of the range left below this table of the level: the wrap has one entry's worth and no more. */
export const left = (addr: number, end: number, size: number): number =>
  end === 0 ? size : Math.max(size, end - addr);

/** Whether a run of table entries points to tables side by side, so that their entries continue each other. */
export const side_by_side = (k: Kernel, run: WordRun): boolean => run.n === 1 || run.stride === k.c.PAGE_SIZE;

/**
 * The entries of a level from `p` on that are alike, within the range: whole ones in one step, where runs are taken at all.
 */
export function* entries(
  k: Kernel,
  level: LevelName,
  p: EntryPointer,
  addr: number,
  end: number,
): Steps<{ run: WordRun; next: number }> {
  const { t } = k.c;
  const size = entry_size(t, depth_of(t, level));
  const in_table = t.entries[depth_of(t, level)]! - entry_index(t, depth_of(t, level), addr);
  const whole = addr % size === 0 ? Math.floor(left(addr, end, size) / size) : 1;
  const limit = is_folded(t, level) ? 1 : Math.max(1, Math.min(k.c.run_limit, whole, in_table));
  const run = yield* READ_RUN(p, limit);
  const first_end = level === 'PTE' ? addr + size : addr_end(t, level, addr, end);
  return { run, next: run.n > 1 ? addr + run.n * size : first_end };
}

/** What both passes say of a table entry; a block where a table must be is none of theirs. */
export function* check_present(k: Kernel, where: string, d: Descriptor): Steps<void> {
  if (!present(k.c, d)) yield* k.WARN(where);
}
