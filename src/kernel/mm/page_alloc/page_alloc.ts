import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { zone_lock, zone_unlock } from '../../locks.ts';
import { add } from '../../ops.ts';
import { hex } from '../../pfn.ts';
import { zone_key } from '../../state.ts';
import {
  NO_PAGE,
  type Page,
  PageHWPoison,
  PageOffline,
  PG_reserved,
  page_nid,
  page_use,
  page_zonenum,
  USE,
  with_use,
} from '../page.ts';
import {
  access_pages,
  first_of_valid,
  is_page_of_zone,
  mapped_page,
  page_operation,
} from '../page_access.ts';

const OFFLINE = '__offline_isolated_pages';

/** A page that is in use although the range has been found to be free. */
const is_busy = (page: Page): boolean =>
  page !== NO_PAGE &&
  page_use(page) !== USE.FREE &&
  page_use(page) !== USE.NONE &&
  !PageOffline(page) &&
  !PageHWPoison(page);

/** Removes free pages from the buddy, up to a page that is in use; what that page is, or NO_PAGE if there is none. */
const take_free = page_operation({
  name: 'take_free',
  writes: true,
  first_unmapped: (state, start, end, _reserve: boolean, nr_pages: number) =>
    first_of_valid(state, start, end, nr_pages),
  tell: ([start, end], busy) => ({
    kind: 'does',
    what: `del_page_from_free_list() of ${hex(start)}-${hex(end - 1)}`,
    value: busy === NO_PAGE ? undefined : 'a page is not free',
  }),
  run(state, start, end, reserve: boolean, _nr_pages: number): Page {
    const busy = state.pages.first(start, end, is_busy);
    state.pages.update(start, busy < 0 ? end : busy, (page) => {
      if (page === NO_PAGE) return page;
      // pages that a driver has taken stay with it when the block is onlined again (virtio-mem)
      if (PageOffline(page)) return page;
      const gone = with_use(page, USE.NONE);
      return reserve ? gone | PG_reserved : gone;
    });
    return busy < 0 ? NO_PAGE : state.pages.get(busy);
  },
});

/** Under zone->lock. A page that was taken after the last test for free pages is a BUG. */
function* take_offline(k: Kernel, zone: number, start: number, end: number, reserve: boolean): Steps<void> {
  yield* zone_lock(zone);
  const busy = yield* access_pages(k, OFFLINE, take_free, start, end, reserve, k.c.PAGES_PER_SECTION);
  if (busy !== NO_PAGE) {
    const is_counted = page_use(busy) !== USE.ISOLATED && page_use(busy) !== USE.PCP;
    yield* k.BUG(OFFLINE, `BUG_ON(${is_counted ? 'page_count' : '!PageBuddy'}(page))`);
  }
  yield* zone_unlock(zone);
}

const zone_of = (page: Page): number => zone_key(page_nid(page), page_zonenum(page));

/** A page that migration is to move: an LRU page, pinned or not, or a hugetlb page in use. */
export const is_migratable = (page: Page): boolean =>
  page_use(page) === USE.MOVABLE || page_use(page) === USE.PINNED || page_use(page) === USE.HUGE_USED;

export const v5_2 = {
  *adjust_managed_page_count(this: Kernel, zone: number, pages: number): Steps<void> {
    yield* add('zone', zone, 'managed_pages', pages);
    yield* add('vars', 0, 'totalram_pages', pages);
  },

  /**
   * The first struct page of a range if all of it belongs to the zone, else NO_PAGE. Compaction calls it for every
   * pageblock that it scans, without any lock (B52, B89).
   */
  *__pageblock_pfn_to_page(this: Kernel, start_pfn: number, end_pfn: number, zone: number): Steps<Page> {
    if (!(yield* this.pfn_valid(start_pfn))) return NO_PAGE;
    return yield* pageblock_of_zone(this, start_pfn, end_pfn - 1, zone);
  },

  /** __offline_isolated_pages: until v5.4 it set PG_reserved on every page again. */
  *__offline_isolated_pages(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<void> {
    yield* this.offline_mem_sections(start_pfn, end_pfn);
    yield* take_offline(this, zone, start_pfn, end_pfn, true);
  },
};

/** The rest of __pageblock_pfn_to_page(), the same in all releases. */
function* pageblock_of_zone(k: Kernel, start_pfn: number, last_pfn: number, zone: number): Steps<Page> {
  if (!(yield* k.pfn_valid(last_pfn))) return NO_PAGE;
  const start_page = yield* k.pfn_to_online_page(start_pfn);
  if (start_page === null) return NO_PAGE;
  const where = '__pageblock_pfn_to_page';
  const first = yield* mapped_page(k, start_pfn, start_page, where);
  if (!(yield* is_page_of_zone(k, start_pfn, first, zone, 'page_to_nid'))) return NO_PAGE;
  const last = yield* mapped_page(k, last_pfn, yield* k.pfn_to_page(last_pfn), where);
  return zone_of(last) === zone ? first : NO_PAGE;
}

export const v5_5 = {
  *__offline_isolated_pages(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<void> {
    yield* this.offline_mem_sections(start_pfn, end_pfn);
    yield* take_offline(this, zone, start_pfn, end_pfn, false);
  },
};

export const v6_6 = {
  /** The first pfn is checked once (6.12.117). */
  *__pageblock_pfn_to_page(this: Kernel, start_pfn: number, end_pfn: number, zone: number): Steps<Page> {
    return yield* pageblock_of_zone(this, start_pfn, end_pfn - 1, zone);
  },
};
