import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { zone_lock, zone_unlock } from '../../locks.ts';
import { add, change, look, operation } from '../../ops.ts';
import { type State, zone_key } from '../../state.ts';
import {
  MIGRATE,
  NO_PAGE,
  type Page,
  PageHWPoison,
  PageOffline,
  PG_hwpoison,
  PG_reserved,
  page_migratetype,
  page_nid,
  page_use,
  page_zonenum,
  USE,
  with_use,
} from '../page.ts';

/** mm/page_alloc.c at run granularity: pages enter and leave the allocator as ranges. __free_pages_core over a range; PageOffline pages stay with their driver. Returns pages that became managed. */
const free_range = operation({
  name: 'free_range',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'vars'],
  run(state: State, start: number, end: number): number {
    let freed = 0;
    for (const run of state.pages.in(start, end)) {
      if (!PageOffline(run.value) && !PageHWPoison(run.value)) freed += run.end - run.start;
    }
    state.pages.update(start, end, (page) =>
      PageOffline(page) || PageHWPoison(page) ? page : with_use(page & ~PG_reserved, USE.FREE),
    );
    return freed;
  },
});

/** Every free page leaves the buddy; the caller knows that nothing else is left in the range. */
const take_free = operation({
  name: 'take_free',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'vars'],
  run(state: State, start: number, end: number, reserve: boolean): void {
    state.pages.update(start, end, (page) => {
      // what a driver has taken out stays out when the block comes back (virtio-mem)
      if (PageOffline(page)) return page;
      const gone = with_use(page, USE.NONE) & ~PG_hwpoison;
      return reserve ? gone | PG_reserved : gone;
    });
  },
});

const zone_of = (page: Page): number => zone_key(page_nid(page), page_zonenum(page));

/** One range that migration empties into free pages elsewhere. */
interface Move {
  readonly from: number;
  readonly to: number;
  readonly nr_pages: number;
}

/** Where the LRU pages of the range would go: free pages that are not isolated, other nodes first or the own one. */
const plan_migration = operation({
  name: 'plan_migration',
  obj: 'pages',
  writes: false,
  run(state: State, start: number, end: number, near: boolean): Move[] {
    const sources = [...state.pages.in(start, end)].filter(({ value }) => page_use(value) === USE.MOVABLE);
    if (sources.length === 0) return [];
    const nid = page_nid(sources[0]!.value);
    const own = (page: Page): boolean => (page_nid(page) === nid) !== near;
    const free = [...state.pages.in(0, Number.MAX_SAFE_INTEGER)]
      .filter(({ value }) => page_use(value) === USE.FREE && page_migratetype(value) !== MIGRATE.ISOLATE)
      .sort((a, b) => Number(own(a.value)) - Number(own(b.value)) || a.start - b.start);
    const moves: Move[] = [];
    let target = free.shift();
    for (const source of sources) {
      for (let from = source.start; from < source.end && target; ) {
        const nr_pages = Math.min(source.end - from, target.end - target.start);
        moves.push({ from, to: target.start, nr_pages });
        from += nr_pages;
        target.start += nr_pages;
        if (target.start === target.end) target = free.shift();
      }
    }
    return moves;
  },
});

const apply_migration = operation({
  name: 'apply_migration',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'vars'],
  run(state: State, moves: readonly Move[]): void {
    for (const { from, to, nr_pages } of moves) {
      const use = page_use(state.pages.get(from));
      state.pages.update(to, to + nr_pages, (page) => with_use(page, use));
      state.pages.update(from, from + nr_pages, (page) => with_use(page, USE.FREE));
    }
  },
});

/** Something migration can take away: an LRU page or a hugetlb page in use. */
export const is_migratable = (page: Page): boolean =>
  page_use(page) === USE.MOVABLE || page_use(page) === USE.HUGE_USED;

export const v5_2 = {
  /** generic_online_page over a naturally aligned chunk. */
  *generic_online_page(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    const page = yield* this.pfn_to_page(pfn);
    const freed = yield* change(free_range, pfn, pfn + nr_pages);
    yield* add('zone', zone_key(page_nid(page), page_zonenum(page)), 'managed_pages', freed);
    yield* add('vars', 0, 'totalram_pages', freed);
  },

  *adjust_managed_page_count(this: Kernel, zone: number, pages: number): Steps<void> {
    yield* add('zone', zone, 'managed_pages', pages);
    yield* add('vars', 0, 'totalram_pages', pages);
  },

  /**
   * The first struct page of a range when all of it belongs to the zone, else NO_PAGE. Compaction asks for every pageblock
   * that it scans, without any lock (B52, B89).
   */
  *__pageblock_pfn_to_page(this: Kernel, start_pfn: number, end_pfn: number, zone: number): Steps<Page> {
    if (!(yield* this.pfn_valid(start_pfn))) return NO_PAGE;
    return yield* pageblock_of_zone(this, start_pfn, end_pfn - 1, zone);
  },

  /** __offline_isolated_pages: until v5.4 it set PG_reserved on every page again. */
  *__offline_isolated_pages(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<void> {
    yield* this.offline_mem_sections(start_pfn, end_pfn);
    yield* zone_lock(zone);
    yield* change(take_free, start_pfn, end_pfn, true);
    yield* zone_unlock(zone);
  },

  /** Migrates as much as there is room for elsewhere; returns the number of pages moved. */
  *do_migrate_range(this: Kernel, start_pfn: number, end_pfn: number, near = false): Steps<number> {
    const moves = yield* look(plan_migration, start_pfn, end_pfn, near);
    if (moves.length > 0) yield* change(apply_migration, moves);
    const moved = moves.reduce((sum, move) => sum + move.nr_pages, 0);
    return moved + (yield* this.$migrate_huge_pages(start_pfn, end_pfn));
  },
};

/** The rest of __pageblock_pfn_to_page(), the same in all releases. */
function* pageblock_of_zone(k: Kernel, start_pfn: number, last_pfn: number, zone: number): Steps<Page> {
  if (!(yield* k.pfn_valid(last_pfn))) return NO_PAGE;
  const start_page = yield* k.pfn_to_online_page(start_pfn);
  if (start_page === NO_PAGE) return NO_PAGE;
  yield* k.PagePoisoned(start_page, 'page_to_nid');
  if (zone_of(start_page) !== zone) return NO_PAGE;
  return zone_of(yield* k.pfn_to_page(last_pfn)) === zone ? start_page : NO_PAGE;
}

export const v5_5 = {
  *__offline_isolated_pages(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<void> {
    yield* this.offline_mem_sections(start_pfn, end_pfn);
    yield* zone_lock(zone);
    yield* change(take_free, start_pfn, end_pfn, false);
    yield* zone_unlock(zone);
  },
};

export const v6_12 = {
  /** The first pfn is looked at once (6.12.117). */
  *__pageblock_pfn_to_page(this: Kernel, start_pfn: number, end_pfn: number, zone: number): Steps<Page> {
    return yield* pageblock_of_zone(this, start_pfn, end_pfn - 1, zone);
  },
};
