import * as arm64_init from '../kernel/arch/arm64/mm/init.ts';
import * as arm64_mmu from '../kernel/arch/arm64/mm/mmu/arch_add_memory.ts';
import * as hotunplug from '../kernel/arch/arm64/mm/mmu/hotunplug.ts';
import * as huge_vmap from '../kernel/arch/arm64/mm/mmu/huge_vmap.ts';
import * as vmemmap from '../kernel/arch/arm64/mm/mmu/vmemmap.ts';
import * as ptdump_debugfs from '../kernel/arch/arm64/mm/ptdump_debugfs.ts';
import * as x86_init from '../kernel/arch/x86/mm/init_64/arch_add_memory.ts';
import * as x86_free from '../kernel/arch/x86/mm/init_64/free_pages.ts';
import type { Pgprot } from '../kernel/config.ts';
import * as memory_block from '../kernel/drivers/base/memory/block.ts';
import * as memory_sysfs from '../kernel/drivers/base/memory/sysfs.ts';
import * as kmem from '../kernel/drivers/dax/kmem.ts';
import * as mmzone from '../kernel/include/linux/mmzone.ts';
import * as add_memory from '../kernel/mm/memory_hotplug/add_memory.ts';
import * as remove_memory from '../kernel/mm/memory_hotplug/remove_memory.ts';
import * as zone_for_pfn_range from '../kernel/mm/memory_hotplug/zone_for_pfn_range.ts';
import * as memory_failure from '../kernel/mm/memory-failure.ts';
import * as memmap_init from '../kernel/mm/page_alloc/memmap_init.ts';
import * as ptdump from '../kernel/mm/ptdump.ts';
import * as sparse from '../kernel/mm/sparse.ts';
import * as populate from '../kernel/mm/sparse-vmemmap/vmemmap_populate.ts';
import { with_dirty } from './mainline/pgprot.ts';

/** A fix that stable kernels took over. */
export interface Backport {
  /** Its id in mainline; null where no source at hand shows it. */
  readonly commit: string | null;
  readonly subject: string;
  /** The first modelled release of mainline that has it. */
  readonly since: string;
  /** The first modelled release that has what is mended; absent if all older ones have. */
  readonly broken?: string;
  /** The stable version of a modelled release in which it arrived; "by 5.4.195": it is in that tree. */
  readonly stable: Readonly<Record<string, string>>;
  /** The kernel's functions that it changes and the model has: before and after. Empty if the model does not show it. */
  readonly functions: Readonly<Record<string, readonly [before: unknown, after: unknown]>>;
  /** How it changes the bits of arm64's kernel mappings: with it, or without it. */
  readonly pgprot?: (prot: Pgprot, has: boolean) => Pgprot;
  /** The architecture on which it changes them, if one alone. */
  readonly arch?: 'x86_64';
  /** By series: what some of these functions have become there, where it is not what mainline has. */
  readonly ported?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The versions for which modelled releases stand. */
export const STANDS_FOR: Readonly<Record<string, string>> = {
  'v5.2': '5.2.1',
  'v5.3': '5.3.1',
  'v5.4': '5.4.195',
  'v5.7': '5.7.14',
  'v5.10': '5.10.223',
  'v6.1': '6.1.192',
  'v6.6': '6.6.87',
  'v6.8': '6.8.0',
  'v6.12': '6.12.117',
  'v6.15': '6.15.0',
  'v6.18': '6.18.35',
  'v7.0': '7.0.0',
  'v7.2': '7.2.13',
};

const numbers = (version: string): number[] =>
  version
    .replace(/^(by )?v?/, '')
    .split('.')
    .map(Number);

function atLeast(version: string, bound: string): boolean {
  const [have, want] = [numbers(version), numbers(bound)];
  for (let i = 0; i < want.length; i++) if ((have[i] ?? 0) !== want[i]) return (have[i] ?? 0) > want[i]!;
  return true;
}

/** Whether a release had not yet what the fix mends. */
export const isBefore = ({ broken }: Backport, release: string): boolean =>
  broken !== undefined && !atLeast(release, broken);

/** Whether the model tells kernels with the fix from those without. */
export const isTold = ({ functions, pgprot }: Backport): boolean =>
  pgprot !== undefined || Object.keys(functions).length > 0;

/** Whether a kernel of this version of a modelled release has the fix. */
export function hasBackport({ since, stable }: Backport, release: string, version: string): boolean {
  if (atLeast(release, since)) return true;
  const arrived = stable[release];
  return arrived !== undefined && atLeast(version, arrived);
}

/** In the order in which they went into mainline. */
export const BACKPORTS: readonly Backport[] = [
  {
    commit: 'feee6b298916',
    subject: 'mm/memory_hotplug: shrink zones when offlining memory',
    since: 'v5.7',
    stable: { 'v5.4': '5.4.9' },
    functions: {},
  },
  {
    commit: '8068df3b6037',
    subject: "mm/memory_hotplug: don't free usage map when removing a re-added early section",
    since: 'v5.7',
    stable: { 'v5.4': '5.4.14' },
    functions: {},
  },
  {
    commit: 'f1037ec0cc8a',
    subject: 'mm/memory_hotplug: fix remove_memory() lockdep splat',
    since: 'v5.7',
    stable: { 'v5.4': '5.4.19' },
    functions: {},
  },
  {
    commit: '1f503443e7df',
    subject: "mm/sparse.c: reset section's mem_map when fully deactivated",
    since: 'v5.7',
    stable: { 'v5.4': '5.4.19' },
    functions: {},
  },
  {
    commit: '53cdc1cb29e8',
    subject: 'drivers/base/memory.c: indicate all memory blocks as removable',
    since: 'v5.7',
    stable: { 'v5.4': 'by 5.4.195' },
    functions: { removable_show: [memory_sysfs.v5_2.removable_show, memory_sysfs.v5_7.removable_show] },
  },
  {
    commit: 'b4223a510e2a',
    subject: 'mm/memory_hotplug: fix unpaired mem_hotplug_begin/done',
    broken: 'v5.7',
    since: 'v5.10',
    stable: { 'v5.7': '5.7.17' },
    functions: {},
  },
  {
    commit: 'eeb0753ba27b',
    subject: 'arm64/mm: Fix pfn_valid() for ZONE_DEVICE based memory',
    since: 'v6.1',
    stable: { 'v5.10': '5.10.24' },
    functions: { pfn_valid: [arm64_init.v5_2.pfn_valid, arm64_init.v5_12.pfn_valid] },
  },
  {
    commit: '7cf209ba8a86',
    subject: 'mm/memory_hotplug: use "unsigned long" for PFN in zone_for_pfn_range()',
    since: 'v6.1',
    stable: { 'v5.4': 'by 5.4.195', 'v5.10': '5.10.68' },
    functions: {
      zone_for_pfn_range: [
        zone_for_pfn_range.v5_2.zone_for_pfn_range,
        zone_for_pfn_range.v5_15.zone_for_pfn_range,
      ],
    },
  },
  {
    commit: null,
    subject: 'arm64: mm: update max_pfn after memory hotplug',
    since: 'v6.1',
    stable: { 'v5.10': '5.10.80' },
    functions: { arch_add_memory: [arm64_mmu.v5_7.arch_add_memory, arm64_mmu.v5_10.arch_add_memory] },
  },
  {
    commit: 'ee017ee35350',
    subject: 'arm64/mm: avoid fixmap race condition when create pud mapping',
    since: 'v6.1',
    stable: { 'v5.10': '5.10.110' },
    // v5.18 moved the lock up once more, to __create_pgd_mapping()
    functions: {},
  },
  {
    commit: 'e686c32590f4',
    subject: 'dax/kmem: Fix leak of memory-hotplug resources',
    since: 'v6.6',
    stable: { 'v5.10': '5.10.173', 'v6.1': '6.1.16' },
    functions: {},
  },
  {
    commit: '001002e73712',
    subject: 'mm/memory_hotplug: add missing mem_hotplug_lock',
    broken: 'v6.1',
    since: 'v6.8',
    stable: { 'v6.1': '6.1.72', 'v6.6': 'by 6.6.9' },
    functions: {},
  },
  {
    commit: 'f42ce5f087eb',
    subject: 'mm/memory_hotplug: fix error handling in add_memory_resource()',
    broken: 'v6.1',
    since: 'v6.8',
    stable: { 'v6.1': '6.1.72', 'v6.6': 'by 6.6.9' },
    functions: {},
  },
  {
    commit: '5ec8e8ea8b77',
    subject: 'mm/sparsemem: fix race in accessing memory_section->usage',
    broken: 'v5.3',
    since: 'v6.8',
    stable: { 'v5.10': '5.10.210', 'v6.1': '6.1.76', 'v6.6': '6.6.15' },
    functions: {
      $section_invalidate: [sparse.v5_3.$section_invalidate, sparse.v6_8.$section_invalidate],
      pfn_valid: [mmzone.v5_3.pfn_valid, mmzone.v6_10.pfn_valid],
    },
  },
  {
    commit: '82f0b6f041fa',
    subject: 'mm: prevent derefencing NULL ptr in pfn_section_valid()',
    broken: 'v5.3',
    since: 'v6.12',
    stable: { 'v5.10': '5.10.222', 'v6.1': '6.1.100', 'v6.6': 'by 6.6.63' },
    functions: { pfn_section_valid: [mmzone.v5_3.pfn_section_valid, mmzone.v6_10.pfn_section_valid] },
  },
  {
    commit: 'd4234d131b0a',
    subject: 'arm64: mm: Populate vmemmap at the page level if not section aligned',
    since: 'v6.15',
    stable: { 'v6.1': '6.1.132', 'v6.6': 'by 6.6.87', 'v6.12': '6.12.20' },
    functions: { vmemmap_populate: [vmemmap.v5_10.vmemmap_populate, vmemmap.v6_1.vmemmap_populate] },
  },
  {
    commit: null,
    subject: 'arm64: mm: Correct the update of max_pfn',
    since: 'v6.15',
    stable: { 'v6.1': '6.1.135', 'v6.12': '6.12.24' },
    functions: { arch_add_memory: [arm64_mmu.v6_6.arch_add_memory, arm64_mmu.v6_1.arch_add_memory] },
  },
  {
    commit: null,
    subject:
      'x86/mm/init: Handle the special case of device private pages in add_pages(), to not increase max_pfn',
    since: 'v6.15',
    stable: { 'v6.1': '6.1.141', 'v6.12': '6.12.31' },
    functions: {
      update_end_of_memory_vars: [
        x86_init.v5_2.update_end_of_memory_vars,
        x86_init.v6_1.update_end_of_memory_vars,
      ],
    },
  },
  {
    commit: null,
    subject: 'arm64: Restrict pagetable teardown to avoid false warning',
    since: 'v6.18',
    stable: { 'v5.10': 'by 5.10.262', 'v6.1': '6.1.143', 'v6.12': '6.12.35' },
    functions: {
      pud_free_pmd_page: [huge_vmap.v5_2.pud_free_pmd_page, huge_vmap.v6_1_192.pud_free_pmd_page],
    },
  },
  {
    commit: null,
    subject: 'mm/memory-failure: fix redundant updates for already poisoned pages',
    broken: 'v6.12',
    since: 'v6.18',
    stable: { 'v6.12': '6.12.48' },
    functions: { $mf_already: [memory_failure.v6_11.$mf_already, memory_failure.v6_12.$mf_already] },
  },
  {
    commit: null,
    subject: 'mm/ptdump: take the memory hotplug lock inside ptdump_walk_pgd()',
    broken: 'v5.7',
    since: 'v6.18',
    stable: { 'v5.10': '5.10.241', 'v6.1': '6.1.149', 'v6.12': '6.12.43' },
    functions: {
      ptdump_walk_pgd: [ptdump.v5_7.ptdump_walk_pgd, ptdump.v6_1_192.ptdump_walk_pgd],
      ptdump_show: [ptdump_debugfs.arm64_v6.ptdump_show, ptdump_debugfs.v5_2.ptdump_show],
    },
  },
  {
    commit: null,
    subject: 'x86/mm/64: define ARCH_PAGE_TABLE_SYNC_MASK and arch_sync_kernel_mappings()',
    broken: 'v6.1',
    since: 'v6.18',
    stable: { 'v6.1': 'by 6.1.192', 'v6.12': 'by 6.12.117' },
    arch: 'x86_64',
    functions: {
      vmemmap_pgd_populate: [populate.v5_2.vmemmap_pgd_populate, populate.v6_17.vmemmap_pgd_populate],
      vmemmap_p4d_populate: [populate.v5_2.vmemmap_p4d_populate, populate.v6_17.vmemmap_p4d_populate],
    },
  },
  {
    commit: null,
    subject: 'drivers/base/node: handle error properly in register_one_node()',
    since: 'v6.18',
    stable: { 'v5.10': 'by 5.10.262', 'v6.1': 'by 6.1.192', 'v6.12': '6.12.53' },
    functions: {},
  },
  {
    commit: 'c25c4aa3f79a',
    subject: 'arm64: mm: Add PTE_DIRTY back to PAGE_KERNEL* to fix kexec/hibernation',
    broken: 'v5.4',
    since: 'v7.0',
    stable: { 'v5.10': '5.10.253', 'v6.1': '6.1.167', 'v6.12': '6.12.78', 'v6.18': 'by 6.18.35' },
    functions: {},
    pgprot: with_dirty,
  },
  {
    commit: '48478b9f7913',
    subject: 'arm64/mm: Enable batched TLB flush in unmap_hotplug_range()',
    broken: 'v5.7',
    since: 'v7.2',
    stable: { 'v5.10': '5.10.259', 'v6.1': '6.1.176', 'v6.12': '6.12.86', 'v6.18': 'by 6.18.35' },
    functions: {
      unmap_hotplug_range: [hotunplug.v6_6.unmap_hotplug_range, hotunplug.v6_1_192.unmap_hotplug_range],
      unmap_hotplug_pud_range: [
        hotunplug.v6_6.unmap_hotplug_pud_range,
        hotunplug.v6_1_192.unmap_hotplug_pud_range,
      ],
      unmap_hotplug_pmd_range: [
        hotunplug.v6_6.unmap_hotplug_pmd_range,
        hotunplug.v6_1_192.unmap_hotplug_pmd_range,
      ],
      unmap_hotplug_pte_range: [
        hotunplug.v6_6.unmap_hotplug_pte_range,
        hotunplug.v6_1_192.unmap_hotplug_pte_range,
      ],
    },
    ported: { 'v5.10': hotunplug.v5_10_262 },
  },
  {
    commit: 'bf9e4e30f353',
    subject: 'x86/mm: use pagetable_free()',
    since: 'v7.0',
    stable: { 'v6.18': '6.18.7' },
    arch: 'x86_64',
    functions: { free_pagetable: [x86_free.v5_2.free_pagetable, x86_free.v6_18_7.free_pagetable] },
  },
  {
    commit: '39406c05f8f1',
    subject: 'x86/mm: Fix freeing of PMD-sized vmemmap pages',
    broken: 'v6.18',
    since: 'v7.2',
    stable: { 'v6.18': '6.18.39' },
    arch: 'x86_64',
    functions: { $free_memmap: [x86_free.v5_2.$free_memmap, x86_free.v7_2.$free_memmap] },
  },
  {
    commit: '93866f55f7e2',
    subject: 'mm/memory_hotplug: fix memory block reference leak on remove',
    broken: 'v6.8',
    since: 'v7.2',
    stable: { 'v6.12': '6.12.92', 'v6.18': 'by 6.18.35' },
    functions: { $altmap_taken: [remove_memory.v6_8.$altmap_taken, remove_memory.v6_12.$altmap_taken] },
  },
  {
    commit: '03a2cc1756a0',
    subject: 'drivers/base/memory: fix memory block reference leak in poison accounting',
    broken: 'v6.6',
    since: 'v7.2',
    stable: { 'v6.12': '6.12.92', 'v6.18': 'by 6.18.35' },
    functions: {
      memblk_nr_poison_inc: [memory_block.v6_2.memblk_nr_poison_inc, memory_block.v6_12.memblk_nr_poison_inc],
    },
  },
  {
    commit: 'a2b8d7827f48',
    subject: 'drivers/base/memory: set mem->altmap after successful device registration',
    broken: 'v6.6',
    since: 'v7.2',
    stable: { 'v6.12': '6.12.95', 'v6.18': 'by 6.18.35' },
    functions: {
      $store_memory_block: [memory_block.v6_6.$store_memory_block, memory_block.v6_12.$store_memory_block],
    },
  },
  {
    commit: null,
    subject: 'mm/memory_hotplug: fix incorrect altmap passing in error path',
    broken: 'v6.6',
    since: 'v7.2',
    stable: { 'v6.6': 'by 6.6.9', 'v6.12': '6.12.97' },
    functions: { $undo_with_altmap: [add_memory.v6_8.$undo_with_altmap, add_memory.v6_6.$undo_with_altmap] },
  },
  {
    commit: null,
    subject: 'mm/mm_init: fix uninitialized struct pages for ZONE_DEVICE',
    broken: 'v6.1',
    since: 'v7.2',
    stable: { 'v6.1': '6.1.184', 'v6.12': '6.12.97' },
    functions: {
      memmap_init_zone_device: [
        memmap_init.v6_6.memmap_init_zone_device,
        memmap_init.v5_2.memmap_init_zone_device,
      ],
    },
  },
  {
    commit: null,
    subject: 'dax/kmem: account for partial discontiguous resource upon removal',
    broken: 'v5.10',
    since: 'v7.2',
    stable: { 'v6.1': '6.1.178', 'v6.12': '6.12.97' },
    functions: {
      dev_dax_kmem_remove: [kmem.v5_10.dev_dax_kmem_remove, kmem.v6_1.dev_dax_kmem_remove],
    },
  },
  {
    commit: null,
    subject: 'mm/sparse-vmemmap: fix vmemmap accounting underflow',
    broken: 'v6.12',
    since: 'v7.2',
    stable: { 'v6.12': '6.12.101' },
    functions: {
      populate_section_memmap: [sparse.v6_11.populate_section_memmap, sparse.v7_2.populate_section_memmap],
    },
  },
  {
    commit: null,
    subject: 'mm/sparse-vmemmap: fix DAX vmemmap accounting with optimization',
    broken: 'v6.12',
    since: 'v7.2',
    stable: { 'v6.12': '6.12.101' },
    functions: { $section_depopulate: [sparse.v6_11.$section_depopulate, sparse.v7_2.$section_depopulate] },
  },
  {
    commit: null,
    subject: 'mm/mm_init: fix pageblock migratetype for ZONE_DEVICE compound pages',
    broken: 'v6.1',
    since: 'v7.2',
    stable: { 'v6.1': 'by 6.1.192', 'v6.12': '6.12.101' },
    functions: {},
  },
  {
    commit: null,
    subject: 'mm/mm_init: handle alloc_percpu failure in free_area_init_core_hotplug',
    broken: 'v6.1',
    since: 'v7.2',
    stable: { 'v6.1': 'by 6.1.192', 'v6.12': '6.12.110' },
    functions: {},
  },
];
