import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { zone_lock, zone_unlock } from '../locks.ts';
import { alloc, exists, forget, look, operation, R, scoped, W } from '../ops.ts';
import { hex } from '../pfn.ts';
import type { State } from '../state.ts';
import { MIGRATE, NO_PAGE, page_migratetype, page_use, USE, with_use } from './page.ts';
import { access_pages, page_operation } from './page_access.ts';
import { isolate_lru } from './user_pages.ts';

/**
 * mm/compaction.c: movable pages at the beginning of a zone move to free pages at its end. A compact_control is that of
 * a zone, and named by the key of the zone. The order and the age of free pages, and the hints which pageblocks to
 * skip, are not modelled.
 */

/** So many pages are isolated at a time. */
const COMPACT_CLUSTER_MAX = 32;

const first_lru = page_operation({
  name: 'first_lru',
  writes: false,
  tell: ([start, end], pfn) => ({
    kind: 'reads',
    what: `PageLRU() of ${hex(start)}-${hex(end - 1)}`,
    value: pfn,
    of: 'pfn',
  }),
  // a page with other references is passed over: it would not move
  run: (state, start, end): number => state.pages.first(start, end, (page) => page_use(page) === USE.MOVABLE),
});

/** The last free page of a pageblock whose type suits, as read without a lock; -1 for none. */
const suitable_target = operation({
  name: 'suitable_target',
  obj: 'pages',
  writes: false,
  tell: (_, pfn) => ({ kind: 'reads', what: 'suitable_migration_target(), page', value: pfn, of: 'pfn' }),
  run: (state: State, start: number, end: number, above: number): number =>
    state.pages.last(
      Math.max(start, above + 1),
      end,
      (page) => page_use(page) === USE.FREE && page_migratetype(page) === MIGRATE.MOVABLE,
    ),
});

/** __isolate_free_page(), under zone->lock: the pageblock may have been isolated meanwhile, the page is taken anyway. */
const isolate_free_page = page_operation({
  name: 'isolate_free_page',
  writes: true,
  tell: ([pfn], taken) => ({
    kind: 'does',
    what: `__isolate_free_page(pfn_to_page(${hex(pfn)}))`,
    value: taken,
  }),
  run: (state, pfn, end): boolean => {
    if (page_use(state.pages.get(pfn)) !== USE.FREE) return false;
    state.pages.update(pfn, end, (page) => with_use(page, USE.ISOLATED));
    return true;
  },
});

function* compact(k: Kernel, zone: number): Steps<void> {
  const start = yield* R('zone', zone, 'zone_start_pfn');
  const end = start + (yield* R('zone', zone, 'spanned_pages'));
  const n = k.c.pageblock_nr_pages;
  for (let pfn = Math.floor(start / n) * n; pfn < end; pfn += n) {
    yield* forget('compact_zone', pfn);
    if ((yield* k.__pageblock_pfn_to_page(pfn, pfn + n, zone)) === NO_PAGE) continue;
    yield* k.isolate_migratepages_block(zone, pfn, pfn + n, 0);
    if ((yield* R('compact_control', zone, 'migratepages')).length === 0) continue;
    yield* k.migrate_pages(zone, 'compaction_alloc', 'compaction_free', zone, 0, 0);
    yield* k.putback_movable_pages(zone);
  }
}

export const v5_2 = {
  /** Takes pages of a pageblock off their LRU list, without a lock that excludes hotplug; the number of pages. */
  *isolate_migratepages_block(
    this: Kernel,
    cc: number,
    low_pfn: number,
    end_pfn: number,
    _mode: number,
  ): Steps<number> {
    const where = 'isolate_migratepages_block';
    if (!(yield* exists('compact_control', cc))) yield* alloc('compact_control', cc, { migratepages: [] });
    const isolated: number[] = [];
    for (let pfn = low_pfn; pfn < end_pfn && isolated.length < COMPACT_CLUSTER_MAX; pfn++) {
      pfn = yield* access_pages(this, where, first_lru, pfn, end_pfn);
      if (pfn < 0) break;
      if (yield* access_pages(this, where, isolate_lru, pfn, pfn + 1)) isolated.push(pfn);
    }
    yield* W('compact_control', cc, 'migratepages', isolated);
    return isolated.length;
  },

  /** A free page behind `migratepage`, near the end of the zone `data`; its pfn, or -1. */
  *compaction_alloc(this: Kernel, migratepage: number, data: number): Steps<number> {
    const start = yield* R('zone', data, 'zone_start_pfn');
    const end = start + (yield* R('zone', data, 'spanned_pages'));
    const pfn = yield* look(suitable_target, start, end, migratepage);
    if (pfn < 0) return -1;
    yield* zone_lock(data);
    const taken = yield* access_pages(this, 'isolate_freepages_block', isolate_free_page, pfn, pfn + 1);
    yield* zone_unlock(data);
    return taken ? pfn : -1;
  },

  /** One pass over the pageblocks of the zone. */
  *compact_zone(this: Kernel, cc: number, _capc: null): Steps<void> {
    yield* scoped('compact_zone', compact(this, cc));
  },
};
