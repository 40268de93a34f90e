import { isFolded } from '../geometry/blocks.ts';
import { depthOf, entryIndex, entrySize, type LevelName } from '../geometry/translation.ts';
import type { WordRun } from '../hardware/memory/words.ts';
import { addr_end, type EntryPointer } from '../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Steps } from '../steps/step.ts';
import { READ_RUN } from './entries.ts';

/** Shared by both passes of a tear-down. A range that ends with the address space ends at 0. */

export const size_of = (k: Kernel, level: LevelName): number => entrySize(k.c.t, depthOf(k.c.t, level));

/** The bytes of the range left in this table of the level; at 2^64 only one entry's worth. */
const left = (addr: number, end: number, size: number): number =>
  end === 0 ? size : Math.max(size, end - addr);

/** The bytes of a range; none are left at 2^64. */
export const bytes = (start: number, end: number): number => left(start, end, 0);

/** The equal entries of a level from `p` on, within the table and the range, and their end. */
export function* alike(
  k: Kernel,
  level: LevelName,
  p: EntryPointer,
  addr: number,
  end: number,
): Steps<{ run: WordRun; next: number }> {
  const { t } = k.c;
  const size = size_of(k, level);
  const in_table = t.entries[depthOf(t, level)]! - entryIndex(t, depthOf(t, level), addr);
  const whole = addr % size === 0 ? Math.floor(left(addr, end, size) / size) : 1;
  const run = yield* READ_RUN(p, isFolded(t, level) ? 1 : Math.max(1, Math.min(whole, in_table)));
  return { run, next: run.n > 1 ? addr + run.n * size : addr_end(t, level, addr, end) };
}

/** The equal PTEs from `p` on, also past the end of the table if the next table is adjacent. */
export function* alike_ptes(k: Kernel, p: EntryPointer, addr: number, end: number): Steps<WordRun> {
  const { PAGE_SIZE } = k.c;
  return yield* READ_RUN(p, Math.ceil(left(addr, end, PAGE_SIZE) / PAGE_SIZE));
}
