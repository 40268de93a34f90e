import * as huge_vmap from '../../kernel/arch/arm64/mm/mmu/huge_vmap.ts';
import * as acpi_scan from '../../kernel/drivers/acpi/scan.ts';
import * as dd from '../../kernel/drivers/base/dd.ts';
import * as memory_block from '../../kernel/drivers/base/memory/block.ts';
import * as memory from '../../kernel/drivers/base/memory/online.ts';
import * as cxl_region from '../../kernel/drivers/cxl/core/region.ts';
import * as dax_bus from '../../kernel/drivers/dax/bus.ts';
import * as dax_cxl from '../../kernel/drivers/dax/cxl.ts';
import * as hmem_device from '../../kernel/drivers/dax/hmem/device.ts';
import * as hmem from '../../kernel/drivers/dax/hmem/hmem.ts';
import * as dax_kmem from '../../kernel/drivers/dax/kmem.ts';
import * as hv_balloon from '../../kernel/drivers/hv/hv_balloon.ts';
import * as nd_pfn_devs from '../../kernel/drivers/nvdimm/pfn_devs.ts';
import * as debug from '../../kernel/mm/debug.ts';
import * as hugetlb_demote from '../../kernel/mm/hugetlb/demote.ts';
import * as add_memory from '../../kernel/mm/memory_hotplug/add_memory.ts';
import * as offline_pages from '../../kernel/mm/memory_hotplug/offline_pages.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as memory_failure from '../../kernel/mm/memory-failure.ts';
import * as free_page from '../../kernel/mm/page_alloc/free_page.ts';
import * as memmap_init from '../../kernel/mm/page_alloc/memmap_init.ts';
import * as page_alloc from '../../kernel/mm/page_alloc/page_alloc.ts';
import * as zonelists from '../../kernel/mm/page_alloc/zonelists.ts';
import * as page_isolation from '../../kernel/mm/page_isolation.ts';
import * as sparse from '../../kernel/mm/sparse.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import type { New as OfV52 } from './v5.2.ts';
import { v6_1 } from './v6.1.ts';

export const own = {
  functions: {
    ...memory_block.v6_12,
    ...memory_failure.v6_12,
    ...sparse.v6_12,
    ...cxl_region.v6_12,
    ...dax_bus.v6_12,
    ...dax_cxl.v6_12,
    ...hmem.v6_12,
    ...hmem_device.v6_12,
    ...dax_kmem.v6_12,
    ...acpi_scan.v6_9,
    ...add_memory.v6_12,
    ...hugetlb_demote.v6_12,
    ...dd.v6_12,
    ...nd_pfn_devs.v6_12,
    ...free_page.v6_12,
    ...hv_balloon.v6_12,
    ...memory.v6_12,
    ...offline_pages.v6_12,
    ...page_alloc.v6_12,
    ...page_isolation.v6_12,
    ...debug.v6_12,
    ...remove_memory.v6_12,
    ...memmap_init.v6_11,
    ...zonelists.v6_12,
  },
  arch: { arm64: { ...huge_vmap.v6_12 } },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** PageOffline instead of PG_reserved; an altmap for each block; poisoned blocks stay offline. */
export const v6_12 = defineRelease({
  name: 'v6.12',
  base: v6_1,
  about: '6.12.117',
  ...own,
  constants: {
    MEMMAP_ON_MEMORY_FORCE: true,
    ignores_missing_mirror: true,
    hugepages_threads: 'nodes',
    memblock_columns: 'range nid flags',
    LPA2: true,
    layout: 'v6.9',
    ptdump: 'v6.12',
  },
});
