import type { Steps } from '../../../steps/step.ts';
import type { Config } from '../../config.ts';
import type { Kernel, memory_notify } from '../../kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done, zone_lock, zone_unlock } from '../../locks.ts';
import { add, forget, look, operation, pr_info, R, scoped, signal_pending } from '../../ops.ts';
import { hex, IS_ALIGNED, PFN_DOWN, PFN_UP } from '../../pfn.ts';
import {
  MEM_CANCEL_OFFLINE,
  MEM_GOING_OFFLINE,
  MEM_OFFLINE,
  MEMBLOCK_MEMORY,
  NUMA_NO_NODE,
  type State,
  zone_key,
  zone_to_nid,
} from '../../state.ts';
import { MEMBLOCK_NOMAP } from '../memblock/memblock.ts';
import {
  NO_PAGE,
  type Page,
  PageHWPoison,
  PageOffline,
  page_nid,
  page_use,
  page_zonenum,
  USE,
} from '../page.ts';
import { access_pages, first_of_valid, page_operation } from '../page_access.ts';
import { is_migratable } from '../page_alloc/page_alloc.ts';
import { mem_range_text, new_notify } from './online_pages.ts';

/** mm/memory_hotplug.c: offline_pages(). */

/** Functions that read the struct pages of the range. */
const SCAN = 'scan_movable_pages';
const IN_A_ZONE = 'test_pages_in_a_zone';

const first_movable = page_operation({
  name: 'first_movable',
  writes: false,
  tell: ([start, end], pfn) => ({
    kind: 'reads',
    what: `__PageMovable(), PageLRU() of ${hex(start)}-${hex(end - 1)}`,
    value: pfn,
    of: 'pfn',
  }),
  first_unmapped: first_of_valid,
  run: (state, start, end, _nr_pages: number): number => state.pages.first(start, end, is_migratable),
});

const first_offline_ref = page_operation({
  name: 'first_offline_ref',
  writes: false,
  tell: ([start, end], pfn) => ({
    kind: 'reads',
    what: `PageOffline() of ${hex(start)}-${hex(end - 1)}`,
    value: pfn,
    of: 'pfn',
  }),
  first_unmapped: first_of_valid,
  run: (state, start, end, _nr_pages: number): number =>
    state.pages.first(start, end, (page) => page_use(page) === USE.OFFLINE_REF),
});

/** The one zone of the range, or -1. Only the first page of each buddy of the largest order is checked. */
function zone_in(state: State, start: number, end: number, c: Config): number {
  const step = 2 ** (c.MAX_ORDER - 1);
  let zone = -1;
  for (const { start: from, end: to, value } of state.pages.in(start, end)) {
    if (value === NO_PAGE || start + Math.ceil((from - start) / step) * step >= to) continue;
    const key = zone_key(page_nid(value), page_zonenum(value));
    if (zone >= 0 && zone !== key) return -1;
    zone = key;
  }
  return zone;
}

/** The first of these pages whose struct page is not mapped, or -1. */
function unmapped_in(state: State, start: number, end: number, c: Config): number {
  const step = 2 ** (c.MAX_ORDER - 1);
  const unmapped = first_of_valid(state, start, end, c.PAGES_PER_SECTION);
  if (unmapped < 0) return unmapped;
  const pfn = start + Math.ceil((unmapped - start) / step) * step;
  return pfn < end && state.pages.get(pfn) === NO_PAGE ? pfn : -1;
}

const zone_of_range = page_operation({
  name: 'zone_of_range',
  writes: false,
  tell: ([start, end], zone) => ({
    kind: 'reads',
    what: `page_zone() of ${hex(start)}-${hex(end - 1)}`,
    value: zone,
    of: 'zone',
  }),
  first_unmapped: unmapped_in,
  run: zone_in,
});

/** The parts of a range that memblock maps. */
function* mapped_memory(state: State, c: Config, start: number, end: number): Generator<[number, number]> {
  for (const region of state.memblock_type.get(MEMBLOCK_MEMORY)!.regions) {
    if (region.flags & MEMBLOCK_NOMAP) continue;
    const from = Math.max(start, PFN_UP(c, region.base));
    const to = Math.min(end, PFN_DOWN(c, region.base + region.size));
    if (to > from) yield [from, to];
  }
}

/** The same for pages that memblock maps: invalid pfns do not count. */
const zone_of_mapped = page_operation({
  name: 'zone_of_mapped',
  writes: false,
  tell: ([start, end], zone) => ({
    kind: 'reads',
    what: `page_zone() of ${hex(start)}-${hex(end - 1)}`,
    value: zone,
    of: 'zone',
  }),
  first_unmapped(state, start, end, c: Config): number {
    for (const [from, to] of mapped_memory(state, c, start, end)) {
      const unmapped = unmapped_in(state, from, to, c);
      if (unmapped >= 0) return unmapped;
    }
    return -1;
  },
  run(state, start, end, c: Config): number {
    let zone = -1;
    for (const [from, to] of mapped_memory(state, c, start, end)) {
      const own = zone_in(state, from, to, c);
      if (own < 0 || (zone >= 0 && zone !== own)) return -1;
      zone = own;
    }
    return zone;
  },
});

/** HOLES_IN_ZONE with the memblock test in pfn_valid: arm64 until v5.13. */
export const holes_in_zone = {
  *test_pages_in_a_zone(this: Kernel, start_pfn: number, end_pfn: number): Steps<number> {
    return yield* access_pages(this, IN_A_ZONE, zone_of_mapped, start_pfn, end_pfn, this.c);
  },
};

export const v5_2 = {
  *test_pages_in_a_zone(this: Kernel, start_pfn: number, end_pfn: number): Steps<number> {
    return yield* access_pages(this, IN_A_ZONE, zone_of_range, start_pfn, end_pfn, this.c);
  },

  *$offline_failed(this: Kernel, pfn: number, nr_pages: number, reason: string): Steps<void> {
    yield* this.pr_debug(
      'mm/memory_hotplug.c',
      `memory offlining ${mem_range_text(this, pfn, nr_pages)} failed due to ${reason}`,
    );
  },

  /** The pfn of a page to migrate, -ENOENT, or -EBUSY for a page that cannot move (v5.8+). */
  *scan_movable_pages(this: Kernel, start_pfn: number, end_pfn: number): Steps<number> {
    const pfn = yield* access_pages(this, SCAN, first_movable, start_pfn, end_pfn, this.c.PAGES_PER_SECTION);
    return pfn < 0 ? -this.errno.ENOENT : pfn;
  },

  /**
   * Empties the isolated range; 0 or an errno. v5.2 checks isolation per System RAM chunk: without any chunk the result
   * is -EINVAL (B71).
   */
  *$evacuate(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<[number, string]> {
    for (;;) {
      for (;;) {
        yield* forget('evacuate');
        const pfn = yield* this.scan_movable_pages(start_pfn, end_pfn);
        if (pfn < 0) break;
        if (yield* signal_pending('offline_pages')) return [-this.errno.EINTR, 'signal backoff'];
        yield* this.do_migrate_range(pfn, end_pfn);
      }
      if (yield* this.dissolve_free_huge_pages(start_pfn, end_pfn)) {
        return [-this.errno.EBUSY, 'failure to dissolve huge pages'];
      }
      const chunks = yield* this.walk_system_ram_range(start_pfn, end_pfn - start_pfn);
      let ret = chunks.length ? 0 : -this.errno.EINVAL;
      for (const chunk of chunks) {
        ret = yield* this.test_pages_isolated(zone, chunk.start_pfn, chunk.start_pfn + chunk.nr_pages);
        if (ret) break;
      }
      if (ret === 0) return [0, ''];
      if (yield* signal_pending('offline_pages')) return [-this.errno.EINTR, 'signal backoff'];
      yield* this.$drain_again(zone);
    }
  },

  /** A page that reaches a CPU's list after the only drain stays there (B74). */
  *$drain_again(this: Kernel, _zone: number): Steps<void> {},

  /** Removes the pages of busy System RAM chunks from the buddy; returns the number of pages taken offline. */
  *$take_offline(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<number> {
    let offlined = 0;
    for (const chunk of yield* this.walk_system_ram_range(start_pfn, end_pfn - start_pfn)) {
      yield* this.__offline_isolated_pages(zone, chunk.start_pfn, chunk.start_pfn + chunk.nr_pages);
      offlined += chunk.nr_pages;
    }
    yield* pr_info(`Offlined Pages ${offlined}`);
    return offlined;
  },

  *$unaccount_offlined(this: Kernel, zone: number, _pfn: number, _group: number, pages: number): Steps<void> {
    yield* add('zone', zone, 'present_pages', -pages);
    yield* add('pgdat', zone_to_nid(zone), 'node_present_pages', -pages);
  },

  /** The order of the last actions: zonelists first, node states after (until v6.12). */
  *$after_offline(this: Kernel, zone: number, arg: memory_notify): Steps<void> {
    if ((yield* R('zone', zone, 'present_pages')) === 0) yield* this.build_all_zonelists(NUMA_NO_NODE);
    yield* this.node_states_clear_node(zone_to_nid(zone), arg);
  },

  /** v5.2 shrinks the zone when the memory is removed. */
  *$leave_zone(this: Kernel, _zone: number, _pfn: number, _nr_pages: number): Steps<void> {},

  /** Isolate, evacuate, take offline, account: common to all releases once zone and lock are determined. */
  *$offline_pages_in(
    this: Kernel,
    zone: number,
    pfn: number,
    nr_pages: number,
    group: number,
  ): Steps<number> {
    const end_pfn = pfn + nr_pages;
    yield* this.zone_pcp_disable(zone);
    let ret = yield* this.start_isolate_page_range(zone, pfn, end_pfn);
    if (ret) {
      yield* this.zone_pcp_enable(zone);
      yield* this.$offline_failed(pfn, nr_pages, 'failure to isolate range');
      return ret;
    }
    const arg = new_notify(pfn, nr_pages);
    yield* this.node_states_check_changes_offline(nr_pages, zone, arg);
    ret = yield* this.memory_notify(MEM_GOING_OFFLINE, arg);
    let reason = 'notifier failure';
    if (ret === 0) [ret, reason] = yield* scoped('evacuate', this.$evacuate(zone, pfn, end_pfn));
    if (ret) {
      yield* this.undo_isolate_page_range(zone, pfn, end_pfn);
      yield* this.memory_notify(MEM_CANCEL_OFFLINE, arg);
      yield* this.zone_pcp_enable(zone);
      yield* this.$offline_failed(pfn, nr_pages, reason);
      return ret;
    }
    const managed = yield* this.$managed_in(pfn, end_pfn);
    const offlined = yield* this.$take_offline(zone, pfn, end_pfn);
    yield* zone_lock(zone);
    yield* add('zone', zone, 'nr_isolate_pageblock', -nr_pages / this.c.pageblock_nr_pages);
    yield* zone_unlock(zone);
    yield* this.zone_pcp_enable(zone);
    yield* this.adjust_managed_page_count(zone, -managed);
    yield* this.$unaccount_offlined(zone, pfn, group, offlined);
    yield* this.$after_offline(zone, arg);
    yield* this.memory_notify(MEM_OFFLINE, arg);
    yield* this.$leave_zone(zone, pfn, nr_pages);
    return 0;
  },

  /** The number of managed pages in the range: a driver has already subtracted its PageOffline pages. */
  *$managed_in(this: Kernel, start_pfn: number, end_pfn: number): Steps<number> {
    return yield* look(count_managed, start_pfn, end_pfn);
  },

  *offline_pages(this: Kernel, pfn: number, nr_pages: number, _zone: number, _group: number): Steps<number> {
    yield* mem_hotplug_begin();
    const zone = yield* this.test_pages_in_a_zone(pfn, pfn + nr_pages);
    let ret = -this.errno.EINVAL;
    if (zone < 0) yield* this.$offline_failed(pfn, nr_pages, 'multizone range');
    else ret = yield* this.$offline_pages_in(zone, pfn, nr_pages, 0);
    yield* mem_hotplug_done();
    return ret;
  },
};

/** A page that had a user when it was poisoned: it stays where it is, and goes with its block. */
const isPoisonedInUse = (page: Page): boolean =>
  PageHWPoison(page) && page_use(page) !== USE.NONE && !PageOffline(page);

const count_managed = operation({
  name: 'count_managed',
  obj: 'pages',
  writes: false,
  tell: (_, n) => ({ kind: 'reads', what: '__offline_isolated_pages()', value: n }),
  run: (state: State, start: number, end: number): number =>
    state.pages.total(start, end, (page) => page_use(page) === USE.FREE || isPoisonedInUse(page)),
});

export const v5_4 = {
  *$leave_zone(this: Kernel, zone: number, pfn: number, nr_pages: number): Steps<void> {
    yield* this.remove_pfn_range_from_zone(zone, pfn, nr_pages);
  },
};

/** Whether the range contains a hole, which is refused (c5e79ef561b0). */
function* has_holes(k: Kernel, pfn: number, nr_pages: number): Steps<boolean> {
  let system_ram_pages = 0;
  for (const chunk of yield* k.walk_system_ram_range(pfn, nr_pages)) system_ram_pages += chunk.nr_pages;
  if (system_ram_pages === nr_pages) return false;
  yield* k.$offline_failed(pfn, nr_pages, 'memory holes');
  return true;
}

export const v5_5 = {
  *offline_pages(this: Kernel, pfn: number, nr_pages: number, _zone: number, _group: number): Steps<number> {
    yield* mem_hotplug_begin();
    let ret = -this.errno.EINVAL;
    if (!(yield* has_holes(this, pfn, nr_pages))) {
      const zone = yield* this.test_pages_in_a_zone(pfn, pfn + nr_pages);
      if (zone < 0) yield* this.$offline_failed(pfn, nr_pages, 'multizone range');
      else ret = yield* this.$offline_pages_in(zone, pfn, nr_pages, 0);
    }
    yield* mem_hotplug_done();
    return ret;
  },
};

/** 968318261221 (v5.9), back-ported to 5.4.66 and not to v5.7. */
export const v5_9 = {
  *$drain_again(this: Kernel, zone: number): Steps<void> {
    yield* this.drain_all_pages(zone);
  },
};

export const v5_10 = {
  *scan_movable_pages(this: Kernel, start_pfn: number, end_pfn: number): Steps<number> {
    const n = this.c.PAGES_PER_SECTION;
    if ((yield* access_pages(this, SCAN, first_offline_ref, start_pfn, end_pfn, n)) >= 0)
      return -this.errno.EBUSY;
    const pfn = yield* access_pages(this, SCAN, first_movable, start_pfn, end_pfn, this.c.PAGES_PER_SECTION);
    return pfn < 0 ? -this.errno.ENOENT : pfn;
  },

  *$evacuate(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<[number, string]> {
    for (;;) {
      for (;;) {
        yield* forget('evacuate');
        if (yield* signal_pending('offline_pages')) return [-this.errno.EINTR, 'signal backoff'];
        const pfn = yield* this.scan_movable_pages(start_pfn, end_pfn);
        if (pfn === -this.errno.ENOENT) break;
        if (pfn < 0) return [pfn, 'unmovable page'];
        yield* this.do_migrate_range(pfn, end_pfn);
      }
      if (yield* this.dissolve_free_huge_pages(start_pfn, end_pfn)) {
        return [-this.errno.EBUSY, 'failure to dissolve huge pages'];
      }
      if ((yield* this.test_pages_isolated(zone, start_pfn, end_pfn)) === 0) return [0, ''];
      yield* this.$drain_again(zone);
    }
  },

  *$take_offline(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<number> {
    yield* this.__offline_isolated_pages(zone, start_pfn, end_pfn);
    yield* pr_info(`Offlined Pages ${end_pfn - start_pfn}`);
    return end_pfn - start_pfn;
  },

  *offline_pages(this: Kernel, pfn: number, nr_pages: number, _zone: number, _group: number): Steps<number> {
    const section = this.c.PAGES_PER_SECTION;
    if (nr_pages === 0 || !IS_ALIGNED(pfn, section) || !IS_ALIGNED(nr_pages, section)) {
      yield* this.WARN_ON_ONCE('offline_pages');
      return -this.errno.EINVAL;
    }
    return yield* v5_5.offline_pages.call(this, pfn, nr_pages, 0, 0);
  },
};

/** Not needed, since per-cpu lists are disabled (v5.11). */
export const v5_11 = { $drain_again: v5_2.$drain_again };

export const v6_1 = {
  *$take_offline(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<number> {
    yield* this.__offline_isolated_pages(zone, start_pfn, end_pfn);
    yield* this.pr_debug('mm/memory_hotplug.c', `Offlined Pages ${end_pfn - start_pfn}`);
    return end_pfn - start_pfn;
  },

  *$unaccount_offlined(this: Kernel, zone: number, pfn: number, group: number, pages: number): Steps<void> {
    yield* this.adjust_present_page_count(zone, pfn, group, -pages);
  },

  *offline_pages(this: Kernel, pfn: number, nr_pages: number, zone: number, group: number): Steps<number> {
    if (
      nr_pages === 0 ||
      !IS_ALIGNED(pfn, this.c.pageblock_nr_pages) ||
      !IS_ALIGNED(pfn + nr_pages, this.c.PAGES_PER_SECTION)
    ) {
      yield* this.WARN_ON_ONCE('offline_pages');
      return -this.errno.EINVAL;
    }
    if (yield* has_holes(this, pfn, nr_pages)) return -this.errno.EINVAL;
    if ((yield* this.test_pages_in_a_zone(pfn, pfn + nr_pages)) !== zone) {
      yield* this.WARN_ON_ONCE('offline_pages');
      yield* this.$offline_failed(pfn, nr_pages, 'multizone range');
      return -this.errno.EINVAL;
    }
    return yield* this.$offline_pages_in(zone, pfn, nr_pages, group);
  },
};

export const v6_8 = {
  /** A node without memory is removed from N_MEMORY before the zonelists are rebuilt. */
  *$after_offline(this: Kernel, zone: number, arg: memory_notify): Steps<void> {
    yield* this.node_states_clear_node(zone_to_nid(zone), arg);
    if ((yield* R('zone', zone, 'present_pages')) === 0) yield* this.build_all_zonelists(NUMA_NO_NODE);
  },
};

/** The stub of kernels without CONFIG_MEMORY_HOTREMOVE. */
export const without_hotremove = {
  *offline_pages(this: Kernel): Steps<number> {
    return -this.errno.EINVAL;
  },
};
