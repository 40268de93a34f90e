import * as radix from '../../kernel/arch/powerpc/kvm/book3s_64_mmu_radix.ts';
import * as hash_utils from '../../kernel/arch/powerpc/mm/book3s64/hash_utils.ts';
import * as powerpc_pgtable from '../../kernel/arch/powerpc/mm/pgtable.ts';
import * as kvm_mmu from '../../kernel/arch/x86/kvm/mmu.ts';
import * as x86_ioremap from '../../kernel/arch/x86/mm/ioremap.ts';
import * as hv_balloon from '../../kernel/drivers/hv/hv_balloon.ts';
import * as gasket from '../../kernel/drivers/staging/gasket/gasket_page_table.ts';
import * as kpc_dma from '../../kernel/drivers/staging/kpc2000/kpc_dma/fileops.ts';
import * as vfio_iommu from '../../kernel/drivers/vfio/vfio_iommu_type1.ts';
import * as xen_balloon from '../../kernel/drivers/xen/balloon.ts';
import * as offline_pages from '../../kernel/mm/memory_hotplug/offline_pages.ts';
import * as pfn_to_online_page from '../../kernel/mm/memory_hotplug/pfn_to_online_page.ts';
import * as zone_device from '../../kernel/mm/memory_hotplug/zone_device.ts';
import * as memmap_init from '../../kernel/mm/page_alloc/memmap_init.ts';
import * as page_alloc from '../../kernel/mm/page_alloc/page_alloc.ts';
import * as usercopy from '../../kernel/mm/usercopy.ts';
import * as kvm_main from '../../kernel/virt/kvm/kvm_main.ts';
import { defineRelease, type Release } from '../define.ts';
import { v5_3 } from '../mainline/v5.3.ts';
import { v5_4 } from '../mainline/v5.4.ts';

/**
 * The core change of the RFC "mm: Don't mark hotplugged pages PG_reserved (including ZONE_DEVICE)" (22 October 2019) on
 * v5.3, where PG_reserved of the first page still decides whether a chunk is freed.
 */
export const pg_reserved_v5_3 = defineRelease({
  name: 'pg-reserved-v5.3',
  base: v5_3,
  about: 'no PG_reserved on hot-added pages (RFC of October 2019), on v5.3',
  functions: { memmap_init_range: memmap_init.v6_11.memmap_init_range },
});

/**
 * The base of the RFC, linux-next of October 2019. v5.4 has since got KVM's own treatment of device pages, which is
 * left out here; vfio tests the page itself.
 */
export const pg_reserved_base = defineRelease({
  name: 'pg-reserved-base',
  base: v5_4,
  about: 'linux-next of October 2019, before the RFC on PG_reserved',
  functions: { ...kvm_main.v5_2, ...vfio_iommu.v5_5 },
});

/** The last patch of the RFC and the first, without those between: the users of PG_reserved are not converted. */
export const pg_reserved_unconverted = defineRelease({
  name: 'pg-reserved-unconverted',
  base: pg_reserved_base,
  about: 'the RFC on PG_reserved without the patches that prepare its users',
  functions: {
    ...offline_pages.v5_5,
    ...page_alloc.v5_5,
    ...zone_device.pg_reserved,
    memmap_init_range: memmap_init.v6_11.memmap_init_range,
  },
});

/** The RFC as posted. */
export const pg_reserved = defineRelease({
  name: 'pg-reserved',
  base: pg_reserved_unconverted,
  about: 'no PG_reserved on hot-added pages, the RFC of October 2019',
  functions: {
    ...gasket.pg_reserved,
    ...hash_utils.pg_reserved,
    ...hv_balloon.pg_reserved,
    ...kpc_dma.pg_reserved,
    ...kvm_main.pg_reserved,
    ...kvm_mmu.pg_reserved,
    ...powerpc_pgtable.pg_reserved,
    ...radix.pg_reserved,
    ...usercopy.pg_reserved,
    ...vfio_iommu.pg_reserved,
    ...x86_ioremap.pg_reserved,
    ...xen_balloon.pg_reserved,
  },
});

/** Its next version leaves out both staging drivers, and usercopy but for a comment. */
export const pg_reserved_v1 = defineRelease({
  name: 'pg-reserved-v1',
  base: pg_reserved,
  about: 'no PG_reserved on hot-added pages, version 1: usercopy, gasket and kpc2000 as they were',
  functions: { ...gasket.v5_2, ...kpc_dma.v5_2, ...usercopy.v5_2 },
});

/** The RFC on a pfn_to_online_page() that recognises device memory in a section of RAM. */
export const pg_reserved_taint = defineRelease({
  name: 'pg-reserved-taint',
  base: pg_reserved,
  about: 'the RFC on PG_reserved with pfn_to_online_page() of v5.12',
  functions: { ...pfn_to_online_page.v5_12, ...zone_device.v5_12 },
});

/** The RFC with KVM also reading the memory type of online pages. */
export const pg_reserved_memtype = defineRelease({
  name: 'pg-reserved-memtype',
  base: pg_reserved,
  about: 'the RFC on PG_reserved, kvm_is_mmio_pfn() looking at the memory type of every page',
  functions: { ...kvm_mmu.B87_cure },
});

/**
 * What the RFC mentions as sufficient in most places, besides KVM and vfio: is_zone_device_page() where it has
 * pfn_to_online_page().
 */
export const pg_reserved_zone_device = defineRelease({
  name: 'pg-reserved-zone-device',
  base: pg_reserved,
  about: 'the RFC on PG_reserved, is_zone_device_page() in place of pfn_to_online_page() but in KVM and vfio',
  functions: {
    ...hash_utils.pg_reserved_zone_device,
    ...powerpc_pgtable.pg_reserved_zone_device,
    ...radix.pg_reserved_zone_device,
    ...x86_ioremap.pg_reserved_zone_device,
  },
});

/** The RFC in all its forms. */
export const pg_reserved_series: readonly Release[] = [
  pg_reserved_v5_3,
  pg_reserved_base,
  pg_reserved_unconverted,
  pg_reserved,
  pg_reserved_v1,
  pg_reserved_taint,
  pg_reserved_memtype,
  pg_reserved_zone_device,
];
