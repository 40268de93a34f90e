import * as free_hotplug from '../../kernel/arch/arm64/mm/mmu/free_hotplug.ts';
import * as huge_vmap from '../../kernel/arch/arm64/mm/mmu/huge_vmap.ts';
import * as pgtable_alloc from '../../kernel/arch/arm64/mm/mmu/pgtable_alloc.ts';
import * as split_leaf from '../../kernel/arch/arm64/mm/mmu/split_leaf.ts';
import * as pageattr from '../../kernel/arch/arm64/mm/pageattr.ts';
import * as hmem_device from '../../kernel/drivers/dax/hmem/device.ts';
import * as dax_kmem from '../../kernel/drivers/dax/kmem.ts';
import * as proc_page from '../../kernel/fs/proc/page.ts';
import * as hugetlb_dissolve from '../../kernel/mm/hugetlb/dissolve.ts';
import * as hugetlb_sysfs from '../../kernel/mm/hugetlb/hugetlb_sysfs.ts';
import * as hugetlb_pool from '../../kernel/mm/hugetlb/pool.ts';
import * as add_memory from '../../kernel/mm/memory_hotplug/add_memory.ts';
import * as node_states from '../../kernel/mm/memory_hotplug/node_states.ts';
import * as memory_failure from '../../kernel/mm/memory-failure.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import { PGPROT } from './pgprot.ts';
import type { New as OfV52 } from './v5.2.ts';
import { v6_12 } from './v6.12.ts';

export const own = {
  functions: {
    ...add_memory.v7_2,
    ...memory_failure.v7_2,
    ...dax_kmem.v7_2,
    ...hmem_device.v7_2,
    ...hugetlb_dissolve.v6_15,
    ...hugetlb_pool.v6_15,
    ...hugetlb_sysfs.v6_15,
    ...node_states.v7_2,
    ...proc_page.v7_2,
  },
  arch: {
    arm64: {
      ...huge_vmap.v7_1,
      ...pageattr.v7_1,
      ...split_leaf.v7_1,
      ...free_hotplug.v7_1,
      ...pgtable_alloc.v7_1,
    },
  },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** A new node is registered before its blocks; no BUG is left in the add path. */
export const v7_2 = defineRelease({
  name: 'v7.2',
  base: v6_12,
  about: '7.2.13 as recorded, 7.1.5 as read',
  ...own,
  memory_chain: { arm64: [split_leaf.prevent_memory_remove_notifier] },
  constants: {
    hugepages_threads: 'cpus',
    memmap_before_hugetlb: false,
    windows_advise_block_size: true,
    pgtable_alloc_may_fail: true,
    rodata_on_is_full: true,
    pgprot: PGPROT.v7_2,
    ptdump: 'v7.2',
  },
});
