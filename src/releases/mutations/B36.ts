import * as table_pages from '../../kernel/arch/arm64/mm/mmu/table_pages.ts';
import { defineRelease } from '../define.ts';
import { v7_2 } from '../mainline/v7.2.ts';
import { S0 } from '../series/arm64-v6.ts';

/** B36: destructors for tables that have had no constructor. */
export const B36_mutant = defineRelease({
  name: 'arm64-v6-B36',
  base: S0,
  about: 'arm64 hot-remove V2: the destructor is called',
  arch: { arm64: { destroy_hotplug_table: table_pages.v7_1.destroy_hotplug_table } },
});

/** B36, the other way round: what mainline was between the constructor and the fix of hot-remove. */
export const B36b_mutant = defineRelease({
  name: 'v7.2-B36b',
  base: v7_2,
  about: '7.1.5 without pagetable_dtor() in free_hotplug_pgtable_page()',
  arch: { arm64: { destroy_hotplug_table: table_pages.v5_2.destroy_hotplug_table } },
});
