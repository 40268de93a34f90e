import type { Kernel } from '../../kernel/kernel.ts';
import { page_nid, page_zonenum } from '../../kernel/mm/page.ts';
import { R } from '../../kernel/ops.ts';
import { zone_key } from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';
import type { PageKind } from './kinds.ts';

/**
 * The users of PageReserved() that need no change according to the RFC of October 2019, each with its reason in a form
 * that the model can test (functions as in 5.4.214). Users that the model cannot test are in docs/pg-reserved.md.
 */

/** Whether the user gets as far as reading the bit of this page. */
type Reach = (k: Kernel, pfn: number) => Steps<boolean>;

export type Claim =
  /** The user never reads a page of ZONE_DEVICE. */
  | { readonly user: string; readonly reason: string; readonly reaches: Reach }
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
const OWN: readonly PageKind[] = ['A', 'B', 'D'];

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
    user: 'kernel/power/snapshot.c:saveable_page()',
    reason: 'pfn_to_online_page() and the zone of the page',
    reaches: onlineInZone,
  },
  {
    user: 'kernel/power/snapshot.c:saveable_highmem_page()',
    reason: 'pfn_to_online_page() and the zone of the page',
    reaches: onlineInZone,
  },
  { user: 'mm/page_ext.c:free_page_ext()', reason: 'its own table', looks_at: OWN },
  { user: 'mm/hugetlb.c:gather_bootmem_prealloc()', reason: 'boot memory', looks_at: OWN },
  { user: 'drivers/firmware/memmap.c:release_firmware_map_entry()', reason: 'boot memory?', looks_at: OWN },
  { user: 'arch/x86/kernel/alternative.c:__text_poke()', reason: 'kernel text', looks_at: ['B'] },
  { user: 'arch/x86/mm/init_64.c', reason: 'tables and memmap: boot memory?', looks_at: OWN },
  { user: 'arch/powerpc/mm/init_64.c:vmemmap_free()', reason: 'memmap: boot memory?', looks_at: OWN },
];
