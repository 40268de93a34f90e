import * as tlbflush from '../../kernel/arch/arm64/include/asm/tlbflush.ts';
import * as fault from '../../kernel/arch/arm64/mm/fault.ts';
import * as memory_block from '../../kernel/drivers/base/memory/block.ts';
import * as memory_sysfs from '../../kernel/drivers/base/memory/sysfs.ts';
import * as node from '../../kernel/drivers/base/node.ts';
import * as nd_pfn_devs from '../../kernel/drivers/nvdimm/pfn_devs.ts';
import * as proc_page from '../../kernel/fs/proc/page.ts';
import * as add_pages from '../../kernel/mm/memory_hotplug/add_pages.ts';
import * as node_states from '../../kernel/mm/memory_hotplug/node_states.ts';
import * as offline_pages from '../../kernel/mm/memory_hotplug/offline_pages.ts';
import * as online_pages from '../../kernel/mm/memory_hotplug/online_pages.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as zone_for_pfn_range from '../../kernel/mm/memory_hotplug/zone_for_pfn_range.ts';
import * as zone_span from '../../kernel/mm/memory_hotplug/zone_span.ts';
import * as memremap from '../../kernel/mm/memremap.ts';
import * as memmap_init from '../../kernel/mm/page_alloc/memmap_init.ts';
import * as kvm_main from '../../kernel/virt/kvm/kvm_main.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import { PGPROT } from './pgprot.ts';
import type { New as OfV52 } from './v5.2.ts';
import { v5_3 } from './v5.3.ts';

export const own = {
  functions: {
    ...add_pages.v5_5,
    ...memmap_init.v5_4,
    ...memory_block.v5_4,
    ...memremap.v5_4,
    ...memremap.v5_5,
    ...nd_pfn_devs.v5_4,
    ...node.v5_4,
    ...node_states.v5_4,
    ...offline_pages.v5_4,
    ...offline_pages.v5_9,
    ...online_pages.v5_4,
    ...proc_page.v5_4,
    removable_show: memory_sysfs.v5_7.removable_show,
    ...remove_memory.v5_4,
    ...zone_span.v5_4,
    ...zone_span.v5_5,
    ...zone_for_pfn_range.v5_15,
    ...kvm_main.v5_4,
  },
  arch: { arm64: { ...fault.v5_4, ...tlbflush.v5_4 } },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** Node ids are stored, not read from the memmap; late stable: zones shrink when memory goes offline. */
export const v5_4 = defineRelease({
  name: 'v5.4',
  base: v5_3,
  about: '5.4.195, with its back-ports',
  ...own,
  constants: { layout: 'v5.4', pgprot: PGPROT.v5_4, ptdump: 'v5.4' },
});
