import * as fault from '../../kernel/arch/arm64/mm/fault.ts';
import * as arm64_mmu from '../../kernel/arch/arm64/mm/mmu/arch_add_memory.ts';
import * as create_pgd_mapping from '../../kernel/arch/arm64/mm/mmu/create_pgd_mapping.ts';
import * as hotunplug from '../../kernel/arch/arm64/mm/mmu/hotunplug.ts';
import * as huge_vmap from '../../kernel/arch/arm64/mm/mmu/huge_vmap.ts';
import * as vmemmap from '../../kernel/arch/arm64/mm/mmu/vmemmap.ts';
import * as pageattr from '../../kernel/arch/arm64/mm/pageattr.ts';
import * as ptdump_debugfs from '../../kernel/arch/arm64/mm/ptdump_debugfs.ts';
import * as x86_init from '../../kernel/arch/x86/mm/init_64/arch_add_memory.ts';
import * as x86_remove from '../../kernel/arch/x86/mm/init_64/remove_pagetable.ts';
import * as x86_sync from '../../kernel/arch/x86/mm/init_64/sync_global_pgds.ts';
import * as acpi_memhotplug from '../../kernel/drivers/acpi/acpi_memhotplug.ts';
import * as base_bus from '../../kernel/drivers/base/bus.ts';
import * as groups from '../../kernel/drivers/base/memory/groups.ts';
import * as memory from '../../kernel/drivers/base/memory/online.ts';
import * as memory_sysfs from '../../kernel/drivers/base/memory/sysfs.ts';
import * as cxl_acpi from '../../kernel/drivers/cxl/acpi.ts';
import * as cxl_region from '../../kernel/drivers/cxl/core/region.ts';
import * as cxl_pmem from '../../kernel/drivers/cxl/pmem.ts';
import * as dax_device from '../../kernel/drivers/dax/device.ts';
import * as dax_kmem from '../../kernel/drivers/dax/kmem.ts';
import * as virtio_mem from '../../kernel/drivers/virtio/virtio_mem/virtio_mem.ts';
import * as kernfs_dir from '../../kernel/fs/kernfs/dir.ts';
import * as mmzone from '../../kernel/include/linux/mmzone.ts';
import * as page_flags from '../../kernel/include/linux/page-flags.ts';
import * as resource from '../../kernel/kernel/resource.ts';
import * as ioremap from '../../kernel/lib/ioremap.ts';
import * as debug from '../../kernel/mm/debug.ts';
import * as gup from '../../kernel/mm/gup.ts';
import * as hugetlb_demote from '../../kernel/mm/hugetlb/demote.ts';
import * as hugetlb_sysfs from '../../kernel/mm/hugetlb/hugetlb_sysfs.ts';
import * as hugetlb from '../../kernel/mm/hugetlb/pool_pages.ts';
import * as add_memory from '../../kernel/mm/memory_hotplug/add_memory.ts';
import * as add_pages from '../../kernel/mm/memory_hotplug/add_pages.ts';
import * as memmap_on_memory from '../../kernel/mm/memory_hotplug/memmap_on_memory.ts';
import * as offline_pages from '../../kernel/mm/memory_hotplug/offline_pages.ts';
import * as online_pages from '../../kernel/mm/memory_hotplug/online_pages.ts';
import * as pfn_to_online_page from '../../kernel/mm/memory_hotplug/pfn_to_online_page.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as zone_device from '../../kernel/mm/memory_hotplug/zone_device.ts';
import * as zone_for_pfn_range from '../../kernel/mm/memory_hotplug/zone_for_pfn_range.ts';
import * as zone_span from '../../kernel/mm/memory_hotplug/zone_span.ts';
import * as memory_failure from '../../kernel/mm/memory-failure.ts';
import * as memremap from '../../kernel/mm/memremap.ts';
import * as free_page from '../../kernel/mm/page_alloc/free_page.ts';
import * as memmap_init from '../../kernel/mm/page_alloc/memmap_init.ts';
import * as zonelists from '../../kernel/mm/page_alloc/zonelists.ts';
import * as page_isolation from '../../kernel/mm/page_isolation.ts';
import * as pgtable_generic from '../../kernel/mm/pgtable-generic.ts';
import * as ptdump from '../../kernel/mm/ptdump.ts';
import * as section_memmap_x86 from '../../kernel/mm/sparse-vmemmap/section_memmap_x86.ts';
import * as sparse_vmemmap from '../../kernel/mm/sparse-vmemmap/vmemmap_populate.ts';
import * as vmemmap_verify from '../../kernel/mm/sparse-vmemmap/vmemmap_verify.ts';
import * as vmalloc from '../../kernel/mm/vmalloc/vmalloc.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import { PGPROT } from './pgprot.ts';
import type { New as OfV52 } from './v5.2.ts';
import { v5_10 } from './v5.10.ts';

export const own = {
  functions: {
    ...vmemmap_verify.v6_1,
    ...gup.v6_1,
    ...memory_failure.v6_1,
    ...cxl_acpi.v6_1,
    ...cxl_pmem.v6_1,
    ...cxl_region.v6_1,
    ...acpi_memhotplug.v6_1,
    ...base_bus.v6_1,
    ...groups.v6_1,
    ...add_memory.v6_1,
    ...add_pages.v5_12,
    ...dax_device.v6_1,
    ...dax_kmem.v6_1,
    ...free_page.v5_11,
    ...memremap.v5_12,
    ...memremap.v6_1,
    ...hugetlb.v5_13,
    ...kernfs_dir.v6_1,
    ...hugetlb_demote.v5_16,
    ...hugetlb_sysfs.v6_1,
    ...memory.v6_1,
    ...memmap_on_memory.v6_1,
    ...memory_sysfs.v6_1,
    ...offline_pages.v5_11,
    ...offline_pages.v6_1,
    ...online_pages.v6_1,
    ...page_isolation.v5_11,
    ...debug.v5_12,
    ...debug.v6_1,
    ...page_isolation.v6_1,
    ...remove_memory.v6_1,
    ...resource.v6_1,
    ...memmap_init.v6_1,
    ...zone_for_pfn_range.v6_1,
    ...zone_span.v5_12,
    ...zone_span.v5_15,
    ...zone_device.v5_12,
    ...page_flags.v5_12,
    pfn_to_online_page: pfn_to_online_page.v5_12.pfn_to_online_page,
    ...zonelists.v5_15,
  },
  arch: {
    arm64: {
      ...arm64_mmu.v6_1,
      ...fault.v6_1,
      ...pgtable_generic.v6_1,
      ...vmalloc.v6_1,
      ...create_pgd_mapping.v5_18,

      ...pageattr.v6_1,
      ...huge_vmap.v6_1_192,
      ...hotunplug.v6_1_192,
      ...mmzone.v6_10,
      pfn_valid_within: mmzone.v5_2.pfn_valid_within,
      ...zone_span.v5_12,
      ...ptdump.v6_1_192,
      ptdump_show: ptdump_debugfs.v5_2.ptdump_show,
      ...sparse_vmemmap.v6_1,
      ...virtio_mem.v5_8,
      online_page_callback: virtio_mem.v5_8.virtio_mem_online_page_cb,
      ...virtio_mem.v5_11,
      ...virtio_mem.v5_12,
      ...virtio_mem.v6_1,
      ...vmemmap.v6_1,
      test_pages_in_a_zone: offline_pages.v5_2.test_pages_in_a_zone,
    },
    x86_64: {
      ...ioremap.v6_12_117,
      ...pgtable_generic.v6_1,
      ...ptdump.v6_1_192,
      ...vmalloc.v6_1,
      ...virtio_mem.v5_11,
      ...virtio_mem.v5_12,
      ...virtio_mem.v6_1,
      ...x86_init.v6_1,
      ...x86_sync.v6_17,
      ...sparse_vmemmap.v6_17,
      ...section_memmap_x86.v6_1,
      ...x86_remove.v6_1,
      ...vmemmap_verify.v6_1,
    },
  },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** arm64 blocks of 128M and 512M; blocks know their zone; memory groups, auto-movable, memmap_on_memory. */
export const v6_1 = defineRelease({
  name: 'v6.1',
  base: v5_10,
  about: '6.1.192',
  ...own,
  memory_chain: { arm64: [arm64_mmu.prevent_bootmem_remove_notifier] },
  constants: {
    SECTION_SIZE_BITS: { arm64: (page_size) => (page_size === 65536 ? 29 : 27), x86_64: () => 27 },
    HAVE_ARCH_PFN_VALID: { arm64: false, x86_64: false },
    MHP_MEMMAP_ON_MEMORY: true,
    many_memory_regions: true,
    memblock_driver_managed: true,
    layout: 'v6.1',
    ptdump: 'v6.1',
    pgprot: PGPROT.v6_1,
    memory_hotplug_parameters: [
      'auto_movable_numa_aware',
      'auto_movable_ratio',
      'memmap_on_memory',
      'online_policy',
    ],
  },
});
