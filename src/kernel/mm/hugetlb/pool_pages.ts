import type { Steps } from '../../../steps/step.ts';
import type { Config } from '../../config.ts';
import type { Kernel } from '../../kernel.ts';
import { zone_lock, zone_unlock } from '../../locks.ts';
import { look, operation, R } from '../../ops.ts';
import { type State, zone_key } from '../../state.ts';
import {
  MIGRATE,
  type Page,
  PageHuge,
  PageHWPoison,
  PageReserved,
  page_migratetype,
  page_nid,
  page_use,
  page_zonenum,
  USE,
  with_hstate,
} from '../page.ts';
import { access_pages, first_of_online, page_operation } from '../page_access.ts';

/** The source of a pool's pages: the buddy allocator, or a contiguous range for sizes that the buddy does not have. */

/** Adjacent huge pages. */
export interface HugePages {
  readonly pfn: number;
  readonly nr: number;
}

export const hstate_is_gigantic = (c: Config, order: number): boolean => order >= c.MAX_ORDER;

const is_buddy = (page: Page): boolean =>
  page_use(page) === USE.FREE && page_migratetype(page) !== MIGRATE.ISOLATE && !PageHWPoison(page);

/** Runs in one zone, as spans of pages that satisfy the test. */
function* spans(
  state: State,
  zone: number,
  test: (page: Page) => boolean,
): Generator<{ start: number; end: number }> {
  const { zone_start_pfn, spanned_pages } = state.zone.get(zone)!;
  let span: { start: number; end: number } | null = null;
  for (const { start, end, value } of state.pages.in(zone_start_pfn, zone_start_pfn + spanned_pages)) {
    const own = zone_key(page_nid(value), page_zonenum(value)) === zone && test(value);
    if (own && span) span.end = end;
    else if (own) span = { start, end };
    else if (span) yield span;
    if (!own) span = null;
  }
  if (span) yield span;
}

const align_up = (pfn: number, nr_pages: number): number => Math.ceil(pfn / nr_pages) * nr_pages;

/** Free pages of a zone: up to `most` adjacent huge pages. */
const find_buddy = operation({
  name: 'find_buddy',
  obj: 'pages',
  writes: false,
  run(state: State, zone: number, order: number, most: number): HugePages | null {
    const nr_pages = 2 ** order;
    for (const { start, end } of spans(state, zone, is_buddy)) {
      const pfn = align_up(start, nr_pages);
      const nr = Math.min(most, Math.floor((end - pfn) / nr_pages));
      if (nr >= 1) return { pfn, nr };
    }
    return null;
  },
});

/** A search for aligned ranges of a zone all of whose pages pass the test. */
interface Search {
  readonly zone: number;
  readonly nr_pages: number;
  readonly valid: (page: Page) => boolean;
  readonly section: number;
}

function range_from(state: State, from: number, { zone, nr_pages, valid }: Search): number {
  for (const { start, end } of spans(state, zone, valid)) {
    const pfn = align_up(Math.max(start, from), nr_pages);
    if (pfn + nr_pages <= end) return pfn;
  }
  return -1;
}

/**
 * The first such range that begins in [from, end), or -1. Of each range the pages are read in order, up to the first
 * that does not pass; pages that are not online are not read (pfn_range_valid_gigantic()).
 */
const next_range = page_operation({
  name: 'next_range',
  writes: false,
  first_unmapped(state, from, end, search: Search): number {
    const { zone, nr_pages, valid, section } = search;
    const passes = (page: Page): boolean =>
      zone_key(page_nid(page), page_zonenum(page)) === zone && valid(page);
    const found = range_from(state, from, search);
    const limit = found < 0 ? end : found;
    for (let pfn = first_of_online(state, from, limit, section); pfn >= 0; ) {
      const start = Math.floor(pfn / nr_pages) * nr_pages;
      if (start >= from && start + nr_pages <= end) {
        const refused = state.pages.first(start, pfn, (page) => !passes(page));
        if (refused < 0) return pfn;
      }
      pfn = first_of_online(state, start + nr_pages, limit, section);
    }
    return -1;
  },
  run: (state, from, _end, search: Search): number => range_from(state, from, search),
});

const make_huge = page_operation({
  name: 'make_huge',
  writes: true,
  run: (state, start, end, hstate: number): void =>
    state.pages.update(start, end, (page) => with_hstate(page, USE.HUGE_USED, hstate)),
});

export const v5_2 = {
  /** How many of `most` huge pages are handled in one step. */
  *$huge_pages_at_once(this: Kernel, _most: number): Steps<number> {
    return 1;
  },

  /** Keys of the zones of a node that an allocation may use, best first (node_zonelist with __GFP_THISNODE). */
  $hugetlb_zones(this: Kernel, nid: number, order: number): number[] {
    // htlb_alloc_mask: gigantic pages could not be migrated away, so they are kept out of ZONE_MOVABLE
    const highest = hstate_is_gigantic(this.c, order) ? this.c.ZONE_NORMAL : this.c.ZONE_MOVABLE;
    return Array.from({ length: highest + 1 }, (_, i) => zone_key(nid, highest - i));
  },

  /** Up to `most` adjacent new huge pages on one node, each with a reference. */
  *alloc_fresh_huge_page(this: Kernel, order: number, nid: number, most: number): Steps<HugePages | null> {
    if (hstate_is_gigantic(this.c, order)) return yield* this.alloc_gigantic_page(order, nid);
    const n = yield* this.$huge_pages_at_once(most);
    const hstate = this.c.huge_page_orders.indexOf(order);
    for (const zone of this.$hugetlb_zones(nid, order)) {
      yield* zone_lock(zone);
      const found = yield* look(find_buddy, zone, order, n);
      if (found) {
        const end = found.pfn + found.nr * 2 ** order;
        yield* access_pages(this, 'prep_new_huge_page', make_huge, found.pfn, end, hstate);
      }
      yield* zone_unlock(zone);
      if (found) return found;
    }
    return null;
  },

  /** Tries one range after another, from the start of the zone; alloc_contig_pages() since v5.5. */
  *alloc_gigantic_page(this: Kernel, order: number, nid: number): Steps<HugePages | null> {
    const nr_pages = 2 ** order;
    const valid = (page: Page): boolean => this.pfn_range_valid_gigantic(page);
    const hstate = this.c.huge_page_orders.indexOf(order);
    for (const zone of this.$hugetlb_zones(nid, order)) {
      const end = yield* this.zone_end_pfn(zone);
      const search = { zone, nr_pages, valid, section: this.c.PAGES_PER_SECTION };
      for (let pfn = yield* R('zone', zone, 'zone_start_pfn'); ; pfn += nr_pages) {
        yield* zone_lock(zone);
        pfn = yield* access_pages(
          this,
          'pfn_range_valid_gigantic',
          next_range,
          pfn,
          Math.max(pfn, end),
          search,
        );
        yield* zone_unlock(zone);
        if (pfn < 0) break;
        if (yield* this.alloc_contig_range(zone, pfn, pfn + nr_pages)) continue;
        yield* access_pages(this, 'prep_compound_gigantic_page', make_huge, pfn, pfn + nr_pages, hstate);
        return { pfn, nr: 1 };
      }
    }
    return null;
  },

  /** Whether a page may be part of a candidate range: until v5.12 not if it is in use. */
  pfn_range_valid_gigantic(this: Kernel, page: Page): boolean {
    return page_use(page) === USE.FREE;
  },
};

export const v5_13 = {
  /** Pages in use can be migrated away; only huge pages exclude a range. */
  pfn_range_valid_gigantic(this: Kernel, page: Page): boolean {
    return page_use(page) !== USE.NONE && !PageReserved(page) && !PageHuge(page);
  },
};
