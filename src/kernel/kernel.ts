import type { ERRNO } from '../steps/errno.ts';
import type { Steps } from '../steps/step.ts';
import type * as arm64_pgalloc from './arch/arm64/include/asm/pgalloc.ts';
import type * as pgtable from './arch/arm64/include/asm/pgtable.ts';
import type * as tlbflush from './arch/arm64/include/asm/tlbflush.ts';
import type * as fault from './arch/arm64/mm/fault.ts';
import type * as arm64_mmu from './arch/arm64/mm/mmu/arch_add_memory.ts';
import type * as create_pgd_mapping from './arch/arm64/mm/mmu/create_pgd_mapping.ts';
import type * as free_hotplug from './arch/arm64/mm/mmu/free_hotplug.ts';
import type * as hotunplug from './arch/arm64/mm/mmu/hotunplug.ts';
import type * as hotunplug_v5 from './arch/arm64/mm/mmu/hotunplug_v5.ts';
import type * as huge_vmap from './arch/arm64/mm/mmu/huge_vmap.ts';
import type * as pgtable_alloc from './arch/arm64/mm/mmu/pgtable_alloc.ts';
import type * as split_leaf from './arch/arm64/mm/mmu/split_leaf.ts';
import type * as vmemmap from './arch/arm64/mm/mmu/vmemmap.ts';
import type * as pageattr from './arch/arm64/mm/pageattr.ts';
import type * as radix from './arch/powerpc/kvm/book3s_64_mmu_radix.ts';
import type * as hash_utils from './arch/powerpc/mm/book3s64/hash_utils.ts';
import type * as powerpc_pgtable from './arch/powerpc/mm/pgtable.ts';
import type * as e820 from './arch/x86/kernel/e820.ts';
import type * as kvm_mmu from './arch/x86/kvm/mmu.ts';
import type * as x86_init from './arch/x86/mm/init_64/arch_add_memory.ts';
import type * as x86_ioremap from './arch/x86/mm/ioremap.ts';
import type * as pat from './arch/x86/mm/pat/memtype.ts';
import type { Config } from './config.ts';
import type * as acpi_memhotplug from './drivers/acpi/acpi_memhotplug.ts';
import type * as acpi_scan from './drivers/acpi/scan.ts';
import type * as core from './drivers/base/core.ts';
import type * as memory_block from './drivers/base/memory/block.ts';
import type * as memory from './drivers/base/memory/online.ts';
import type * as memory_sysfs from './drivers/base/memory/sysfs.ts';
import type * as node from './drivers/base/node.ts';
import type * as dax_device from './drivers/dax/device.ts';
import type * as dax_kmem from './drivers/dax/kmem.ts';
import type * as hv_balloon from './drivers/hv/hv_balloon.ts';
import type * as nd_namespace_devs from './drivers/nvdimm/namespace_devs.ts';
import type * as nd_pfn_devs from './drivers/nvdimm/pfn_devs.ts';
import type * as nd_pmem from './drivers/nvdimm/pmem.ts';
import type * as nd_region_devs from './drivers/nvdimm/region_devs.ts';
import type * as gasket from './drivers/staging/gasket/gasket_page_table.ts';
import type * as kpc_dma from './drivers/staging/kpc2000/kpc_dma/fileops.ts';
import type * as vfio_iommu from './drivers/vfio/vfio_iommu_type1.ts';
import type * as virtio_mem from './drivers/virtio/virtio_mem/virtio_mem.ts';
import type * as xen_balloon from './drivers/xen/balloon.ts';
import type * as proc_page from './fs/proc/page.ts';
import type * as generic_pgalloc from './include/asm-generic/pgalloc.ts';
import type * as page_flags from './include/linux/page-flags.ts';
import type * as resource from './kernel/resource.ts';
import type * as runtime from './kernel/runtime.ts';
import type * as ioremap from './lib/ioremap.ts';
import type * as hugetlb_dissolve from './mm/hugetlb/dissolve.ts';
import type * as hugetlb_sysfs from './mm/hugetlb/hugetlb_sysfs.ts';
import type * as hugetlb_pool from './mm/hugetlb/pool.ts';
import type * as hugetlb_pages from './mm/hugetlb/pool_pages.ts';
import type * as memblock from './mm/memblock/memblock.ts';
import type * as memmap from './mm/memmap.ts';
import type * as apply_to_page_range from './mm/memory/apply_to_page_range.ts';
import type * as pgalloc from './mm/memory/pgalloc.ts';
import type * as add_memory from './mm/memory_hotplug/add_memory.ts';
import type * as add_pages from './mm/memory_hotplug/add_pages.ts';
import type * as node_states from './mm/memory_hotplug/node_states.ts';
import type * as offline_pages from './mm/memory_hotplug/offline_pages.ts';
import type * as online_pages from './mm/memory_hotplug/online_pages.ts';
import type * as remove_memory from './mm/memory_hotplug/remove_memory.ts';
import type * as zone_for_pfn_range from './mm/memory_hotplug/zone_for_pfn_range.ts';
import type * as zone_span from './mm/memory_hotplug/zone_span.ts';
import type * as memremap from './mm/memremap.ts';
import type * as alloc_pages from './mm/page_alloc/alloc_pages.ts';
import type * as free_page from './mm/page_alloc/free_page.ts';
import type * as page_alloc from './mm/page_alloc/page_alloc.ts';
import type * as zonelists from './mm/page_alloc/zonelists.ts';
import type * as page_ext from './mm/page_ext.ts';
import type * as page_isolation from './mm/page_isolation.ts';
import type * as pagetable_ctor from './mm/pagetable_ctor.ts';
import type * as ptdump from './mm/ptdump.ts';
import type * as sparse from './mm/sparse.ts';
import type * as sparse_vmemmap from './mm/sparse-vmemmap.ts';
import type * as usercopy from './mm/usercopy.ts';
import type * as vmalloc_area from './mm/vmalloc/area.ts';
import type * as vmalloc_map from './mm/vmalloc/map.ts';
import type * as vmalloc_perms from './mm/vmalloc/perms.ts';
import type * as vmalloc_purge from './mm/vmalloc/purge.ts';
import type * as vmalloc_unmap from './mm/vmalloc/unmap.ts';
import type * as vmalloc from './mm/vmalloc/vmalloc.ts';
import type * as zone_device from './mm/zone_device.ts';
import type * as kvm_main from './virt/kvm/kvm_main.ts';

/** struct vmem_altmap as far as accounting goes; thread-local until a memory block keeps it. */
export interface vmem_altmap {
  base_pfn: number;
  reserve: number;
  free: number;
  align: number;
  alloc: number;
}

/** struct memory_notify. A node id of -1 means no change. */
export interface memory_notify {
  start_pfn: number;
  nr_pages: number;
  status_change_nid: number;
  status_change_nid_normal: number;
}

/** A callback on the memory chain: 0 or a negative errno. */
export type MemoryNotifier = (this: Kernel, action: number, arg: memory_notify) => Steps<number>;

/** What a later release adds to the names it has inherited. */
type Introduced<New, Old> = Omit<New, keyof Old>;

type Base = typeof add_memory.v5_2 &
  typeof radix.v5_2 &
  typeof hash_utils.v5_2 &
  typeof powerpc_pgtable.v5_2 &
  typeof proc_page.v5_2 &
  typeof e820.v5_2 &
  typeof x86_ioremap.v5_2 &
  typeof kvm_mmu.v5_2 &
  typeof pat.v5_2 &
  typeof hv_balloon.v5_2 &
  typeof gasket.v5_2 &
  typeof kpc_dma.v5_2 &
  typeof vfio_iommu.v5_2 &
  typeof xen_balloon.v5_2 &
  typeof page_flags.v5_2 &
  typeof usercopy.v5_2 &
  typeof zone_device.v5_2 &
  typeof kvm_main.v5_2 &
  typeof alloc_pages.v5_2 &
  typeof fault.v5_2 &
  typeof hotunplug.S0 &
  typeof huge_vmap.v5_2 &
  typeof ioremap.v5_2 &
  typeof create_pgd_mapping.v5_2 &
  typeof page_ext.v5_2 &
  typeof pgalloc.v5_2 &
  typeof pgtable.v5_2 &
  typeof sparse_vmemmap.v5_2 &
  typeof free_hotplug.v5_2 &
  typeof pgtable_alloc.v5_2 &
  typeof arm64_pgalloc.v5_2 &
  typeof generic_pgalloc.v5_2 &
  typeof pagetable_ctor.v5_2 &
  typeof tlbflush.v5_2 &
  typeof vmalloc.v5_2 &
  typeof vmalloc_area.v5_2 &
  typeof vmalloc_map.v5_2 &
  typeof apply_to_page_range.v5_2 &
  typeof pageattr.v5_2 &
  typeof vmalloc_perms.v5_2 &
  typeof vmalloc_purge.v5_2 &
  typeof vmalloc_unmap.v5_2 &
  typeof vmemmap.v5_2 &
  typeof add_pages.v5_2 &
  typeof arm64_mmu.v5_2 &
  typeof acpi_memhotplug.v5_2 &
  typeof acpi_scan.v5_2 &
  typeof core.v5_2 &
  typeof hugetlb_dissolve.v5_2 &
  typeof hugetlb_pages.v5_2 &
  typeof hugetlb_pool.v5_2 &
  typeof hugetlb_sysfs.v5_2 &
  typeof memblock.v5_2 &
  typeof memmap.v5_2 &
  typeof memory.v5_2 &
  typeof memory_block.v5_2 &
  typeof memory_sysfs.v5_2 &
  typeof node.v5_2 &
  typeof node_states.v5_2 &
  typeof offline_pages.v5_2 &
  typeof online_pages.v5_2 &
  typeof page_alloc.v5_2 &
  typeof free_page.v5_2 &
  typeof page_isolation.v5_2 &
  typeof ptdump.v5_2 &
  typeof remove_memory.v5_2 &
  typeof resource.v5_2 &
  typeof runtime.v5_2 &
  typeof sparse.v5_2 &
  typeof zone_for_pfn_range.v5_2 &
  typeof zone_span.v5_2 &
  typeof memremap.v5_2 &
  typeof nd_region_devs.v5_2 &
  typeof nd_namespace_devs.v5_2 &
  typeof nd_pmem.v5_2 &
  typeof nd_pfn_devs.v5_2 &
  typeof dax_device.v5_2 &
  typeof dax_kmem.v5_2 &
  typeof x86_init.v5_2 &
  typeof zonelists.v5_2;

type Later = typeof page_isolation.v6_1 &
  typeof virtio_mem.v5_8 &
  typeof sparse.v5_3 &
  typeof sparse.v6_8 &
  typeof memmap.v5_3 &
  typeof kvm_main.v5_4 &
  typeof zone_device.v5_12 &
  typeof hotunplug_v5.S1 &
  typeof hotunplug.v5_7 &
  typeof create_pgd_mapping.v5_18 &
  typeof split_leaf.v7_1 &
  typeof proc_page.v5_7 &
  typeof memory_block.v5_3 &
  typeof resource.v5_10 &
  typeof add_memory.v5_10 &
  typeof remove_memory.v5_10 &
  typeof memory.v6_1 &
  typeof zone_span.v5_5 &
  typeof nd_pfn_devs.v5_3 &
  typeof memremap.v5_4 &
  typeof dax_kmem.v5_3 &
  typeof dax_kmem.v5_10 &
  typeof zone_for_pfn_range.v6_1 &
  typeof add_memory.v6_1 &
  typeof online_pages.v5_10 &
  typeof remove_memory.v6_1 &
  typeof remove_memory.v6_12 &
  typeof acpi_memhotplug.v6_1;

/** Every modelled function by its kernel name. A release fills it; a name it does not have yet is absent there. */
export interface KernelFunctions extends Base, Introduced<Later, Base> {}

/**
 * A kernel: the functions of one release on one architecture, called on it (`this.online_pages(…)`), and what is
 * fixed at boot. It holds no state.
 */
export interface Kernel extends KernelFunctions {
  readonly c: Config;
  readonly errno: typeof ERRNO;
  /** Nobody else runs: some of the functions do at once what the kernel does access by access. */
  readonly alone: boolean;
  /** Release name, "v6.1". */
  readonly release: string;
  /** The memory notifier chain in order of priority. */
  readonly memory_chain: readonly MemoryNotifier[];
}
