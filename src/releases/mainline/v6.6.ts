import * as arm64_mmu from '../../kernel/arch/arm64/mm/mmu/arch_add_memory.ts';
import * as hotunplug from '../../kernel/arch/arm64/mm/mmu/hotunplug.ts';
import * as huge_vmap from '../../kernel/arch/arm64/mm/mmu/huge_vmap.ts';
import * as ptdump_debugfs from '../../kernel/arch/arm64/mm/ptdump_debugfs.ts';
import * as x86_init from '../../kernel/arch/x86/mm/init_64/arch_add_memory.ts';
import * as x86_vmemmap from '../../kernel/arch/x86/mm/init_64/vmemmap.ts';
import * as memory_block from '../../kernel/drivers/base/memory/block.ts';
import * as memory from '../../kernel/drivers/base/memory/online.ts';
import * as cxl_region from '../../kernel/drivers/cxl/core/region.ts';
import * as dax_bus from '../../kernel/drivers/dax/bus.ts';
import * as dax_cxl from '../../kernel/drivers/dax/cxl.ts';
import * as hmem_device from '../../kernel/drivers/dax/hmem/device.ts';
import * as hmem from '../../kernel/drivers/dax/hmem/hmem.ts';
import * as dax_kmem from '../../kernel/drivers/dax/kmem.ts';
import * as nd_pfn_devs from '../../kernel/drivers/nvdimm/pfn_devs.ts';
import * as virtio_mem from '../../kernel/drivers/virtio/virtio_mem/virtio_mem.ts';
import * as ioremap from '../../kernel/lib/ioremap.ts';
import * as gup from '../../kernel/mm/gup.ts';
import * as add_memory from '../../kernel/mm/memory_hotplug/add_memory.ts';
import * as add_pages from '../../kernel/mm/memory_hotplug/add_pages.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as memory_failure from '../../kernel/mm/memory-failure.ts';
import * as free_page from '../../kernel/mm/page_alloc/free_page.ts';
import * as memmap_init from '../../kernel/mm/page_alloc/memmap_init.ts';
import * as page_alloc from '../../kernel/mm/page_alloc/page_alloc.ts';
import * as pgtable_generic from '../../kernel/mm/pgtable-generic.ts';
import * as ptdump from '../../kernel/mm/ptdump.ts';
import * as sparse from '../../kernel/mm/sparse.ts';
import * as sparse_vmemmap from '../../kernel/mm/sparse-vmemmap/vmemmap_populate.ts';
import * as vmalloc from '../../kernel/mm/vmalloc/vmalloc.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import { PGPROT } from './pgprot.ts';
import type { New as OfV52 } from './v5.2.ts';
import { v6_1 } from './v6.1.ts';

export const own = {
  functions: {
    ...memory_block.v6_2,
    ...memory_block.v6_6,
    ...memory_failure.v6_2,
    ...sparse.v6_2,
    ...memory.v6_2,
    ...cxl_region.v6_3,
    ...dax_bus.v6_3,
    dev_dax_kmem_remove: dax_kmem.v5_10.dev_dax_kmem_remove,
    ...dax_cxl.v6_3,
    ...hmem.v6_3,
    ...hmem_device.v6_3,
    ...nd_pfn_devs.v6_6,
    ...add_memory.v6_6,
    ...add_pages.v6_6,
    ...remove_memory.v6_6,
    ...free_page.v6_6,
    ...page_alloc.v6_6,
    ...memmap_init.v6_6,
    ...gup.v6_6,
  },
  arch: {
    arm64: {
      ...arm64_mmu.v6_6,
      ...pgtable_generic.v6_6,
      ...vmalloc.v6_6,
      ...sparse_vmemmap.v6_6,
      ...hotunplug.v6_6,
      ...ptdump.v6_6,
      ptdump_show: ptdump_debugfs.arm64_v6.ptdump_show,
      pud_free_pmd_page: huge_vmap.v5_2.pud_free_pmd_page,
      ...virtio_mem.v6_6,
    },
    x86_64: {
      ...x86_vmemmap.v6_6,
      ioremap_try_huge_pmd: ioremap.v5_2.ioremap_try_huge_pmd,
      ioremap_try_huge_pud: ioremap.v5_2.ioremap_try_huge_pud,
      ...pgtable_generic.v6_6,
      ...ptdump.v6_6,
      ...vmalloc.v6_6,
      ...virtio_mem.v6_6,
      update_end_of_memory_vars: x86_init.v5_2.update_end_of_memory_vars,
      vmemmap_pgd_populate: sparse_vmemmap.v5_2.vmemmap_pgd_populate,
      vmemmap_p4d_populate: sparse_vmemmap.v5_2.vmemmap_p4d_populate,
    },
  },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** Poisoned blocks stay offline; CXL memory as device-dax; a block has an altmap of its own. */
export const v6_6 = defineRelease({
  name: 'v6.6',
  base: v6_1,
  about: '6.6.87',
  ...own,
  constants: {
    MEMMAP_ON_MEMORY_FORCE: true,
    ignores_missing_mirror: true,
    memblock_columns: 'range nid flags',
    layout: 'v6.5',
    pgprot: PGPROT.v6_6,
  },
});
