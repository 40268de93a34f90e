import { is_folded } from '../../geometry/blocks.ts';
import { depth_of, entry_size } from '../../geometry/translation.ts';
import { INVALID } from '../../hardware/descriptor.ts';
import type { UpperLevel } from '../../kernel/arch/arm64/mm/mmu/hotunplug_range.ts';
import { type EntryPointer, READ_ONCE, table_page } from '../../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease, type Functions } from '../define.ts';
import { v5_7 } from '../mainline/v5.7.ts';
import { S0 } from '../series/arm64-v6.ts';

/** B17: nobody looks whether anything is left in a table before it is freed. */
const without_scan: Functions = {
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
    const { t, PAGE_SIZE } = this.c;
    if (is_folded(t, level)) return;
    const cover = entry_size(t, depth_of(t, parent));
    if (!(yield* this.pgtable_range_aligned(start, end, floor, ceiling, cover))) return;
    const table = table_page(this.c, yield* READ_ONCE(p));
    yield* this.set_pxd(p, INVALID, tables);
    yield* this.__flush_tlb_kernel_pgtable(start, tables === 1 ? 1 : (tables * cover) / PAGE_SIZE);
    yield* this.free_hotplug_pgtable_page(level, table, tables);
  },
};

export const B17_mutant = defineRelease({
  name: 'arm64-v6-B17',
  base: S0,
  about: 'V6 without the scan for entries that are left in a table',
  arch: { arm64: without_scan },
});

/** Floor and ceiling are not in its stead: they say whose a table is, and not what is in it. */
export const B17b_mutant = defineRelease({
  name: 'v5.7-B17',
  base: v5_7,
  about: '5.7.14 without the scan for entries that are left in a table',
  arch: { arm64: without_scan },
});
