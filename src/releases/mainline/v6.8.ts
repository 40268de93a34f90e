import * as vmemmap from '../../kernel/arch/arm64/mm/mmu/vmemmap.ts';
import * as acpi_scan from '../../kernel/drivers/acpi/scan.ts';
import * as dax_cxl from '../../kernel/drivers/dax/cxl.ts';
import * as dax_kmem from '../../kernel/drivers/dax/kmem.ts';
import * as mmzone from '../../kernel/include/linux/mmzone.ts';
import * as hugetlb_pool from '../../kernel/mm/hugetlb/pool.ts';
import * as add_memory from '../../kernel/mm/memory_hotplug/add_memory.ts';
import * as offline_pages from '../../kernel/mm/memory_hotplug/offline_pages.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as zonelists from '../../kernel/mm/page_alloc/zonelists.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import type { New as OfV52 } from './v5.2.ts';
import { v6_6 } from './v6.6.ts';

export const own = {
  functions: {
    pfn_section_valid: mmzone.v5_3.pfn_section_valid,
    $acpi_attach_status: acpi_scan.v5_2.$acpi_attach_status,
    ...dax_cxl.v6_8,
    ...dax_kmem.v6_8,
    ...add_memory.v6_8,
    ...hugetlb_pool.v6_8,
    ...offline_pages.v6_8,
    ...remove_memory.v6_8,
    ...zonelists.v6_8,
  },
  arch: {
    arm64: {
      pfn_section_valid: mmzone.v5_3.pfn_section_valid,
      vmemmap_populate: vmemmap.v5_10.vmemmap_populate,
    },
  },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** Any number of blocks with an altmap each; the usage of a section waits for readers, its pointer may be NULL. */
export const v6_8 = defineRelease({
  name: 'v6.8',
  base: v6_6,
  about: '6.8.0, without any back-port',
  ...own,
});
