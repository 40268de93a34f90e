import * as arm64_mmu from '../../kernel/arch/arm64/mm/mmu/arch_add_memory.ts';
import * as hotunplug from '../../kernel/arch/arm64/mm/mmu/hotunplug.ts';
import * as ptdump_debugfs from '../../kernel/arch/arm64/mm/ptdump_debugfs.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import type { New as OfV52 } from '../mainline/v5.2.ts';
import { v5_3 } from '../mainline/v5.3.ts';

export const own = {
  arch: { arm64: { ...arm64_mmu.arm64_v6, ...hotunplug.arm64_v6, ...ptdump_debugfs.arm64_v6 } },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** V6 without its first patch: memblock entries are still removed before the sections. */
export const arm64_v6_base = defineRelease({
  name: 'arm64-v6-base',
  base: v5_3,
  about: 'arm64 memory hot-remove V6 without patch 1, on next-20190613',
  ...own,
  constants: { MEMORY_HOTREMOVE: { arm64: true, x86_64: true } },
});

/** "arm64/mm: Enable memory hot remove", V6, 19 June 2019. */
export const arm64_v6 = defineRelease({
  name: 'arm64-v6',
  base: arm64_v6_base,
  about: 'arm64 memory hot-remove V6 (June 2019), on next-20190613',
  functions: { ...remove_memory.arm64_v6 },
});
