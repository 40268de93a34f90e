import type { Steps } from '../../steps/step.ts';
import type { Config } from '../config.ts';
import type { Kernel } from '../kernel.ts';
import { zone_lock, zone_unlock } from '../locks.ts';
import { add, change, look, operation } from '../ops.ts';
import { hex } from '../pfn.ts';
import { type State, zone_idx } from '../state.ts';
import {
  is_kernel_page,
  MIGRATE,
  NO_PAGE,
  type Page,
  PageHuge,
  PageHWPoison,
  PageOffline,
  PageReserved,
  page_hstate,
  page_migratetype,
  page_use,
  USE,
  with_migratetype,
} from './page.ts';
import { access_pages, first_of_valid, page_operation } from './page_access.ts';

/** The function that looks for pages that cannot be moved. */
const UNMOVABLE = 'has_unmovable_pages';

/**
 * mm/page_isolation.c: a range is isolated as a whole; the result equals isolating its pageblocks one by one. This
 * tests for a page that migration cannot move; the order of the tests is that of has_unmovable_pages.
 */
const is_unmovable = (page: Page, zone_movable: boolean, skip_offline: boolean): boolean => {
  if (PageReserved(page)) return true;
  if (zone_movable) return false;
  if (PageHWPoison(page)) return false;
  if (PageOffline(page)) return !skip_offline;
  return is_kernel_page(page) || page_use(page) === USE.NONE;
};

const first_unmovable = page_operation({
  name: 'first_unmovable',
  writes: false,
  tell: ([start, end], pfn) => ({
    kind: 'reads',
    what: `has_unmovable_pages(${hex(start)}-${hex(end - 1)})`,
    value: pfn,
    of: 'pfn',
  }),
  first_unmapped: (state, start, end, zone_movable: boolean, skip_offline: boolean, nr_pages: number) => {
    const unmapped = first_of_valid(state, start, end, nr_pages);
    if (unmapped < 0) return unmapped;
    const test = (page: Page): boolean => page !== NO_PAGE && is_unmovable(page, zone_movable, skip_offline);
    return state.pages.first(start, unmapped, test) < 0 ? unmapped : -1;
  },
  run: (state, start, end, zone_movable: boolean, skip_offline: boolean, _nr_pages: number): number =>
    state.pages.first(
      start,
      end,
      (page) => page !== NO_PAGE && is_unmovable(page, zone_movable, skip_offline),
    ),
});

const any_isolated = operation({
  name: 'any_isolated',
  obj: 'pages',
  writes: false,
  tell: (_, isolated) => ({ kind: 'reads', what: 'is_migrate_isolate_page(page)', value: isolated }),
  run: (state: State, start: number, end: number): boolean =>
    state.pages.first(start, end, (page) => page_migratetype(page) === MIGRATE.ISOLATE) >= 0,
});

const set_migratetype = operation({
  name: 'set_migratetype',
  obj: 'pages',
  writes: true,
  tell: ([start, end, type]) => ({
    kind: 'writes',
    what: `pageblocks of pfn ${hex(start)}-${hex(end - 1)}: migratetype`,
    value: type,
    of: 'migratetype',
  }),
  run: (state: State, start: number, end: number, type: number): void =>
    state.pages.update(start, end, (page) => (page === NO_PAGE ? page : with_migratetype(page, type))),
});

/** Whether a huge page crosses the boundary between two pages; the kernel reads the one before it. */
const huge_page_across = page_operation({
  name: 'huge_page_across',
  writes: false,
  first_unmapped: (state, start, _end, _c: Config) => (state.pages.get(start) === NO_PAGE ? start : -1),
  run(state, start, _end, c: Config): boolean {
    const boundary_pfn = start + 1;
    const page = state.pages.get(boundary_pfn);
    const before = state.pages.get(start);
    if (!PageHuge(page) || !PageHuge(before) || page_hstate(page) !== page_hstate(before)) return false;
    return boundary_pfn % 2 ** c.huge_page_orders[page_hstate(page)]! !== 0;
  },
});

const in_the_way = page_operation({
  name: 'in_the_way',
  writes: false,
  tell: ([start, end], busy) => ({
    kind: 'reads',
    what: `__test_page_isolated_in_pageblock(${hex(start)}-${hex(end - 1)})`,
    value: busy === true ? 'a page is in use' : 'all are free',
  }),
  first_unmapped: (state, start, end, _skip_offline: boolean, nr_pages: number) =>
    first_of_valid(state, start, end, nr_pages),
  run: (state, start, end, skip_offline: boolean, _nr_pages: number): boolean =>
    state.pages.first(
      start,
      end,
      (page) =>
        page !== NO_PAGE &&
        page_use(page) !== USE.FREE &&
        !PageHWPoison(page) &&
        !(skip_offline && page_use(page) === USE.OFFLINE_NOREF),
    ) >= 0,
});

export const v5_2 = {
  /** 0, or -EBUSY; if memory is to go offline, the page is reported as by dump_page (REPORT_FAILURE). */
  *start_isolate_page_range(
    this: Kernel,
    zone: number,
    start_pfn: number,
    end_pfn: number,
    offline = true,
  ): Steps<number> {
    const movable = zone_idx(zone) === this.c.ZONE_MOVABLE;
    yield* zone_lock(zone);
    if (yield* look(any_isolated, start_pfn, end_pfn)) {
      yield* zone_unlock(zone);
      return -this.errno.EBUSY;
    }
    const unmovable = yield* access_pages(
      this,
      UNMOVABLE,
      first_unmovable,
      start_pfn,
      end_pfn,
      movable,
      offline && this.$skips_PageOffline(),
      this.c.PAGES_PER_SECTION,
    );
    if (unmovable >= 0) {
      yield* zone_unlock(zone);
      if (offline) yield* this.dump_page(unmovable, 'unmovable page');
      return -this.errno.EBUSY;
    }
    yield* change(set_migratetype, start_pfn, end_pfn, MIGRATE.ISOLATE);
    const blocks = (end_pfn - start_pfn) / this.c.pageblock_nr_pages;
    yield* add('zone', zone, 'nr_isolate_pageblock', blocks);
    yield* zone_unlock(zone);
    yield* this.$drain_isolated(zone);
    return 0;
  },

  /** Drains once, after zone->lock has been dropped: a page freed later is missed (B74). */
  *$drain_isolated(this: Kernel, zone: number): Steps<void> {
    yield* this.drain_all_pages(zone);
  },

  *undo_isolate_page_range(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<void> {
    yield* zone_lock(zone);
    yield* change(set_migratetype, start_pfn, end_pfn, MIGRATE.MOVABLE);
    const blocks = (end_pfn - start_pfn) / this.c.pageblock_nr_pages;
    yield* add('zone', zone, 'nr_isolate_pageblock', -blocks);
    yield* zone_unlock(zone);
  },

  /** 0 if every page is free, poisoned or released by its driver; else -EBUSY. */
  *test_pages_isolated(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<number> {
    yield* zone_lock(zone);
    const busy = yield* access_pages(
      this,
      '__test_page_isolated_in_pageblock',
      in_the_way,
      start_pfn,
      end_pfn,
      this.$skips_PageOffline(),
      this.c.PAGES_PER_SECTION,
    );
    yield* zone_unlock(zone);
    return busy ? -this.errno.EBUSY : 0;
  },

  /** Since v5.8 offlining skips PageOffline pages whose driver releases them. */
  $skips_PageOffline(this: Kernel): boolean {
    return false;
  },

  /** is_mem_section_removable: finds no unmovable page, without any lock. */
  *$is_range_removable(this: Kernel, start_pfn: number, end_pfn: number): Steps<boolean> {
    const { PAGES_PER_SECTION } = this.c;
    const removable = 'is_mem_section_removable';
    return (
      (yield* access_pages(
        this,
        removable,
        first_unmovable,
        start_pfn,
        end_pfn,
        false,
        false,
        PAGES_PER_SECTION,
      )) < 0
    );
  },
};

export const v5_8 = {
  $skips_PageOffline(this: Kernel): boolean {
    return true;
  },
};

export const v5_11 = {
  /** The caller that requests the range now does this (7612921f2376). */
  *$drain_isolated(this: Kernel, _zone: number): Steps<void> {},
};

/** set_migratetype_isolate() of the pageblock at one end of the range, which is checked before all others (v5.19). */
function* first_look(
  k: Kernel,
  zone: number,
  boundary: number,
  before: boolean,
  offline: boolean,
): Steps<number> {
  const start = before ? boundary - k.c.pageblock_nr_pages : boundary;
  const end = start + k.c.pageblock_nr_pages;
  const movable = zone_idx(zone) === k.c.ZONE_MOVABLE;
  const skips = offline && k.$skips_PageOffline();
  yield* zone_lock(zone);
  const { PAGES_PER_SECTION } = k.c;
  const unmovable = yield* access_pages(
    k,
    UNMOVABLE,
    first_unmovable,
    start,
    end,
    movable,
    skips,
    PAGES_PER_SECTION,
  );
  yield* zone_unlock(zone);
  if (unmovable >= 0 && offline) yield* k.dump_page(unmovable, 'unmovable page');
  return unmovable >= 0 ? -k.errno.EBUSY : 0;
}

export const v6_1 = {
  /**
   * One end of the range, and the pages that cross it. A gigantic page is neither migrated nor dissolved for it
   * (isolate_or_dissolve_huge_page): -EBUSY, free or in use, unless the memory beyond is offline. So only the last
   * block under such a page can go offline, and the page goes with it. The x86-64 recording begins with that block, the
   * arm64 one with the first.
   */
  *isolate_single_pageblock(
    this: Kernel,
    zone: number,
    boundary: number,
    before: boolean,
    offline: boolean,
  ): Steps<number> {
    const ret = yield* first_look(this, zone, boundary, before, offline);
    if (ret || (yield* this.pfn_to_online_page(before ? boundary : boundary - 1)) === null) return ret;
    // the search starts where the largest buddy could begin: at the start of a block it finds nothing
    if (!before && boundary % 2 ** (this.c.MAX_ORDER - 1) === 0) return 0;
    const where = 'isolate_single_pageblock';
    const across = yield* access_pages(this, where, huge_page_across, boundary - 1, boundary + 1, this.c);
    return across ? -this.errno.EBUSY : 0;
  },

  *start_isolate_page_range(
    this: Kernel,
    zone: number,
    start_pfn: number,
    end_pfn: number,
    offline = true,
  ): Steps<number> {
    const ret =
      (yield* this.isolate_single_pageblock(zone, start_pfn, false, offline)) ||
      (yield* this.isolate_single_pageblock(zone, end_pfn, true, offline));
    if (ret) return ret;
    return yield* v5_2.start_isolate_page_range.call(this, zone, start_pfn, end_pfn, offline);
  },
};

export const v6_10 = {
  /** Since v6.10 a huge page may cross the end: it is dissolved or migrated later. */
  *isolate_single_pageblock(
    this: Kernel,
    zone: number,
    boundary: number,
    before: boolean,
    offline: boolean,
  ): Steps<number> {
    return yield* first_look(this, zone, boundary, before, offline);
  },
};

/** The stub of is_mem_section_removable() in kernels without CONFIG_MEMORY_HOTREMOVE. */
export const without_hotremove = {
  *$is_range_removable(this: Kernel): Steps<boolean> {
    return false;
  },
};
