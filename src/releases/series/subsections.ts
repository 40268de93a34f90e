import * as x86_vmemmap from '../../kernel/arch/x86/mm/init_64/vmemmap.ts';
import * as memory_block from '../../kernel/drivers/base/memory/block.ts';
import * as node from '../../kernel/drivers/base/node.ts';
import * as nd_pfn_devs from '../../kernel/drivers/nvdimm/pfn_devs.ts';
import * as mmzone from '../../kernel/include/linux/mmzone.ts';
import * as add_pages from '../../kernel/mm/memory_hotplug/add_pages.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as zone_span from '../../kernel/mm/memory_hotplug/zone_span.ts';
import * as memremap from '../../kernel/mm/memremap.ts';
import * as sparse from '../../kernel/mm/sparse.ts';
import { defineRelease, type Release } from '../define.ts';
import { v5_2 } from '../mainline/v5.2.ts';

/** "mm: Sub-section memory hotplug support", version 10 (June 2019), on v5.2. */

/** Patch 1, "mm/sparsemem: introduce struct mem_section_usage": room for the map, which nothing reads yet. */
const subsections_1 = defineRelease({
  name: 'subsections-1',
  base: v5_2,
  about: '5.2.1 with struct mem_section_usage: patch 1 of sub-section memory hotplug, version 10',
  functions: { mem_section_usage_size: sparse.v5_3.mem_section_usage_size },
});

/** All of it, with the block devices by range on which it is based. */
const subsections = defineRelease({
  name: 'subsections',
  base: subsections_1,
  about: '5.2.1 with sub-section memory hotplug, version 10 (June 2019)',
  functions: {
    ...add_pages.v5_3,
    ...memory_block.v5_3,
    ...memremap.v5_3,
    ...mmzone.v5_3,
    ...nd_pfn_devs.v5_3,
    ...node.v5_3,
    ...remove_memory.v5_3,
    ...sparse.v5_3,
    ...zone_span.v5_3,
  },
  arch: { x86_64: { ...x86_vmemmap.v5_3 } },
});

export const subsections_series: readonly Release[] = [subsections_1, subsections];
