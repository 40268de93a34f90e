import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { zone_lock, zone_span_seqbegin, zone_span_seqretry, zone_unlock } from '../../locks.ts';
import { change, lock, operation, pr_err, R, unlock, W } from '../../ops.ts';
import { hex } from '../../pfn.ts';
import { type State, zone_idx, zone_key, zone_to_nid } from '../../state.ts';
import { MIGRATE, page_migratetype, page_nid, page_use, page_zonenum, USE, with_use } from '../page.ts';
import { access_pages, mapped_page, page_operation, page_zone } from '../page_access.ts';

/** mm/page_alloc.c: one page is freed, through the list of a CPU or directly. */

const set_use = page_operation({
  name: 'set_use',
  writes: true,
  tell: ([pfn]) => ({ kind: 'does', what: `list_add(&pfn_to_page(${hex(pfn)})->lru, &area->free_list)` }),
  run: (state, start, end, use: number): void =>
    state.pages.update(start, end, (page) => with_use(page, use)),
});

const add_to_pcp = operation({
  name: 'add_to_pcp',
  obj: 'pcp',
  writes: true,
  tell: ([, pfn]) => ({ kind: 'does', what: `list_add(&pfn_to_page(${hex(pfn)})->lru, &pcp->lists)` }),
  changes: ['pages', 'zone'],
  run: (state: State, zone: number, pfn: number): void => {
    set_use.run(state, pfn, pfn + 1, USE.PCP);
    state.zone.get(zone)!.pcp_count++;
  },
});

/** Moves every page of the zone on any CPU's list to the free list of its pageblock. */
const empty_pcp = operation({
  name: 'empty_pcp',
  obj: 'pcp',
  writes: true,
  tell: () => ({ kind: 'does', what: 'list_del() of all pages on pcp->lists' }),
  changes: ['pages', 'zone'],
  run: (state: State, zone: number): void => {
    const { zone_start_pfn, spanned_pages } = state.zone.get(zone)!;
    state.pages.update(zone_start_pfn, zone_start_pfn + spanned_pages, (page) =>
      page_use(page) === USE.PCP && zone_key(page_nid(page), page_zonenum(page)) === zone
        ? with_use(page, USE.FREE)
        : page,
    );
    state.zone.get(zone)!.pcp_count = 0;
  },
});

export const v5_2 = {
  /** The result stays 1 once a round has seen half a change, even if the next round sees all of it (B68). */
  *page_outside_zone_boundaries(this: Kernel, zone: number, pfn: number): Steps<boolean> {
    let ret = false;
    let start_pfn: number;
    let sp: number;
    let seq: number;
    do {
      seq = yield* zone_span_seqbegin(zone);
      start_pfn = yield* R('zone', zone, 'zone_start_pfn');
      sp = yield* R('zone', zone, 'spanned_pages');
      if (!(yield* this.zone_spans_pfn(zone, pfn))) ret = true;
    } while (yield* zone_span_seqretry(zone, seq));
    if (ret) yield* outside(this, zone, pfn, start_pfn, sp);
    return ret;
  },

  /** Only a debug build checks. */
  *bad_range(this: Kernel, zone: number, pfn: number): Steps<boolean> {
    return this.c.DEBUG_VM && (yield* this.page_outside_zone_boundaries(zone, pfn));
  },

  /** Frees to the list of the pageblock's current type. */
  *free_one_page(this: Kernel, pfn: number): Steps<void> {
    const zone = yield* zone_of(this, pfn, 'free_one_page');
    yield* zone_lock(zone);
    if (yield* this.bad_range(zone, pfn)) {
      yield* this.BUG('__free_one_page', 'page dumped because: VM_BUG_ON_PAGE(bad_range(zone, page))');
    }
    yield* access_pages(this, '__free_one_page', set_use, pfn, pfn + 1, USE.FREE);
    yield* zone_unlock(zone);
  },

  /**
   * The pageblock's type is read before the page is on the list: the block may be isolated and drained in between
   * (B74).
   */
  *free_unref_page(this: Kernel, pfn: number): Steps<void> {
    const zone = yield* zone_of(this, pfn, 'free_unref_page');
    const migratetype = page_migratetype(yield* this.pfn_to_page(pfn));
    if (migratetype === MIGRATE.ISOLATE) return yield* this.free_one_page(pfn);
    yield* change(add_to_pcp, zone, pfn);
    if (yield* R('zone', zone, 'pcp_disabled')) yield* this.free_pcppages_bulk(zone);
  },

  *free_pcppages_bulk(this: Kernel, zone: number): Steps<void> {
    yield* zone_lock(zone);
    yield* change(empty_pcp, zone);
    yield* zone_unlock(zone);
  },

  /** Skips CPUs without a page on their list. */
  *drain_all_pages(this: Kernel, zone: number): Steps<void> {
    if (yield* R('zone', zone, 'pcp_count')) yield* this.free_pcppages_bulk(zone);
  },

  /** Pages may still enter the lists while a range goes offline. */
  *zone_pcp_disable(this: Kernel, _zone: number): Steps<void> {},
  *zone_pcp_enable(this: Kernel, _zone: number): Steps<void> {},
};

function* zone_of(k: Kernel, pfn: number, where: string): Steps<number> {
  return yield* page_zone(k, pfn, yield* mapped_page(k, pfn, yield* k.pfn_to_page(pfn), where), where);
}

function* outside(k: Kernel, zone: number, pfn: number, start: number, spanned: number): Steps<void> {
  const name = k.c.zones[zone_idx(zone)];
  const span = `[ ${hex(start)} - ${hex(start + spanned)} ]`;
  yield* pr_err(`page ${hex(pfn)} outside node ${zone_to_nid(zone)} zone ${name} ${span}`);
}

/** ec6e8c7e0314 (v5.11): no page stays on a list while a range goes offline. */
export const v5_11 = {
  *zone_pcp_disable(this: Kernel, zone: number): Steps<void> {
    yield* lock('pcp_batch_high_lock', 'mutex');
    yield* W('zone', zone, 'pcp_disabled', true);
    yield* this.drain_all_pages(zone);
  },

  *zone_pcp_enable(this: Kernel, zone: number): Steps<void> {
    yield* W('zone', zone, 'pcp_disabled', false);
    yield* unlock('pcp_batch_high_lock', 'mutex');
  },
};

export const v6_6 = {
  /** The result of the last round counts (6.12.117; 6.1.192 does not have this). */
  *page_outside_zone_boundaries(this: Kernel, zone: number, pfn: number): Steps<boolean> {
    let inside: boolean;
    let start_pfn: number;
    let sp: number;
    let seq: number;
    do {
      seq = yield* zone_span_seqbegin(zone);
      start_pfn = yield* R('zone', zone, 'zone_start_pfn');
      sp = yield* R('zone', zone, 'spanned_pages');
      inside = yield* this.zone_spans_pfn(zone, pfn);
    } while (yield* zone_span_seqretry(zone, seq));
    if (!inside) yield* outside(this, zone, pfn, start_pfn, sp);
    return !inside;
  },
};
