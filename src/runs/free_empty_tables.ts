import { isFolded } from '../geometry/blocks.ts';
import { depthOf, type LevelName } from '../geometry/translation.ts';
import { INVALID } from '../hardware/descriptor/descriptor.ts';
import type { WordRun } from '../hardware/memory/words.ts';
import * as exact from '../kernel/arch/arm64/mm/mmu/free_empty_tables.ts';
import { before } from '../kernel/arch/arm64/mm/mmu/unsigned.ts';
import {
  type EntryPointer,
  none,
  p4d_addr_end,
  pgd_addr_end,
  pmd_addr_end,
  pmd_leaf,
  present,
  pud_addr_end,
  pud_leaf,
  READ_ONCE,
  table_page,
} from '../kernel/include/linux/pgtable.ts';
import type { Kernel, KernelFunctions } from '../kernel/kernel.ts';
import type { Steps } from '../steps/step.ts';
import { READ_RUN, side_by_side } from './entries.ts';
import { type BatchForm, form } from './form.ts';
import { offsets, SETTING, type SetRun, set_entries } from './pgtable.ts';
import { alike, alike_ptes, bytes, size_of } from './range.ts';
import { FREEING, free_tables } from './tables.ts';
import { TABLE_FLUSHING } from './tlbflush.ts';

/** free_empty_tables() by runs of entries, and of adjacent tables. */

interface Pass {
  readonly k: Kernel;
  readonly set_run: SetRun;
  /** Invalidates walk caches for this many pages. */
  readonly flush: (va: number, pages: number) => Steps<void>;
  /** Tables have a destructor. */
  readonly destroyed: boolean;
  /** Null for releases that do not check to which region a table belongs. */
  readonly bounds: { readonly floor: number; readonly ceiling: number } | null;
}

/** Whether several adjacent tables are all empty; false for a single table, which is not checked here. */
function* all_empty({ c }: Kernel, run: WordRun): Steps<boolean> {
  if (run.n === 1) return false;
  const words = run.n * c.t.entries.at(-1)!;
  const inside = yield* READ_RUN(table_page(c, run), words);
  return none(inside) && inside.n === words;
}

/** Frees the table under an entry if it is empty, or those under `n` entries, which are known to be empty. */
function* free_empty(
  pass: Pass,
  parent: LevelName,
  level: LevelName,
  p: EntryPointer,
  [start, end]: readonly [number, number],
  n = 1,
): Steps<void> {
  const { k, bounds } = pass;
  const { t, PAGE_SIZE } = k.c;
  if (isFolded(t, level)) return;
  const cover = size_of(k, parent);
  if (bounds && !(yield* k.pgtable_range_aligned(start, end, bounds.floor, bounds.ceiling, cover))) return;
  const table = table_page(k.c, yield* READ_ONCE(p));
  const words = t.entries[depthOf(t, level)]! * n;
  for (let i = 0; i < words; ) {
    const run = yield* READ_RUN(table + i * 8, words - i);
    if (!none(run)) return;
    i += run.n;
  }
  yield* set_entries(k, pass.set_run, p, n, INVALID, 0);
  if (n === 1) yield* k.__flush_tlb_kernel_pgtable(start);
  else yield* pass.flush(start, (n * cover) / PAGE_SIZE);
  if (n === 1) yield* k.free_hotplug_pgtable_page(table);
  else yield* free_tables(k, pass.destroyed, table, n);
}

/** Handles one PMD entry, or several with adjacent empty tables. */
function* pte_table(pass: Pass, pmdp: EntryPointer, start: number, end: number): Steps<void> {
  const { k } = pass;
  const { t, PAGE_SIZE, PMD_SIZE } = k.c;
  let addr = start;
  do {
    const run = yield* alike_ptes(k, yield* k.pte_offset_kernel(pmdp, addr), addr, end);
    if (!none(run)) yield* k.WARN('free_empty_pte_table');
    addr += run.n * PAGE_SIZE;
  } while (before(addr, end));
  const n = Math.max(1, Math.floor(bytes(start, end) / PMD_SIZE));
  yield* free_empty(pass, t.name[t.levels - 2]!, 'PTE', pmdp, [start, end], n);
}

function* pmd_table(pass: Pass, pudp: EntryPointer, start: number, end: number): Steps<void> {
  const { k } = pass;
  let addr = start;
  do {
    const pmdp = yield* k.pmd_offset(pudp, addr);
    const { run, next: all } = yield* alike(k, 'PMD', pmdp, addr, end);
    let next = all;
    if (!none(run)) {
      if (!present(k.c, run) || pmd_leaf(k.c, run)) yield* k.WARN('free_empty_pmd_table');
      const together = side_by_side(run, k.c.PAGE_SIZE) && (yield* all_empty(k, run));
      if (run.n > 1 && !together) next = pmd_addr_end(k.c, addr, end);
      yield* pte_table(pass, pmdp, addr, next);
    }
    addr = next;
  } while (before(addr, end));
  yield* free_empty(pass, 'PUD', 'PMD', pudp, [start, end]);
}

function* pud_table(pass: Pass, p4dp: EntryPointer, start: number, end: number): Steps<void> {
  const { k } = pass;
  let addr = start;
  do {
    const next = pud_addr_end(k.c, addr, end);
    const pudp = yield* k.pud_offset(p4dp, addr);
    const pud = yield* READ_ONCE(pudp);
    if (!none(pud)) {
      if (!present(k.c, pud) || pud_leaf(k.c, pud)) yield* k.WARN('free_empty_pud_table');
      yield* pmd_table(pass, pudp, addr, next);
    }
    addr = next;
  } while (before(addr, end));
  yield* free_empty(pass, 'P4D', 'PUD', p4dp, [start, end]);
}

function* p4d_table(pass: Pass, pgdp: EntryPointer, start: number, end: number): Steps<void> {
  const { k } = pass;
  if (isFolded(k.c.t, 'P4D')) {
    yield* pud_table(pass, pgdp, start, end);
    return;
  }
  let addr = start;
  do {
    const next = p4d_addr_end(k.c, addr, end);
    const p4dp = yield* k.p4d_offset(pgdp, addr);
    if (!none(yield* READ_ONCE(p4dp))) yield* pud_table(pass, p4dp, addr, next);
    addr = next;
  } while (before(addr, end));
  yield* free_empty(pass, 'PGD', 'P4D', pgdp, [start, end]);
}

const free_empty_tables = (how: Pick<Pass, 'set_run' | 'flush' | 'destroyed'>, bounded: boolean) =>
  function* (this: Kernel, addr: number, end: number, floor: number, ceiling: number): Steps<void> {
    const pass: Pass = { ...how, k: this, bounds: bounded ? { floor, ceiling } : null };
    do {
      const next = pgd_addr_end(this.c, addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      if (!none(yield* READ_ONCE(pgdp))) yield* p4d_table(pass, pgdp, addr, next);
      addr = next;
    } while (before(addr, end));
  };

const { free_empty_tables: whole, ...below } = exact.arm64_v6;
const WAYS: readonly { readonly bounded: boolean; readonly functions: Partial<KernelFunctions> }[] = [
  { bounded: false, functions: below },
  { bounded: true, functions: { ...below, ...exact.v5_7 } },
];

export const forms: readonly BatchForm[] = SETTING.flatMap(({ set_run, exact: setting }) =>
  FREEING.flatMap(({ exact: freeing, destroyed }) =>
    TABLE_FLUSHING.flatMap(({ exact: flushing, flush }) =>
      WAYS.map(({ bounded, functions }) =>
        form({
          name: 'free_empty_tables',
          exact: whole,
          batch: free_empty_tables({ set_run, flush, destroyed }, bounded),
          instead_of: { ...setting, ...offsets, ...functions, ...freeing, ...flushing },
        }),
      ),
    ),
  ),
);
