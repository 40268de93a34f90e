import * as arm64_mmu from '../../kernel/arch/arm64/mm/mmu/arch_add_memory.ts';
import * as hotunplug from '../../kernel/arch/arm64/mm/mmu/hotunplug.ts';
import { defineRelease } from '../define.ts';
import { v5_2 } from '../mainline/v5.2.ts';

/** B33b: v5.2 as V6 of arm64 memory hot-remove wanted to have it, with memory hot-remove and with it a vmemmap_free that frees. */
export const B33b = defineRelease({
  name: 'v5.2-B33b',
  base: v5_2,
  about: 'arm64 memory hot-remove V6 (June 2019) on 5.2.1',
  arch: { arm64: { ...arm64_mmu.arm64_v6, ...hotunplug.arm64_v6 } },
});
