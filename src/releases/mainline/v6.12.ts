import * as pgtable from '../../kernel/arch/arm64/include/asm/pgtable.ts';
import * as arm64_mmu from '../../kernel/arch/arm64/mm/mmu/arch_add_memory.ts';
import * as create_pgd_mapping from '../../kernel/arch/arm64/mm/mmu/create_pgd_mapping_v6_10.ts';
import * as hotunplug from '../../kernel/arch/arm64/mm/mmu/hotunplug.ts';
import * as huge_vmap from '../../kernel/arch/arm64/mm/mmu/huge_vmap.ts';
import * as pgattr_change_is_safe from '../../kernel/arch/arm64/mm/mmu/pgattr_change_is_safe.ts';
import * as pgtable_alloc from '../../kernel/arch/arm64/mm/mmu/pgtable_alloc.ts';
import * as set_swapper_pgd from '../../kernel/arch/arm64/mm/mmu/set_swapper_pgd.ts';
import * as vmemmap from '../../kernel/arch/arm64/mm/mmu/vmemmap.ts';
import * as ptdump_debugfs from '../../kernel/arch/arm64/mm/ptdump_debugfs.ts';
import * as x86_dump_pagetables from '../../kernel/arch/x86/mm/dump_pagetables.ts';
import * as x86_fault from '../../kernel/arch/x86/mm/fault.ts';
import * as x86_init from '../../kernel/arch/x86/mm/init_64/arch_add_memory.ts';
import * as acpi_scan from '../../kernel/drivers/acpi/scan.ts';
import * as dd from '../../kernel/drivers/base/dd.ts';
import * as memory_block from '../../kernel/drivers/base/memory/block.ts';
import * as dax_kmem from '../../kernel/drivers/dax/kmem.ts';
import * as hv_balloon from '../../kernel/drivers/hv/hv_balloon.ts';
import * as mmzone from '../../kernel/include/linux/mmzone.ts';
import * as page_flags from '../../kernel/include/linux/page-flags.ts';
import * as ioremap from '../../kernel/lib/ioremap.ts';
import * as debug from '../../kernel/mm/debug.ts';
import * as hugetlb_demote from '../../kernel/mm/hugetlb/demote.ts';
import * as hugetlb_dissolve from '../../kernel/mm/hugetlb/dissolve.ts';
import * as add_memory from '../../kernel/mm/memory_hotplug/add_memory.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as memory_failure from '../../kernel/mm/memory-failure.ts';
import * as memmap_init from '../../kernel/mm/page_alloc/memmap_init.ts';
import * as page_isolation from '../../kernel/mm/page_isolation.ts';
import * as ptdump from '../../kernel/mm/ptdump.ts';
import * as sparse from '../../kernel/mm/sparse.ts';
import * as nr_vmemmap_pages from '../../kernel/mm/sparse-vmemmap/nr_vmemmap_pages.ts';
import * as sparse_vmemmap from '../../kernel/mm/sparse-vmemmap/vmemmap_populate.ts';
import * as vmalloc_area from '../../kernel/mm/vmalloc/area.ts';
import * as vmstat from '../../kernel/mm/vmstat.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import { PGPROT } from './pgprot.ts';
import type { New as OfV52 } from './v5.2.ts';
import { v6_8 } from './v6.8.ts';

export const own = {
  functions: {
    pfn_section_valid: mmzone.v6_10.pfn_section_valid,
    ...acpi_scan.v5_10,
    ...acpi_scan.v6_9,
    ...page_isolation.v6_10,
    ...memmap_init.v6_11,
    memmap_init_zone_device: memmap_init.v5_2.memmap_init_zone_device,
    ...memory_failure.v6_12,
    ...memory_block.v6_12,
    $undo_with_altmap: add_memory.v6_6.$undo_with_altmap,
    ...remove_memory.v6_12,
    ...hugetlb_demote.v6_12,
    ...hugetlb_dissolve.v6_12,
    ...dd.v6_12,
    dev_dax_kmem_remove: dax_kmem.v6_1.dev_dax_kmem_remove,
    ...sparse.v6_11,
    ...vmstat.v6_11,
    ...sparse.v7_2,
    ...nr_vmemmap_pages.v7_2,
    ...hv_balloon.v6_12,
    ...debug.v6_12,
    ...page_flags.v6_12,
  },
  arch: {
    arm64: {
      ...mmzone.v6_10,
      ...arm64_mmu.v6_1,
      ...create_pgd_mapping.v6_10,
      ...pgattr_change_is_safe.v6_12,
      ...pgtable.v6_12,
      ...pgtable_alloc.v6_10,
      ...set_swapper_pgd.v6_12,
      ...hotunplug.v6_1_192,
      ...ptdump.v6_1_192,
      ptdump_show: ptdump_debugfs.v5_2.ptdump_show,
      ...huge_vmap.v6_1_192,
      ...ioremap.v6_12_117,
      ...vmalloc_area.v6_12,
      ...vmemmap.v6_1,
    },
    x86_64: {
      ...ioremap.v6_12_117,
      ...vmalloc_area.v6_12,
      ...x86_dump_pagetables.v6_9,
      ...ptdump.v6_1_192,
      ...x86_init.v6_1,
      ...sparse_vmemmap.v6_17,
      ...x86_fault.v6_12,
    },
  },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** PageOffline instead of PG_reserved; huge pages may cross the end of a block. */
export const v6_12 = defineRelease({
  name: 'v6.12',
  base: v6_8,
  about: '6.12.117',
  ...own,
  constants: {
    hugepages_threads: 'nodes',
    NR_CPUS: 512,
    LPA2: true,
    rodata_is_rw: true,
    layout: 'v6.9',
    ptdump: 'v6.12',
    pgprot: PGPROT.v6_12,
  },
});
