import * as arm64_pgalloc from '../../kernel/arch/arm64/include/asm/pgalloc.ts';
import * as pgtable from '../../kernel/arch/arm64/include/asm/pgtable.ts';
import * as tlbflush from '../../kernel/arch/arm64/include/asm/tlbflush.ts';
import * as dump from '../../kernel/arch/arm64/mm/dump.ts';
import * as fault from '../../kernel/arch/arm64/mm/fault.ts';
import * as arm64_init from '../../kernel/arch/arm64/mm/init.ts';
import * as arm64_ioremap from '../../kernel/arch/arm64/mm/ioremap.ts';
import * as arm64_mmu from '../../kernel/arch/arm64/mm/mmu/arch_add_memory.ts';
import * as create_pgd_mapping from '../../kernel/arch/arm64/mm/mmu/create_pgd_mapping.ts';
import * as free_hotplug from '../../kernel/arch/arm64/mm/mmu/free_hotplug.ts';
import * as huge_vmap from '../../kernel/arch/arm64/mm/mmu/huge_vmap.ts';
import * as pgattr_change_is_safe from '../../kernel/arch/arm64/mm/mmu/pgattr_change_is_safe.ts';
import * as pgtable_alloc from '../../kernel/arch/arm64/mm/mmu/pgtable_alloc.ts';
import * as set_swapper_pgd from '../../kernel/arch/arm64/mm/mmu/set_swapper_pgd.ts';
import * as vmemmap from '../../kernel/arch/arm64/mm/mmu/vmemmap.ts';
import * as arm64_numa from '../../kernel/arch/arm64/mm/numa.ts';
import * as pageattr from '../../kernel/arch/arm64/mm/pageattr.ts';
import * as ptdump_debugfs from '../../kernel/arch/arm64/mm/ptdump_debugfs.ts';
import * as radix from '../../kernel/arch/powerpc/kvm/book3s_64_mmu_radix.ts';
import * as hash_utils from '../../kernel/arch/powerpc/mm/book3s64/hash_utils.ts';
import * as powerpc_pgtable from '../../kernel/arch/powerpc/mm/pgtable.ts';
import * as x86_pgalloc from '../../kernel/arch/x86/include/asm/pgalloc.ts';
import * as x86_pgtable from '../../kernel/arch/x86/include/asm/pgtable.ts';
import * as e820 from '../../kernel/arch/x86/kernel/e820.ts';
import * as kvm_mmu from '../../kernel/arch/x86/kvm/mmu.ts';
import * as x86_fault from '../../kernel/arch/x86/mm/fault.ts';
import * as x86_mem from '../../kernel/arch/x86/mm/init.ts';
import * as x86_init from '../../kernel/arch/x86/mm/init_64/arch_add_memory.ts';
import * as x86_free from '../../kernel/arch/x86/mm/init_64/free_pages.ts';
import * as x86_mapping from '../../kernel/arch/x86/mm/init_64/kernel_physical_mapping_init.ts';
import * as x86_remove from '../../kernel/arch/x86/mm/init_64/remove_pagetable.ts';
import * as x86_sync from '../../kernel/arch/x86/mm/init_64/sync_global_pgds.ts';
import * as x86_vmemmap from '../../kernel/arch/x86/mm/init_64/vmemmap.ts';
import * as x86_ioremap from '../../kernel/arch/x86/mm/ioremap.ts';
import * as x86_numa from '../../kernel/arch/x86/mm/numa.ts';
import * as pat from '../../kernel/arch/x86/mm/pat/memtype.ts';
import * as x86_set_memory from '../../kernel/arch/x86/mm/pat/set_memory.ts';
import * as x86_pgtable_c from '../../kernel/arch/x86/mm/pgtable.ts';
import * as x86_tlb from '../../kernel/arch/x86/mm/tlb.ts';
import * as acpi_memhotplug from '../../kernel/drivers/acpi/acpi_memhotplug.ts';
import * as acpi_scan from '../../kernel/drivers/acpi/scan.ts';
import * as base_bus from '../../kernel/drivers/base/bus.ts';
import * as core from '../../kernel/drivers/base/core.ts';
import * as dd from '../../kernel/drivers/base/dd.ts';
import * as memory_block from '../../kernel/drivers/base/memory/block.ts';
import * as memory from '../../kernel/drivers/base/memory/online.ts';
import * as memory_sysfs from '../../kernel/drivers/base/memory/sysfs.ts';
import * as node from '../../kernel/drivers/base/node.ts';
import * as bus from '../../kernel/drivers/dax/bus.ts';
import * as dax_device from '../../kernel/drivers/dax/device.ts';
import * as dax_kmem from '../../kernel/drivers/dax/kmem.ts';
import * as pmem from '../../kernel/drivers/dax/pmem.ts';
import * as memmap_ from '../../kernel/drivers/firmware/memmap.ts';
import * as hv_balloon from '../../kernel/drivers/hv/hv_balloon.ts';
import * as btt_devs from '../../kernel/drivers/nvdimm/btt_devs.ts';
import * as nd_bus from '../../kernel/drivers/nvdimm/bus.ts';
import * as claim from '../../kernel/drivers/nvdimm/claim.ts';
import * as dax_devs from '../../kernel/drivers/nvdimm/dax_devs.ts';
import * as label from '../../kernel/drivers/nvdimm/label.ts';
import * as nd_namespace_devs from '../../kernel/drivers/nvdimm/namespace_devs.ts';
import * as nd_pfn_devs from '../../kernel/drivers/nvdimm/pfn_devs.ts';
import * as nd_pmem from '../../kernel/drivers/nvdimm/pmem.ts';
import * as region from '../../kernel/drivers/nvdimm/region.ts';
import * as nd_region_devs from '../../kernel/drivers/nvdimm/region_devs.ts';
import * as gasket from '../../kernel/drivers/staging/gasket/gasket_page_table.ts';
import * as kpc_dma from '../../kernel/drivers/staging/kpc2000/kpc_dma/fileops.ts';
import * as vfio_iommu from '../../kernel/drivers/vfio/vfio_iommu_type1.ts';
import * as xen_balloon from '../../kernel/drivers/xen/balloon.ts';
import * as kernfs_dir from '../../kernel/fs/kernfs/dir.ts';
import * as kernfs_file from '../../kernel/fs/kernfs/file.ts';
import * as proc_page from '../../kernel/fs/proc/page.ts';
import * as bug from '../../kernel/include/asm-generic/bug.ts';
import * as memory_model from '../../kernel/include/asm-generic/memory_model.ts';
import * as generic_pgalloc from '../../kernel/include/asm-generic/pgalloc.ts';
import * as generic_pgtable from '../../kernel/include/asm-generic/pgtable.ts';
import * as memory_hotplug from '../../kernel/include/linux/memory_hotplug.ts';
import * as pagetable from '../../kernel/include/linux/mm/pagetable.ts';
import * as mm_pgalloc from '../../kernel/include/linux/mm/pgalloc.ts';
import * as mmzone from '../../kernel/include/linux/mmzone.ts';
import * as page_flags from '../../kernel/include/linux/page-flags.ts';
import * as printk from '../../kernel/include/linux/printk.ts';
import * as set_memory from '../../kernel/include/linux/set_memory.ts';
import * as vmalloc_h from '../../kernel/include/linux/vmalloc.ts';
import * as rcu_tree from '../../kernel/kernel/rcu/tree.ts';
import * as resource from '../../kernel/kernel/resource.ts';
import * as runtime from '../../kernel/kernel/runtime.ts';
import type { DifferingFunctions } from '../../kernel/kernel.ts';
import * as ioremap from '../../kernel/lib/ioremap.ts';
import * as string from '../../kernel/lib/string.ts';
import * as compaction from '../../kernel/mm/compaction.ts';
import * as debug from '../../kernel/mm/debug.ts';
import * as gup from '../../kernel/mm/gup.ts';
import * as hugetlb_dissolve from '../../kernel/mm/hugetlb/dissolve.ts';
import * as hugetlb_sysfs from '../../kernel/mm/hugetlb/hugetlb_sysfs.ts';
import * as hugetlb_pool from '../../kernel/mm/hugetlb/pool.ts';
import * as hugetlb_pages from '../../kernel/mm/hugetlb/pool_pages.ts';
import * as memblock from '../../kernel/mm/memblock/memblock.ts';
import * as apply_to_page_range from '../../kernel/mm/memory/apply_to_page_range.ts';
import * as handle_mm_fault from '../../kernel/mm/memory/handle_mm_fault.ts';
import * as pgalloc from '../../kernel/mm/memory/pgalloc.ts';
import * as vm_normal_page from '../../kernel/mm/memory/vm_normal_page.ts';
import * as add_memory from '../../kernel/mm/memory_hotplug/add_memory.ts';
import * as add_pages from '../../kernel/mm/memory_hotplug/add_pages.ts';
import * as do_migrate_range from '../../kernel/mm/memory_hotplug/do_migrate_range.ts';
import * as generic_online_page from '../../kernel/mm/memory_hotplug/generic_online_page.ts';
import * as node_states from '../../kernel/mm/memory_hotplug/node_states.ts';
import * as offline_pages from '../../kernel/mm/memory_hotplug/offline_pages.ts';
import * as online_pages from '../../kernel/mm/memory_hotplug/online_pages.ts';
import * as pfn_to_online_page from '../../kernel/mm/memory_hotplug/pfn_to_online_page.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as zone_device from '../../kernel/mm/memory_hotplug/zone_device.ts';
import * as zone_for_pfn_range from '../../kernel/mm/memory_hotplug/zone_for_pfn_range.ts';
import * as zone_span from '../../kernel/mm/memory_hotplug/zone_span.ts';
import * as memory_failure from '../../kernel/mm/memory-failure.ts';
import * as mempolicy from '../../kernel/mm/mempolicy.ts';
import * as memremap from '../../kernel/mm/memremap.ts';
import * as migrate from '../../kernel/mm/migrate.ts';
import * as alloc_contig_range from '../../kernel/mm/page_alloc/alloc_contig_range.ts';
import * as alloc_pages from '../../kernel/mm/page_alloc/alloc_pages.ts';
import * as free_page from '../../kernel/mm/page_alloc/free_page.ts';
import * as memmap_init from '../../kernel/mm/page_alloc/memmap_init.ts';
import * as page_alloc from '../../kernel/mm/page_alloc/page_alloc.ts';
import * as zonelists from '../../kernel/mm/page_alloc/zonelists.ts';
import * as page_ext from '../../kernel/mm/page_ext.ts';
import * as page_isolation from '../../kernel/mm/page_isolation.ts';
import * as pgtable_generic from '../../kernel/mm/pgtable-generic.ts';
import * as sparse from '../../kernel/mm/sparse.ts';
import * as alloc_block from '../../kernel/mm/sparse-vmemmap/alloc_block.ts';
import * as section_memmap from '../../kernel/mm/sparse-vmemmap/section_memmap.ts';
import * as section_memmap_x86 from '../../kernel/mm/sparse-vmemmap/section_memmap_x86.ts';
import * as sparse_vmemmap from '../../kernel/mm/sparse-vmemmap/vmemmap_populate.ts';
import * as vmemmap_verify from '../../kernel/mm/sparse-vmemmap/vmemmap_verify.ts';
import * as swap from '../../kernel/mm/swap.ts';
import * as usercopy from '../../kernel/mm/usercopy.ts';
import * as vmalloc_area from '../../kernel/mm/vmalloc/area.ts';
import * as vmalloc_map from '../../kernel/mm/vmalloc/map.ts';
import * as vmalloc_perms from '../../kernel/mm/vmalloc/perms.ts';
import * as vmalloc_purge from '../../kernel/mm/vmalloc/purge.ts';
import * as vmalloc_unmap from '../../kernel/mm/vmalloc/unmap.ts';
import * as vmalloc from '../../kernel/mm/vmalloc/vmalloc.ts';
import * as kvm_main from '../../kernel/virt/kvm/kvm_main.ts';
import { defineRelease } from '../define.ts';
import type { FunctionsOf } from '../functions-of.ts';
import { PGPROT } from './pgprot.ts';

export const own = {
  functions: {
    ...vmemmap_verify.v5_2,
    ...compaction.v5_2,
    ...gup.v5_2,
    ...migrate.v5_2,
    ...swap.v5_2,
    ...handle_mm_fault.v5_2,
    ...memory_failure.v5_2,
    ...acpi_memhotplug.v5_2,
    ...acpi_scan.v5_2,
    ...add_memory.v5_2,
    ...memmap_.v5_2,
    ...add_pages.v5_2,
    ...memory_hotplug.v5_2,
    ...alloc_pages.v5_2,
    ...free_page.v5_2,
    ...core.v5_2,
    ...dax_device.v5_2,
    ...bus.v5_2,
    ...pmem.v5_2,
    ...dax_kmem.v5_2,
    ...nd_namespace_devs.v5_2,
    ...claim.v5_2,
    ...nd_bus.v5_2,
    ...btt_devs.v5_2,
    ...dax_devs.v5_2,
    ...base_bus.v5_2,
    ...dd.v5_2,
    ...nd_pfn_devs.v5_2,
    ...nd_pmem.v5_2,
    ...nd_region_devs.v5_2,
    ...label.v5_2,
    ...region.v5_2,
    ...alloc_block.v5_2,
    ...mempolicy.v5_2,
    ...memremap.v5_2,
    ...hugetlb_dissolve.v5_2,
    ...hugetlb_pages.v5_2,
    ...alloc_contig_range.v5_2,
    ...hugetlb_pool.v5_2,
    ...hugetlb_sysfs.v5_2,
    ...memblock.v5_2,
    ...memory_model.v5_2,
    ...pfn_to_online_page.v5_2,
    ...memory.v5_2,
    ...memory_block.v5_2,
    ...memory_sysfs.v5_2,
    ...kernfs_dir.v5_2,
    ...kernfs_file.v5_2,
    ...node.v5_2,
    ...node_states.v5_2,
    ...offline_pages.v5_2,
    ...online_pages.v5_2,
    ...page_alloc.v5_2,
    ...generic_online_page.v5_2,
    ...do_migrate_range.v5_2,
    ...page_isolation.v5_2,
    ...debug.v5_2,
    ...remove_memory.v5_2,
    ...rcu_tree.v5_2,
    ...resource.v5_2,
    ...runtime.v5_2,
    ...printk.v5_2,
    ...bug.v5_2,
    ...sparse.v5_2,
    ...zone_for_pfn_range.v5_2,
    ...zone_span.v5_2,
    ...mmzone.v5_2,
    ...memmap_init.v5_2,
    ...zonelists.v5_2,
    ...radix.v5_2,
    ...hash_utils.v5_2,
    ...powerpc_pgtable.v5_2,
    ...proc_page.v5_2,
    ...e820.v5_2,
    ...x86_ioremap.v5_2,
    ...kvm_mmu.v5_2,
    ...pat.v5_2,
    ...hv_balloon.v5_2,
    ...gasket.v5_2,
    ...kpc_dma.v5_2,
    ...vfio_iommu.v5_2,
    ...xen_balloon.v5_2,
    ...page_flags.v5_2,
    ...generic_pgtable.v5_2,
    ...usercopy.v5_2,
    ...zone_device.v5_2,
    ...kvm_main.v5_2,
    ...vm_normal_page.v5_2,
  },
  arch: {
    arm64: {
      ...apply_to_page_range.v5_2,
      ...arm64_mmu.v5_2,
      ...arm64_init.v5_2,
      ...arm64_numa.v5_2,
      ...mmzone.holes_in_zone,
      ...fault.v5_2,
      ...huge_vmap.v5_2,
      ...arm64_ioremap.v5_2,
      ...ioremap.v5_2,
      ...string.v5_2,
      ...offline_pages.holes_in_zone,
      ...create_pgd_mapping.v5_2,
      ...page_ext.v5_2,
      ...pageattr.v5_2,
      ...mm_pgalloc.v5_2,
      ...pgalloc.v5_2,
      ...pgattr_change_is_safe.v5_2,
      ...pgtable.v5_2,
      ...set_swapper_pgd.v5_2,
      ...dump.v5_2,
      ...ptdump_debugfs.v5_2,
      ...section_memmap.v5_2,
      ...sparse_vmemmap.v5_2,
      ...arm64_pgalloc.v5_2,
      ...free_hotplug.v5_2,
      ...generic_pgalloc.v5_2,
      ...pagetable.v5_2,
      ...pgtable_alloc.v5_2,
      ...tlbflush.v5_2,
      ...pgtable_generic.v5_2,
      ...vmalloc.v5_2,
      ...vmalloc_area.v5_2,
      ...vmalloc_map.v5_2,
      ...set_memory.v5_2,
      ...vmalloc_h.v5_2,
      ...vmalloc_perms.v5_2,
      ...vmalloc_purge.v5_2,
      ...vmalloc_unmap.v5_2,
      ...vmemmap.v5_2,
    },
    x86_64: {
      ...x86_fault.v5_2,
      ...x86_free.v5_2,
      ...x86_init.v5_2,
      ...x86_sync.v5_2,
      ...x86_mapping.v5_2,
      ...x86_mem.v5_2,
      ...x86_numa.v5_2,
      ...x86_pgalloc.v5_2,
      ...x86_pgtable.v5_2,
      ...x86_remove.v5_2,
      ...x86_tlb.v5_2,
      ...x86_pgtable_c.v5_2,
      ...x86_ioremap.huge,
      ...x86_set_memory.v5_2,
      ...generic_pgalloc.v5_2,
      ...ioremap.v5_2,
      ...mm_pgalloc.v5_2,
      ...pagetable.v5_2,
      ...pgalloc.v5_2,
      ...pgtable_generic.v5_2,
      ...string.v5_2,
      ...vmalloc.v5_2,
      ...vmalloc_area.v5_2,
      ...vmalloc_h.v5_2,
      ...vmalloc_map.v5_2,
      ...vmalloc_perms.v5_2,
      ...vmalloc_perms.v5_3,
      ...vmalloc_purge.v5_2,
      ...vmalloc_unmap.v5_2,
      ...section_memmap_x86.v5_2,
      ...sparse_vmemmap.v5_2,
      ...vmemmap_verify.v5_2,
      ...x86_vmemmap.v5_2,
    },
  },
};

export type New = Omit<FunctionsOf<typeof own>, keyof DifferingFunctions>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** v5.2 names every function; later releases name the functions they replace. */
export const v5_2 = defineRelease({
  name: 'v5.2',
  about: '5.2.1',
  ...own,
  constants: {
    subsections: false,
    SECTION_SIZE_BITS: { arm64: () => 30, x86_64: () => 27 },
    zones: {
      arm64: ['DMA32', 'Normal', 'Movable'],
      x86_64: ['DMA', 'DMA32', 'Normal', 'Movable'],
    },
    ARCH_KEEP_MEMBLOCK: { arm64: true, x86_64: true },
    MEMORY_HOTREMOVE: { arm64: false, x86_64: true },
    HAVE_ARCH_PFN_VALID: { arm64: true, x86_64: false },
    memblock_columns: 'range',
    MHP_MEMMAP_ON_MEMORY: false,
    MEMMAP_ON_MEMORY_FORCE: false,
    KSTRTOBOOL_ENABLE: false,
    bare_metal_blocks: false,
    windows_advise_block_size: false,
    hugepages_threads: null,
    memmap_before_hugetlb: true,
    mem_limits_hotplug: true,
    ignores_missing_mirror: false,
    holes: 'zeroed',
    many_memory_regions: false,
    memblock_driver_managed: false,
    NR_CPUS: 256,
    LPA2: false,
    layout: 'v5.2',
    ptdump: 'v5.2',
    pgprot: PGPROT.v5_2,
    pgtable_alloc_may_fail: false,
    rodata_on_is_full: false,
    memory_hotplug_parameters: [],
  },
});
