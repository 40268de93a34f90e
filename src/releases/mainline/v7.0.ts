import * as hotunplug from '../../kernel/arch/arm64/mm/mmu/hotunplug.ts';
import * as pageattr from '../../kernel/arch/arm64/mm/pageattr.ts';
import * as memory_block from '../../kernel/drivers/base/memory/block.ts';
import * as hmem_device from '../../kernel/drivers/dax/hmem/device.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as memory_failure from '../../kernel/mm/memory-failure.ts';
import * as pgtable_generic from '../../kernel/mm/pgtable-generic.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import type { New as OfV52 } from './v5.2.ts';
import { v6_18 } from './v6.18.ts';

export const own = {
  functions: {
    ...memory_failure.v7_0,
    ...hmem_device.v7_0,
    $store_memory_block: memory_block.v6_6.$store_memory_block,
    $altmap_taken: remove_memory.v6_8.$altmap_taken,
    memblk_nr_poison_inc: memory_block.v6_2.memblk_nr_poison_inc,
  },
  arch: {
    arm64: {
      ...hotunplug.v6_6,
      ...pageattr.v7_1,
      ...pgtable_generic.v7_0,
    },
    x86_64: { ...pgtable_generic.v7_0 },
  },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** Soft Reserved memory in a resource tree of its own. */
export const v7_0 = defineRelease({
  name: 'v7.0',
  base: v6_18,
  about: '7.0.0, without any back-port',
  ...own,
});
