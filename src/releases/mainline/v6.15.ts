import * as hotunplug from '../../kernel/arch/arm64/mm/mmu/hotunplug.ts';
import * as huge_vmap from '../../kernel/arch/arm64/mm/mmu/huge_vmap.ts';
import * as ptdump_debugfs from '../../kernel/arch/arm64/mm/ptdump_debugfs.ts';
import * as memory_block from '../../kernel/drivers/base/memory/block.ts';
import * as dax_kmem from '../../kernel/drivers/dax/kmem.ts';
import * as ioremap from '../../kernel/lib/ioremap.ts';
import * as hugetlb_sysfs from '../../kernel/mm/hugetlb/hugetlb_sysfs.ts';
import * as add_memory from '../../kernel/mm/memory_hotplug/add_memory.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as memory_failure from '../../kernel/mm/memory-failure.ts';
import * as memmap_init from '../../kernel/mm/page_alloc/memmap_init.ts';
import * as ptdump from '../../kernel/mm/ptdump.ts';
import * as sparse from '../../kernel/mm/sparse.ts';
import * as sparse_vmemmap from '../../kernel/mm/sparse-vmemmap/vmemmap_populate.ts';
import * as vmstat from '../../kernel/mm/vmstat.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import { PGPROT } from './pgprot.ts';
import type { New as OfV52 } from './v5.2.ts';
import { v6_12 } from './v6.12.ts';

export const own = {
  functions: {
    ...hugetlb_sysfs.v6_14,
    ...memmap_init.v6_6,
    ...memory_failure.v6_11,
    dev_dax_kmem_remove: dax_kmem.v5_10.dev_dax_kmem_remove,
    ...sparse.v6_11,
    ...vmstat.v6_11,
    $undo_with_altmap: add_memory.v6_8.$undo_with_altmap,
    $store_memory_block: memory_block.v6_6.$store_memory_block,
    $altmap_taken: remove_memory.v6_8.$altmap_taken,
    memblk_nr_poison_inc: memory_block.v6_2.memblk_nr_poison_inc,
  },
  arch: {
    arm64: {
      ...hotunplug.v6_6,
      ...ptdump.v6_6,
      ptdump_show: ptdump_debugfs.arm64_v6.ptdump_show,
      pud_free_pmd_page: huge_vmap.v5_2.pud_free_pmd_page,
      ioremap_try_huge_pmd: ioremap.v5_2.ioremap_try_huge_pmd,
      ioremap_try_huge_pud: ioremap.v5_2.ioremap_try_huge_pud,
    },
    x86_64: {
      ioremap_try_huge_pmd: ioremap.v5_2.ioremap_try_huge_pmd,
      ioremap_try_huge_pud: ioremap.v5_2.ioremap_try_huge_pud,
      ...ptdump.v6_6,
      vmemmap_pgd_populate: sparse_vmemmap.v5_2.vmemmap_pgd_populate,
      vmemmap_p4d_populate: sparse_vmemmap.v5_2.vmemmap_p4d_populate,
    },
  },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** Huge pages of hugepages= by processors and by exact nodes; CXL windows bound the size of memory blocks. */
export const v6_15 = defineRelease({
  name: 'v6.15',
  base: v6_12,
  about: '6.14.0, and of v6.15 max_pfn on arm64 and huge pages at boot; without any back-port',
  ...own,
  constants: {
    hugepages_threads: 'cpus',
    memmap_before_hugetlb: false,
    windows_advise_block_size: true,
    ptdump: 'v6.13',
    pgprot: PGPROT.v6_15,
  },
});
