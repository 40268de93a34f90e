import * as free_hotplug from '../../kernel/arch/arm64/mm/mmu/free_hotplug.ts';
import { defineRelease } from '../define.ts';
import { arm64_v6 } from '../series/arm64-v6.ts';

/** B36: destructors for tables that have had no constructor. */
export const B36_mutant = defineRelease({
  name: 'arm64-v6-B36',
  base: arm64_v6,
  about: 'arm64 hot-remove V2: the destructor is called',
  arch: { arm64: { free_hotplug_pgtable_page: free_hotplug.v7_1.free_hotplug_pgtable_page } },
});
