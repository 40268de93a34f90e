import { isFolded } from '../../geometry/blocks.ts';
import { depthOf, entrySize, type LevelName } from '../../geometry/translation.ts';
import { before } from '../../kernel/arch/arm64/mm/mmu/unsigned.ts';
import {
  type EntryPointer,
  none,
  p4d_addr_end,
  pmd_addr_end,
  pud_addr_end,
  READ_ONCE,
  table_page,
} from '../../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease, type Functions } from '../define.ts';
import { v5_7 } from '../mainline/v5.7.ts';
import { arm64_v6 } from '../series/arm64-v6.ts';

/** B17: nobody looks whether anything is left in a table before it is freed. */

interface Table {
  readonly level: LevelName;
  readonly parent: LevelName;
  /** The parent's entry, whose table goes. */
  readonly p: EntryPointer;
}

/** Where a table may go: null for seed 000, which knew no floor and no ceiling. */
type Bounds = { readonly floor: number; readonly ceiling: number } | null;

function* free_unseen(k: Kernel, { level, parent, p }: Table, start: number, end: number, bounds: Bounds) {
  if (isFolded(k.c.t, level)) return;
  const cover = entrySize(k.c.t, depthOf(k.c.t, parent));
  if (bounds && !(yield* k.pgtable_range_aligned(start, end, bounds.floor, bounds.ceiling, cover))) return;
  const table = table_page(k.c, yield* READ_ONCE(p));
  const clear = { PMD: k.pmd_clear, PUD: k.pud_clear, P4D: k.p4d_clear, PGD: k.pgd_clear, PTE: k.pte_clear };
  yield* clear[parent].call(k, p);
  yield* k.__flush_tlb_kernel_pgtable(start);
  yield* k.free_hotplug_pgtable_page(table);
}

const without_scan = (aligned: boolean): Functions => {
  const bounds = (floor: number, ceiling: number): Bounds => (aligned ? { floor, ceiling } : null);
  return {
    *free_empty_pte_table(this: Kernel, pmdp, addr, end, floor, ceiling): Steps<void> {
      const start = addr;
      for (let more = true; more; addr += this.c.PAGE_SIZE, more = before(addr, end)) {
        const ptep = yield* this.pte_offset_kernel(pmdp, addr);
        if (!none(yield* READ_ONCE(ptep))) yield* this.WARN('free_empty_pte_table');
      }
      const table: Table = { level: 'PTE', parent: 'PMD', p: pmdp };
      yield* free_unseen(this, table, start, end, bounds(floor, ceiling));
    },

    *free_empty_pmd_table(this: Kernel, pudp, addr, end, floor, ceiling): Steps<void> {
      const start = addr;
      for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
        next = pmd_addr_end(this.c, addr, end);
        const pmdp = yield* this.pmd_offset(pudp, addr);
        if (!none(yield* READ_ONCE(pmdp))) yield* this.free_empty_pte_table(pmdp, addr, next, floor, ceiling);
      }
      const table: Table = { level: 'PMD', parent: 'PUD', p: pudp };
      yield* free_unseen(this, table, start, end, bounds(floor, ceiling));
    },

    *free_empty_pud_table(this: Kernel, p4dp, addr, end, floor, ceiling): Steps<void> {
      const start = addr;
      for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
        next = pud_addr_end(this.c, addr, end);
        const pudp = yield* this.pud_offset(p4dp, addr);
        if (!none(yield* READ_ONCE(pudp))) yield* this.free_empty_pmd_table(pudp, addr, next, floor, ceiling);
      }
      const table: Table = { level: 'PUD', parent: 'P4D', p: p4dp };
      yield* free_unseen(this, table, start, end, bounds(floor, ceiling));
    },

    *free_empty_p4d_table(this: Kernel, pgdp, addr, end, floor, ceiling): Steps<void> {
      if (isFolded(this.c.t, 'P4D')) {
        yield* this.free_empty_pud_table(pgdp, addr, end, floor, ceiling);
        return;
      }
      const start = addr;
      for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
        next = p4d_addr_end(this.c, addr, end);
        const p4dp = yield* this.p4d_offset(pgdp, addr);
        if (!none(yield* READ_ONCE(p4dp))) yield* this.free_empty_pud_table(p4dp, addr, next, floor, ceiling);
      }
      const table: Table = { level: 'P4D', parent: 'PGD', p: pgdp };
      yield* free_unseen(this, table, start, end, bounds(floor, ceiling));
    },
  };
};

export const B17_mutant = defineRelease({
  name: 'arm64-v6-B17',
  base: arm64_v6,
  about: 'V6 without the scan for entries that are left in a table',
  arch: { arm64: without_scan(false) },
});

/** Floor and ceiling are not in its stead: they say whose a table is, and not what is in it. */
export const B17b_mutant = defineRelease({
  name: 'v5.7-B17',
  base: v5_7,
  about: '5.7.14 without the scan for entries that are left in a table',
  arch: { arm64: without_scan(true) },
});
