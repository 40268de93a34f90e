import * as arm64_mmu from '../../kernel/arch/arm64/mm/mmu/arch_add_memory.ts';
import * as hotunplug from '../../kernel/arch/arm64/mm/mmu/hotunplug.ts';
import * as arm64_ptdump from '../../kernel/arch/arm64/mm/ptdump.ts';
import * as ptdump_debugfs from '../../kernel/arch/arm64/mm/ptdump_debugfs.ts';
import * as x86_debug_pagetables from '../../kernel/arch/x86/mm/debug_pagetables.ts';
import * as memory_block from '../../kernel/drivers/base/memory/block.ts';
import * as memory from '../../kernel/drivers/base/memory/online.ts';
import * as memory_sysfs from '../../kernel/drivers/base/memory/sysfs.ts';
import * as dax_bus from '../../kernel/drivers/dax/bus.ts';
import * as dax_device from '../../kernel/drivers/dax/device.ts';
import * as hmem_device from '../../kernel/drivers/dax/hmem/device.ts';
import * as hmem from '../../kernel/drivers/dax/hmem/hmem.ts';
import * as namespace_devs from '../../kernel/drivers/nvdimm/namespace_devs.ts';
import * as nd_pfn_devs from '../../kernel/drivers/nvdimm/pfn_devs.ts';
import * as nd_region_devs from '../../kernel/drivers/nvdimm/region_devs.ts';
import * as vfio_iommu from '../../kernel/drivers/vfio/vfio_iommu_type1.ts';
import * as proc_page from '../../kernel/fs/proc/page.ts';
import * as gup from '../../kernel/mm/gup.ts';
import * as add_pages from '../../kernel/mm/memory_hotplug/add_pages.ts';
import * as offline_pages from '../../kernel/mm/memory_hotplug/offline_pages.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as zone_for_pfn_range from '../../kernel/mm/memory_hotplug/zone_for_pfn_range.ts';
import * as page_alloc from '../../kernel/mm/page_alloc/page_alloc.ts';
import * as pagewalk from '../../kernel/mm/pagewalk.ts';
import * as pgtable_generic from '../../kernel/mm/pgtable-generic.ts';
import * as ptdump from '../../kernel/mm/ptdump.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import type { New as OfV52 } from './v5.2.ts';
import { v5_4 } from './v5.4.ts';

export const own = {
  functions: {
    ...gup.v5_7,
    ...dax_bus.v5_7,
    ...dax_device.v5_7,
    ...hmem.v5_7,
    ...hmem_device.v5_7,
    ...add_pages.v5_7,
    ...memory.v5_7,
    ...memory_block.v5_7,
    ...memory_sysfs.v5_7,
    ...nd_pfn_devs.v5_7,
    ...namespace_devs.v5_7,
    ...nd_region_devs.v5_7,
    ...offline_pages.v5_5,
    $drain_again: offline_pages.v5_2.$drain_again,
    ...page_alloc.v5_5,
    ...proc_page.v5_7,
    ...remove_memory.v5_7,
    ...vfio_iommu.v5_5,
    zone_for_pfn_range: zone_for_pfn_range.v5_2.zone_for_pfn_range,
  },
  arch: {
    arm64: {
      ...arm64_mmu.arm64_v6,
      ...arm64_mmu.v5_7,
      ...hotunplug.arm64_v6,
      ...hotunplug.v5_7,
      ...pgtable_generic.v5_7,
      ...ptdump_debugfs.arm64_v6,
      ...arm64_ptdump.v5_7,
      ...pagewalk.v5_7,
      ...ptdump.v5_7,
    },
    x86_64: {
      ...x86_debug_pagetables.v5_7,
      ...pgtable_generic.v5_7,
      ...pagewalk.v5_7,
      ...ptdump.v5_7,
    },
  },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** arm64 hot-remove; memory with holes can neither go offline nor be onlined again. */
export const v5_7 = defineRelease({
  name: 'v5.7',
  base: v5_4,
  about: '5.7.14',
  ...own,
  memory_chain: { arm64: [arm64_mmu.prevent_bootmem_remove_notifier_silent] },
  constants: {
    zones: {
      arm64: ['DMA', 'DMA32', 'Normal', 'Movable'],
      x86_64: ['DMA', 'DMA32', 'Normal', 'Movable'],
    },
    ARCH_KEEP_MEMBLOCK: { arm64: true, x86_64: false },
    MEMORY_HOTREMOVE: { arm64: true, x86_64: true },
    holes: 'reserved',
    mem_limits_hotplug: false,
    ptdump: 'v5.7',
  },
});
