import type { Kernel } from '../../kernel/kernel.ts';
import type { UserEntry, Vma } from '../../kernel/mm/memory/vm_normal_page.ts';
import { PageHuge, PageReserved, page_nid, page_zonenum } from '../../kernel/mm/page.ts';
import { R } from '../../kernel/ops.ts';
import { zone_key } from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';
import type { PageKind } from './kinds.ts';

/**
 * The users of PageReserved() that need no change according to the RFC of October 2019, each with its reason in a form
 * that the model can test (functions as in 5.4.214). Those of architectures without ZONE_DEVICE are in architectures.ts.
 */

/** Whether the user gets as far as reading the bit of this page. */
type Reach = (k: Kernel, pfn: number) => Steps<boolean>;

export type Claim =
  /** The user never reads a page of ZONE_DEVICE. */
  | {
      readonly user: string;
      readonly reason: string;
      readonly reaches: Reach;
      /** The kinds of RAM that it reads; by default {@link OWN}. */
      readonly reads?: readonly PageKind[];
    }
  /** The user only reads pages of these kinds, whose bit is unchanged. */
  | { readonly user: string; readonly reason: string; readonly looks_at: readonly PageKind[] };

function* zoneOf(k: Kernel, pfn: number): Steps<number> {
  const page = yield* k.pfn_to_page(pfn);
  return zone_key(page_nid(page), page_zonenum(page));
}

function* populatedZone(k: Kernel, pfn: number): Steps<boolean> {
  if (!(yield* k.pfn_valid(pfn))) return false;
  return (yield* R('zone', yield* zoneOf(k, pfn), 'present_pages')) > 0;
}

const online: Reach = function* (k, pfn) {
  return (yield* k.pfn_to_online_page(pfn)) !== null;
};

/** The page is online and belongs to the zone that is scanned, which has pages. */
const onlineInZone: Reach = function* (k, pfn) {
  return (yield* online(k, pfn)) && (yield* populatedZone(k, pfn));
};

/** The user's own pages: boot memory, or from the page allocator. */
export const OWN: readonly PageKind[] = ['A', 'B', 'D'];
/** The pages of a program that have a struct page for the kernel. */
const PROGRAM: readonly PageKind[] = ['A', 'D'];

/** How the pages of a program are mapped: RAM by an ordinary entry, device memory by DAX, the rest by a driver. */
function* mapped(k: Kernel, pfn: number): Steps<{ vma: Vma; entry: UserEntry }> {
  const page = yield* k.pfn_to_page(pfn);
  const devmap = (yield* k.get_dev_pagemap(pfn)) !== 0;
  const driver = PageReserved(page) && !devmap;
  return { vma: { pfnmap: driver }, entry: { pfn, special: devmap || driver, devmap } };
}

const byPte: Reach = function* (k, pfn) {
  if (!(yield* k.pfn_valid(pfn))) return false;
  const { vma, entry } = yield* mapped(k, pfn);
  return (yield* k.vm_normal_page(vma, 0, entry)) >= 0;
};

const byPmd: Reach = function* (k, pfn) {
  if (!(yield* k.pfn_valid(pfn))) return false;
  const { vma, entry } = yield* mapped(k, pfn);
  return (yield* k.vm_normal_page_pmd(vma, 0, { ...entry, special: false })) >= 0;
};

/** The memory of struct pages: what an altmap gave goes back to it, and the bit is not read. */
const notFromAltmap: Reach = function* (k, pfn) {
  return (yield* powerpcVmemmapFree(k, pfn, (yield* k.get_dev_pagemap(pfn)) !== 0)) !== 'vmem_altmap_free';
};

/**
 * arch/powerpc/mm/init_64.c: vmemmap_free() of 5.4.286, for one page of struct pages: how it is freed. `in_altmap`: it
 * lies in the altmap that the caller passes.
 */
export function* powerpcVmemmapFree(
  k: Kernel,
  pfn: number,
  inAltmap: boolean,
): Steps<'vmem_altmap_free' | 'free_reserved_page' | 'free_pages'> {
  if (inAltmap) return 'vmem_altmap_free';
  return (yield* k.PageReserved(pfn, 'vmemmap_free')) ? 'free_reserved_page' : 'free_pages';
}

export const claims: readonly Claim[] = [
  {
    user: 'mm/page_owner.c:pagetypeinfo_showmixedcount_print()',
    reason: 'walks populated zones, and only what is online in them',
    reaches: onlineInZone,
  },
  {
    user: 'mm/page_owner.c:init_pages_in_zone()',
    reason: 'ZONE_DEVICE is never populated',
    reaches: populatedZone,
  },
  {
    user: 'mm/page_alloc.c:pfn_range_valid_contig()',
    reason: 'pfn_to_online_page() and the zone of the page',
    reaches: onlineInZone,
  },
  {
    user: 'mm/memory-failure.c:hwpoison_user_mappings()',
    reason: 'memory_failure() turns elsewhere without pfn_to_online_page()',
    reaches: online,
  },
  {
    user: 'mm/memory-failure.c:hwpoison_user_mappings() by memory_failure_hugetlb()',
    reason: 'only huge pages of hugetlb, which are RAM',
    *reaches(k, pfn) {
      return (yield* online(k, pfn)) && PageHuge(yield* k.pfn_to_page(pfn));
    },
    reads: [],
  },
  {
    user: 'mm/mempolicy.c:queue_pages_pte_range()',
    reason: 'vm_normal_page() has no page for pte_devmap()',
    reaches: byPte,
    reads: PROGRAM,
  },
  {
    user: 'fs/proc/task_mmu.c:can_gather_numa_stats()',
    reason: 'vm_normal_page() has no page for pte_devmap()',
    reaches: byPte,
    reads: PROGRAM,
  },
  {
    user: 'fs/proc/task_mmu.c:can_gather_numa_stats_pmd()',
    reason: 'vm_normal_page_pmd() has no page for pmd_devmap()',
    reaches: byPmd,
    reads: PROGRAM,
  },
  {
    user: 'kernel/power/snapshot.c:saveable_page()',
    reason: 'pfn_to_online_page() and the zone of the page',
    reaches: onlineInZone,
  },
  {
    user: 'kernel/power/snapshot.c:saveable_highmem_page()',
    reason: 'pfn_to_online_page() and the zone of the page',
    reaches: onlineInZone,
  },
  { user: 'fs/proc/page.c:stable_page_flags()', reason: 'the bit is copied', reaches: online },
  { user: 'mm/page_alloc.c:has_unmovable_pages()', reason: 'memory blocks are isolated', looks_at: OWN },
  { user: 'mm/page_ext.c:free_page_ext()', reason: 'its own table', looks_at: OWN },
  { user: 'mm/hugetlb.c:gather_bootmem_prealloc()', reason: 'boot memory', looks_at: OWN },
  { user: 'drivers/firmware/memmap.c:release_firmware_map_entry()', reason: 'boot memory?', looks_at: OWN },
  { user: 'arch/x86/kernel/alternative.c:__text_poke()', reason: 'kernel text', looks_at: ['B'] },
  { user: 'arch/x86/mm/init_64.c', reason: 'tables and memmap: boot memory?', looks_at: OWN },
  {
    user: 'arch/powerpc/mm/init_64.c:vmemmap_free()',
    reason: 'what an altmap gave goes back to it; else: boot memory?',
    reaches: notFromAltmap,
  },
];
