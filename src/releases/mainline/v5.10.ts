import * as fault from '../../kernel/arch/arm64/mm/fault.ts';
import * as arm64_init from '../../kernel/arch/arm64/mm/init.ts';
import * as arm64_mmu from '../../kernel/arch/arm64/mm/mmu/arch_add_memory.ts';
import * as create_pgd_mapping from '../../kernel/arch/arm64/mm/mmu/create_pgd_mapping.ts';
import * as hotunplug from '../../kernel/arch/arm64/mm/mmu/hotunplug.ts';
import * as pgattr_change_is_safe from '../../kernel/arch/arm64/mm/mmu/pgattr_change_is_safe.ts';
import * as vmemmap from '../../kernel/arch/arm64/mm/mmu/vmemmap.ts';
import * as acpi_scan from '../../kernel/drivers/acpi/scan.ts';
import * as memory_block from '../../kernel/drivers/base/memory/block.ts';
import * as groups from '../../kernel/drivers/base/memory/groups.ts';
import * as node from '../../kernel/drivers/base/node.ts';
import * as dax_bus from '../../kernel/drivers/dax/bus.ts';
import * as dax_device from '../../kernel/drivers/dax/device.ts';
import * as dax_kmem from '../../kernel/drivers/dax/kmem.ts';
import * as virtio_mem from '../../kernel/drivers/virtio/virtio_mem/virtio_mem.ts';
import * as mmzone from '../../kernel/include/linux/mmzone.ts';
import * as numa from '../../kernel/include/linux/numa.ts';
import * as rcupdate from '../../kernel/include/linux/rcupdate.ts';
import * as resource from '../../kernel/kernel/resource.ts';
import * as debug from '../../kernel/mm/debug.ts';
import * as gup from '../../kernel/mm/gup.ts';
import * as hugetlb_sysfs from '../../kernel/mm/hugetlb/hugetlb_sysfs.ts';
import * as add_memory from '../../kernel/mm/memory_hotplug/add_memory.ts';
import * as memmap_on_memory from '../../kernel/mm/memory_hotplug/memmap_on_memory.ts';
import * as offline_pages from '../../kernel/mm/memory_hotplug/offline_pages.ts';
import * as online_pages from '../../kernel/mm/memory_hotplug/online_pages.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as zone_for_pfn_range from '../../kernel/mm/memory_hotplug/zone_for_pfn_range.ts';
import * as zone_span from '../../kernel/mm/memory_hotplug/zone_span.ts';
import * as memory_failure from '../../kernel/mm/memory-failure.ts';
import * as memremap from '../../kernel/mm/memremap.ts';
import * as page_isolation from '../../kernel/mm/page_isolation.ts';
import * as sparse from '../../kernel/mm/sparse.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import { PGPROT } from './pgprot.ts';
import type { New as OfV52 } from './v5.2.ts';
import { v5_7 } from './v5.7.ts';

export const own = {
  functions: {
    ...gup.v5_10,
    ...memory_failure.v5_10,
    ...acpi_scan.v5_10,
    ...add_memory.v5_10,
    ...dax_bus.v5_10,
    ...dax_device.v5_10,
    ...dax_kmem.v5_10,
    ...memory_block.v5_8,
    ...groups.v5_8,
    ...hugetlb_sysfs.v5_8,
    ...node.v5_10,
    ...offline_pages.v5_9,
    ...offline_pages.v5_10,
    ...online_pages.v5_10,
    ...memmap_on_memory.v5_10,
    ...page_isolation.v5_8,
    ...remove_memory.v5_10,
    ...resource.v5_10,
    ...zone_for_pfn_range.v5_15,
    ...debug.v5_10,
    ...sparse.v5_9,
    ...sparse.v6_8,
    ...rcupdate.v6_8,
    ...mmzone.v6_10,
    ...memremap.v5_10,
  },
  arch: {
    arm64: {
      ...fault.v5_10,
      ...arm64_init.v5_12,
      ...zone_span.holes_in_zone,
      ...create_pgd_mapping.v5_10,
      ...arm64_mmu.v5_10,
      ...hotunplug.v5_10,
      ...pgattr_change_is_safe.v5_10,
      ...vmemmap.v5_10,
      ...numa.v5_10,
    },
    // VIRTIO_MEM depends on X86_64 in 5.10.7, and in many later releases
    x86_64: {
      ...virtio_mem.v5_8,
      online_page_callback: virtio_mem.v5_8.virtio_mem_online_page_cb,
    },
  },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** Memory goes online and offline by whole sections, isolated until the end; driver-managed memory. */
export const v5_10 = defineRelease({
  name: 'v5.10',
  base: v5_7,
  about: '5.10.223',
  ...own,
  constants: { bare_metal_blocks: true, holes: 'zone', pgprot: PGPROT.v5_10, ptdump: 'v5.10' },
});
