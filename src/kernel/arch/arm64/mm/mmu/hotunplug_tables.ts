import { is_folded } from '../../../../../geometry/blocks.ts';
import { depth_of, entry_size } from '../../../../../geometry/translation.ts';
import { INVALID } from '../../../../../hardware/descriptor.ts';
import type { WordRun } from '../../../../../hardware/words.ts';
import type { Steps } from '../../../../../steps/step.ts';
import {
  addr_end,
  type EntryPointer,
  none,
  pmd_leaf,
  present,
  pud_leaf,
  READ_ONCE,
  READ_RUN,
  table_page,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { before, entries, left, side_by_side, type UpperLevel } from './hotunplug_range.ts';

/** arch/arm64/mm/mmu.c: the second pass of a tear-down, the tables in which nothing is left (FACTS 2.7, 2.8). */

export const S0 = {
  /** Pass 2: free the tables of [addr, end) in which nothing is left. */
  *free_empty_tables(this: Kernel, addr: number, end: number, floor: number, ceiling: number): Steps<void> {
    do {
      const next = addr_end(this.c.t, 'PGD', addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      if (!none(yield* READ_ONCE(pgdp))) yield* this.free_empty_p4d_table(pgdp, addr, next, floor, ceiling);
      addr = next;
    } while (before(addr, end));
  },

  *free_empty_p4d_table(
    this: Kernel,
    pgdp: EntryPointer,
    addr: number,
    end: number,
    floor: number,
    ceiling: number,
  ): Steps<void> {
    const start = addr;
    if (is_folded(this.c.t, 'P4D')) {
      yield* this.free_empty_pud_table(pgdp, addr, end, floor, ceiling);
      return;
    }
    do {
      const next = addr_end(this.c.t, 'P4D', addr, end);
      const p4dp = yield* this.p4d_offset(pgdp, addr);
      if (!none(yield* READ_ONCE(p4dp))) yield* this.free_empty_pud_table(p4dp, addr, next, floor, ceiling);
      addr = next;
    } while (before(addr, end));
    yield* this.free_empty_table('PGD', 'P4D', pgdp, start, end, floor, ceiling);
  },

  *free_empty_pud_table(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    end: number,
    floor: number,
    ceiling: number,
  ): Steps<void> {
    const start = addr;
    do {
      const next = addr_end(this.c.t, 'PUD', addr, end);
      const pudp = yield* this.pud_offset(p4dp, addr);
      const pud = yield* READ_ONCE(pudp);
      if (!none(pud)) {
        if (!present(this.c, pud) || pud_leaf(this.c, pud)) yield* this.WARN('free_empty_pud_table');
        yield* this.free_empty_pmd_table(pudp, addr, next, floor, ceiling);
      }
      addr = next;
    } while (before(addr, end));
    yield* this.free_empty_table('P4D', 'PUD', p4dp, start, end, floor, ceiling);
  },

  *free_empty_pmd_table(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    floor: number,
    ceiling: number,
  ): Steps<void> {
    const start = addr;
    do {
      const pmdp = yield* this.pmd_offset(pudp, addr);
      const all = yield* entries(this, 'PMD', pmdp, addr, end);
      const { run } = all;
      let { next } = all;
      if (!none(run)) {
        if (!present(this.c, run) || pmd_leaf(this.c, run)) yield* this.WARN('free_empty_pmd_table');
        const together = side_by_side(this, run) && (yield* this.all_empty(run));
        if (run.n > 1 && !together) next = addr_end(this.c.t, 'PMD', addr, end);
        yield* this.free_empty_pte_table(pmdp, addr, next, floor, ceiling);
      }
      addr = next;
    } while (before(addr, end));
    yield* this.free_empty_table('PUD', 'PMD', pudp, start, end, floor, ceiling);
  },

  /** Whether several tables side by side hold nothing at all; of one table nothing is said here. */
  *all_empty(this: Kernel, run: WordRun): Steps<boolean> {
    if (run.n === 1) return false;
    const words = run.n * this.c.t.entries.at(-1)!;
    const inside = yield* READ_RUN(table_page(this.c, run), words);
    return none(inside) && inside.n === words;
  },

  /** One PTE table, or several empty ones side by side. */
  *free_empty_pte_table(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    floor: number,
    ceiling: number,
  ): Steps<void> {
    const { t, PAGE_SIZE, run_limit } = this.c;
    const start = addr;
    do {
      const ptep = yield* this.pte_offset_kernel(pmdp, addr);
      const run = yield* READ_RUN(
        ptep,
        Math.min(run_limit, Math.ceil(left(addr, end, PAGE_SIZE) / PAGE_SIZE)),
      );
      if (!none(run)) yield* this.WARN('free_empty_pte_table');
      addr += run.n * PAGE_SIZE;
    } while (before(addr, end));
    const tables = Math.max(1, Math.floor(left(start, end, 0) / entry_size(t, t.levels - 2)));
    yield* this.free_empty_table(
      t.name[t.levels - 2] as UpperLevel,
      'PTE',
      pmdp,
      start,
      end,
      floor,
      ceiling,
      tables,
    );
  },

  /**
   * Free the table under an entry, if all of it is empty. `tables` side by side are freed in one step. The mask of
   * the floor and ceiling is what the entry covers.
   */
  *free_empty_table(
    this: Kernel,
    parent: UpperLevel,
    level: 'P4D' | 'PUD' | 'PMD' | 'PTE',
    p: EntryPointer,
    start: number,
    end: number,
    floor: number,
    ceiling: number,
    tables = 1,
  ): Steps<void> {
    const { t } = this.c;
    if (is_folded(t, level)) return;
    const cover = entry_size(t, depth_of(t, parent));
    if (!(yield* this.pgtable_range_aligned(start, end, floor, ceiling, cover))) return;
    const table = table_page(this.c, yield* READ_ONCE(p));
    const words = t.entries[t.name.indexOf(level)]! * tables;
    for (let i = 0; i < words; ) {
      const run = yield* READ_RUN(table + i * 8, Math.min(this.c.run_limit, words - i));
      if (!none(run)) return;
      i += run.n;
    }
    yield* this.set_pxd(p, INVALID, tables);
    yield* this.__flush_tlb_kernel_pgtable(start, tables === 1 ? 1 : (tables * cover) / this.c.PAGE_SIZE);
    yield* this.free_hotplug_pgtable_page(level, table, tables);
  },

  /** V6 knew no floor and no ceiling. */
  *pgtable_range_aligned(
    this: Kernel,
    _start: number,
    _end: number,
    _floor: number,
    _ceiling: number,
    _size: number,
  ): Steps<boolean> {
    return true;
  },
};

export const v5_7 = {
  /** A table is freed only if all it covers is inside the region: nobody else can then have an entry in it. */
  *pgtable_range_aligned(
    this: Kernel,
    start: number,
    end: number,
    floor: number,
    ceiling: number,
    size: number,
  ): Steps<boolean> {
    if (Math.floor(start / size) * size < floor) return false;
    let top = ceiling;
    if (top !== 0) {
      top = Math.floor(top / size) * size;
      if (top === 0) return false;
    }
    return !(end - 1 > top - 1);
  },
};
