import { isFolded } from '../../../../../geometry/blocks.ts';
import { depthOf, entrySize, type LevelName } from '../../../../../geometry/translation.ts';
import type { Steps } from '../../../../../steps/step.ts';
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
} from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { before } from './unsigned.ts';

/** arch/arm64/mm/mmu.c: the second pass of a tear-down, which frees empty tables. */

const size_of = (k: Kernel, level: LevelName): number => entrySize(k.c.t, depthOf(k.c.t, level));

/** Whether a table has no entries. */
function* is_empty(k: Kernel, level: LevelName, table: number): Steps<boolean> {
  const entries = k.c.t.entries[depthOf(k.c.t, level)]!;
  for (let i = 0; i < entries; i++) if (!none(yield* READ_ONCE(table + i * 8))) return false;
  return true;
}

/** V6 has neither floor nor ceiling. */
export const arm64_v6 = {
  *free_empty_tables(this: Kernel, addr: number, end: number, floor: number, ceiling: number): Steps<void> {
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pgd_addr_end(this.c, addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      if (!none(yield* READ_ONCE(pgdp))) yield* this.free_empty_p4d_table(pgdp, addr, next, floor, ceiling);
    }
  },

  *free_empty_pte_table(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    _floor: number,
    _ceiling: number,
  ): Steps<void> {
    const start = addr;
    for (let more = true; more; addr += this.c.PAGE_SIZE, more = before(addr, end)) {
      const ptep = yield* this.pte_offset_kernel(pmdp, addr);
      if (!none(yield* READ_ONCE(ptep))) yield* this.WARN('free_empty_pte_table');
    }
    const table = table_page(this.c, yield* READ_ONCE(pmdp));
    if (!(yield* is_empty(this, 'PTE', table))) return;
    yield* this.pmd_clear(pmdp);
    yield* this.__flush_tlb_kernel_pgtable(start);
    yield* this.free_hotplug_pgtable_page(table);
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
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pmd_addr_end(this.c, addr, end);
      const pmdp = yield* this.pmd_offset(pudp, addr);
      const pmd = yield* READ_ONCE(pmdp);
      if (none(pmd)) continue;
      if (!present(this.c, pmd) || pmd_leaf(this.c, pmd)) yield* this.WARN('free_empty_pmd_table');
      yield* this.free_empty_pte_table(pmdp, addr, next, floor, ceiling);
    }
    if (isFolded(this.c.t, 'PMD')) return;
    const table = table_page(this.c, yield* READ_ONCE(pudp));
    if (!(yield* is_empty(this, 'PMD', table))) return;
    yield* this.pud_clear(pudp);
    yield* this.__flush_tlb_kernel_pgtable(start);
    yield* this.free_hotplug_pgtable_page(table);
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
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pud_addr_end(this.c, addr, end);
      const pudp = yield* this.pud_offset(p4dp, addr);
      const pud = yield* READ_ONCE(pudp);
      if (none(pud)) continue;
      if (!present(this.c, pud) || pud_leaf(this.c, pud)) yield* this.WARN('free_empty_pud_table');
      yield* this.free_empty_pmd_table(pudp, addr, next, floor, ceiling);
    }
    if (isFolded(this.c.t, 'PUD')) return;
    const table = table_page(this.c, yield* READ_ONCE(p4dp));
    if (!(yield* is_empty(this, 'PUD', table))) return;
    yield* this.p4d_clear(p4dp);
    yield* this.__flush_tlb_kernel_pgtable(start);
    yield* this.free_hotplug_pgtable_page(table);
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
    if (isFolded(this.c.t, 'P4D')) {
      yield* this.free_empty_pud_table(pgdp, addr, end, floor, ceiling);
      return;
    }
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = p4d_addr_end(this.c, addr, end);
      const p4dp = yield* this.p4d_offset(pgdp, addr);
      const p4d = yield* READ_ONCE(p4dp);
      if (none(p4d)) continue;
      yield* this.free_empty_pud_table(p4dp, addr, next, floor, ceiling);
    }
    if (isFolded(this.c.t, 'P4D')) return;
    const table = table_page(this.c, yield* READ_ONCE(pgdp));
    if (!(yield* is_empty(this, 'P4D', table))) return;
    yield* this.pgd_clear(pgdp);
    yield* this.__flush_tlb_kernel_pgtable(start);
    yield* this.free_hotplug_pgtable_page(table);
  },
};

/** A table is freed only if its whole range is inside the region: then no other region has an entry in it. */
export const v5_7 = {
  /** `size` is the size of an entry's range, the kernel's ~mask + 1. */
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

  *free_empty_pte_table(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    floor: number,
    ceiling: number,
  ): Steps<void> {
    const start = addr;
    for (let more = true; more; addr += this.c.PAGE_SIZE, more = before(addr, end)) {
      const ptep = yield* this.pte_offset_kernel(pmdp, addr);
      if (!none(yield* READ_ONCE(ptep))) yield* this.WARN('free_empty_pte_table');
    }
    if (!(yield* this.pgtable_range_aligned(start, end, floor, ceiling, size_of(this, 'PMD')))) return;
    const table = table_page(this.c, yield* READ_ONCE(pmdp));
    if (!(yield* is_empty(this, 'PTE', table))) return;
    yield* this.pmd_clear(pmdp);
    yield* this.__flush_tlb_kernel_pgtable(start);
    yield* this.free_hotplug_pgtable_page(table);
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
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pmd_addr_end(this.c, addr, end);
      const pmdp = yield* this.pmd_offset(pudp, addr);
      const pmd = yield* READ_ONCE(pmdp);
      if (none(pmd)) continue;
      if (!present(this.c, pmd) || pmd_leaf(this.c, pmd)) yield* this.WARN('free_empty_pmd_table');
      yield* this.free_empty_pte_table(pmdp, addr, next, floor, ceiling);
    }
    if (isFolded(this.c.t, 'PMD')) return;
    if (!(yield* this.pgtable_range_aligned(start, end, floor, ceiling, size_of(this, 'PUD')))) return;
    const table = table_page(this.c, yield* READ_ONCE(pudp));
    if (!(yield* is_empty(this, 'PMD', table))) return;
    yield* this.pud_clear(pudp);
    yield* this.__flush_tlb_kernel_pgtable(start);
    yield* this.free_hotplug_pgtable_page(table);
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
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pud_addr_end(this.c, addr, end);
      const pudp = yield* this.pud_offset(p4dp, addr);
      const pud = yield* READ_ONCE(pudp);
      if (none(pud)) continue;
      if (!present(this.c, pud) || pud_leaf(this.c, pud)) yield* this.WARN('free_empty_pud_table');
      yield* this.free_empty_pmd_table(pudp, addr, next, floor, ceiling);
    }
    if (isFolded(this.c.t, 'PUD')) return;
    if (!(yield* this.pgtable_range_aligned(start, end, floor, ceiling, size_of(this, 'P4D')))) return;
    const table = table_page(this.c, yield* READ_ONCE(p4dp));
    if (!(yield* is_empty(this, 'PUD', table))) return;
    yield* this.p4d_clear(p4dp);
    yield* this.__flush_tlb_kernel_pgtable(start);
    yield* this.free_hotplug_pgtable_page(table);
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
    if (isFolded(this.c.t, 'P4D')) {
      yield* this.free_empty_pud_table(pgdp, addr, end, floor, ceiling);
      return;
    }
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = p4d_addr_end(this.c, addr, end);
      const p4dp = yield* this.p4d_offset(pgdp, addr);
      const p4d = yield* READ_ONCE(p4dp);
      if (none(p4d)) continue;
      yield* this.free_empty_pud_table(p4dp, addr, next, floor, ceiling);
    }
    if (isFolded(this.c.t, 'P4D')) return;
    if (!(yield* this.pgtable_range_aligned(start, end, floor, ceiling, size_of(this, 'PGD')))) return;
    const table = table_page(this.c, yield* READ_ONCE(pgdp));
    if (!(yield* is_empty(this, 'P4D', table))) return;
    yield* this.pgd_clear(pgdp);
    yield* this.__flush_tlb_kernel_pgtable(start);
    yield* this.free_hotplug_pgtable_page(table);
  },
};
