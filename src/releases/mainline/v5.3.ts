import * as pgtable from '../../kernel/arch/arm64/include/asm/pgtable.ts';
import * as pageattr from '../../kernel/arch/arm64/mm/pageattr.ts';
import * as x86_vmemmap from '../../kernel/arch/x86/mm/init_64/vmemmap.ts';
import * as memory_block from '../../kernel/drivers/base/memory/block.ts';
import * as node from '../../kernel/drivers/base/node.ts';
import * as dax_kmem from '../../kernel/drivers/dax/kmem.ts';
import * as nd_pfn_devs from '../../kernel/drivers/nvdimm/pfn_devs.ts';
import * as mmzone from '../../kernel/include/linux/mmzone.ts';
import * as add_pages from '../../kernel/mm/memory_hotplug/add_pages.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as zone_span from '../../kernel/mm/memory_hotplug/zone_span.ts';
import * as memremap from '../../kernel/mm/memremap.ts';
import * as sparse from '../../kernel/mm/sparse.ts';
import * as vmalloc_perms from '../../kernel/mm/vmalloc/perms.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import { type New as OfV52, v5_2 } from './v5.2.ts';

export const own = {
  functions: {
    ...add_pages.v5_3,
    ...dax_kmem.v5_3,
    ...mmzone.v5_3,
    ...memremap.v5_3,
    ...nd_pfn_devs.v5_3,
    ...memory_block.v5_3,
    ...node.v5_3,
    ...remove_memory.v5_3,
    ...sparse.v5_3,
    ...zone_span.v5_3,
  },
  arch: {
    arm64: { ...pageattr.v5_3, ...pgtable.v5_3, ...vmalloc_perms.v5_3 },
    x86_64: { ...x86_vmemmap.v5_3 },
  },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** Sub-sections; memory block devices made and removed by range. */
export const v5_3 = defineRelease({
  name: 'v5.3',
  base: v5_2,
  about: '5.3.1',
  ...own,
  constants: { subsections: true },
});
