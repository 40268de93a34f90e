import * as arm64_mmu from '../../kernel/arch/arm64/mm/mmu/arch_add_memory.ts';
import * as hotunplug_v5 from '../../kernel/arch/arm64/mm/mmu/hotunplug_v5.ts';
import * as ptdump_debugfs from '../../kernel/arch/arm64/mm/ptdump_debugfs.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import { defineRelease } from '../define.ts';
import { v5_3 } from '../mainline/v5.3.ts';

const own = {
  functions: { ...remove_memory.arm64_v6 },
  arch: { arm64: { ...arm64_mmu.arm64_v6, ...hotunplug_v5.arm64_v5, ...ptdump_debugfs.arm64_v6 } },
};

/**
 * "arm64/mm: Enable memory hot remove", V5, 29 May 2019, including the reordered removal (the change log of V6 mentions
 * an earlier version of that patch). Based on the tree that stands for that of V6.
 */
export const arm64_v5 = defineRelease({
  name: 'arm64-v5',
  base: v5_3,
  about: 'arm64 memory hot-remove V5 (May 2019): one pass under the page table lock',
  ...own,
  constants: { MEMORY_HOTREMOVE: { arm64: true, x86_64: true } },
});
