import type { Steps } from '../../../steps/step.ts';
import type { Config } from '../../config.ts';
import type { Kernel } from '../../kernel.ts';
import {
  pgdat_resize_lock,
  pgdat_resize_unlock,
  zone_span_writelock,
  zone_span_writeunlock,
} from '../../locks.ts';
import { look, operation, R, W } from '../../ops.ts';
import { pfn_to_section_nr } from '../../pfn.ts';
import {
  SECTION_HAS_MEM_MAP,
  SECTION_IS_EARLY,
  SECTION_IS_ONLINE,
  type State,
  zone_idx,
  zone_key,
  zone_to_nid,
} from '../../state.ts';
import { MEMMAP, NO_PAGE, type Page, page_memmap, page_nid, page_zonenum } from '../page.ts';
import {
  access_pages,
  first_of_online,
  is_page_of_zone,
  last_of_online,
  mapped_page,
  page_operation,
  page_to_nid,
} from '../page_access.ts';
import { subsection_set } from '../sparse.ts';

/** mm/memory_hotplug.c: the zone of a range, and the spans of zones and nodes. */

/** A struct page that was not written since its memory went keeps its node and zone. */
const belongs = (page: Page, nid: number, zonenum: number): boolean =>
  page !== NO_PAGE &&
  page_memmap(page) !== MEMMAP.POISON &&
  page_nid(page) === nid &&
  page_zonenum(page) === zonenum;

/** The sections whose sub-sections pfn_to_online_page() asks for as well. */
type Asked = 'none' | 'late' | 'all';

const skips =
  ({ c }: Kernel, asked: Asked) =>
  ({ mem_section }: State, pfn: number): boolean => {
    const section = mem_section.get(pfn_to_section_nr(c, pfn));
    if (asked === 'none' || !section) return false;
    if (asked === 'late' && section.section_mem_map & SECTION_IS_EARLY) return false;
    return section.subsection_map === null || !subsection_set(c, section.subsection_map, pfn);
  };

/** The first online page of the zone at a sub-section step from `start`, or 0, the kernel's value for none. */
function smallest_online(
  state: State,
  start: number,
  end: number,
  k: Kernel,
  zone: number,
  asked: Asked,
): number {
  const skipped = skips(k, asked);
  const nid = zone_to_nid(zone);
  const step = k.c.PAGES_PER_SUBSECTION;
  for (let pfn = start; pfn < end; ) {
    const hit = state.pages.first(pfn, end, (page) => belongs(page, nid, zone_idx(zone)));
    if (hit < 0) return 0;
    const at = start + Math.ceil((hit - start) / step) * step;
    if (at >= end) return 0;
    const nr = pfn_to_section_nr(k.c, at);
    if (!((state.mem_section.get(nr)?.section_mem_map ?? 0) & SECTION_IS_ONLINE)) {
      pfn = (nr + 1) * k.c.PAGES_PER_SECTION;
      continue;
    }
    if (belongs(state.pages.get(at), nid, zone_idx(zone)) && !skipped(state, at)) return at;
    pfn = at + 1;
  }
  return 0;
}

const find_smallest_online = page_operation({
  name: 'find_smallest_online',
  writes: false,
  first_unmapped(state, start, end, k: Kernel, zone: number, asked: Asked): number {
    const { PAGES_PER_SECTION, PAGES_PER_SUBSECTION } = k.c;
    const found = smallest_online(state, start, end, k, zone, asked);
    const limit = found || end;
    return first_of_online(state, start, limit, PAGES_PER_SECTION, PAGES_PER_SUBSECTION, skips(k, asked));
  },
  run: smallest_online,
});

/** The last online page of the zone at a sub-section step down from `end` - 1, or 0. */
function biggest_online(
  state: State,
  start: number,
  end: number,
  k: Kernel,
  zone: number,
  asked: Asked,
): number {
  const skipped = skips(k, asked);
  const nid = zone_to_nid(zone);
  const step = k.c.PAGES_PER_SUBSECTION;
  for (let limit = end; limit > start; ) {
    const hit = state.pages.last(start, limit, (page) => belongs(page, nid, zone_idx(zone)));
    if (hit < 0) return 0;
    const at = end - 1 - Math.ceil((end - 1 - hit) / step) * step;
    if (at < start) return 0;
    const nr = pfn_to_section_nr(k.c, at);
    if (!((state.mem_section.get(nr)?.section_mem_map ?? 0) & SECTION_IS_ONLINE)) {
      limit = nr * k.c.PAGES_PER_SECTION;
      continue;
    }
    if (belongs(state.pages.get(at), nid, zone_idx(zone)) && !skipped(state, at)) return at;
    limit = at;
  }
  return 0;
}

const find_biggest_online = page_operation({
  name: 'find_biggest_online',
  writes: false,
  first_unmapped(state, start, end, k: Kernel, zone: number, asked: Asked): number {
    const { PAGES_PER_SECTION, PAGES_PER_SUBSECTION } = k.c;
    const after = biggest_online(state, start, end, k, zone, asked);
    // the steps count from the last page down: from the lowest of them up they are the same
    const lowest = (after || start) + ((end - 1 - (after || start)) % PAGES_PER_SUBSECTION);
    return last_of_online(state, lowest, end, PAGES_PER_SECTION, PAGES_PER_SUBSECTION, skips(k, asked));
  },
  run: biggest_online,
});

/** v5.2: one pfn per section, which only has to be valid; its struct page is trusted whatever it contains. */
const v5_2_candidate = operation({
  name: 'v5_2_candidate',
  obj: 'pages',
  writes: false,
  run(state: State, k: Kernel, pfn: number): Page | null {
    const map = state.mem_section.get(pfn_to_section_nr(k.c, pfn))?.section_mem_map ?? 0;
    return map & SECTION_HAS_MEM_MAP ? state.pages.get(pfn) : null;
  },
});

function* empty_span(zone: number): Steps<void> {
  yield* W('zone', zone, 'zone_start_pfn', 0);
  yield* W('zone', zone, 'spanned_pages', 0);
}

type PfnRange = readonly [start: number, end: number];
/** The function that asks whether a span has become empty: for its node, or for its zone as well. */
type SpanShrinker = 'shrink_zone_span' | 'shrink_pgdat_span';

export const v5_2 = {
  *resize_zone_range(this: Kernel, zone: number, start_pfn: number, nr_pages: number): Steps<void> {
    const old_end = yield* this.zone_end_pfn(zone);
    const empty = (yield* R('zone', zone, 'spanned_pages')) === 0;
    if (empty || start_pfn < (yield* R('zone', zone, 'zone_start_pfn'))) {
      yield* W('zone', zone, 'zone_start_pfn', start_pfn);
    }
    const start = yield* R('zone', zone, 'zone_start_pfn');
    yield* W('zone', zone, 'spanned_pages', Math.max(start_pfn + nr_pages, empty ? 0 : old_end) - start);
  },

  *resize_pgdat_range(this: Kernel, nid: number, start_pfn: number, nr_pages: number): Steps<void> {
    const spanned = yield* R('pgdat', nid, 'node_spanned_pages');
    const old_start = yield* R('pgdat', nid, 'node_start_pfn');
    const old_end = spanned ? old_start + spanned : 0;
    if (!spanned || start_pfn < old_start) yield* W('pgdat', nid, 'node_start_pfn', start_pfn);
    const start = yield* R('pgdat', nid, 'node_start_pfn');
    yield* W('pgdat', nid, 'node_spanned_pages', Math.max(start_pfn + nr_pages, old_end) - start);
  },

  *move_pfn_range_to_zone(
    this: Kernel,
    zone: number,
    start_pfn: number,
    nr_pages: number,
    migratetype: number,
  ): Steps<void> {
    yield* this.$resize_spans(zone, start_pfn, nr_pages);
    yield* this.$taint_zone_device(zone, start_pfn, nr_pages);
    // of device memory memmap_init_range() initialises what the altmap takes, and this has none
    if (zone_idx(zone) !== this.c.ZONE_DEVICE)
      yield* this.memmap_init_range(zone, start_pfn, nr_pages, migratetype);
  },

  /** move_pfn_range_to_zone(): the span of the zone, then that of its node. */
  *$resize_spans(this: Kernel, zone: number, start_pfn: number, nr_pages: number): Steps<void> {
    const nid = zone_to_nid(zone);
    yield* pgdat_resize_lock(nid);
    yield* zone_span_writelock(zone);
    yield* this.resize_zone_range(zone, start_pfn, nr_pages);
    yield* zone_span_writeunlock(zone);
    yield* this.resize_pgdat_range(nid, start_pfn, nr_pages);
    yield* pgdat_resize_unlock(nid);
  },

  /** Reads node and zone of sections that may never have been initialised (B64). */
  *$find_section_pfn(
    this: Kernel,
    zone: number,
    start_pfn: number,
    end_pfn: number,
    smallest: boolean,
    by_zone: boolean,
  ): Steps<number> {
    const section = this.c.PAGES_PER_SECTION;
    for (let i = 0; start_pfn + i < end_pfn; i += section) {
      const pfn = smallest ? start_pfn + i : end_pfn - 1 - i;
      if (pfn < start_pfn) break;
      const where = smallest ? 'find_smallest_section_pfn' : 'find_biggest_section_pfn';
      const found = yield* look(v5_2_candidate, this, pfn);
      if (found === null) continue;
      const page = yield* mapped_page(this, pfn, found, where);
      if ((yield* page_to_nid(this, pfn, page, where)) !== zone_to_nid(zone)) continue;
      if (by_zone && page_zonenum(page) !== zone_idx(zone)) continue;
      return pfn;
    }
    return 0;
  },

  /** The start is written first: until the size is written, the zone seems to end too late. */
  *shrink_zone_span(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<void> {
    const start = yield* R('zone', zone, 'zone_start_pfn');
    const end = yield* this.zone_end_pfn(zone);
    if (start === start_pfn) {
      const pfn = yield* this.$find_section_pfn(zone, end_pfn, end, true, true);
      if (pfn) {
        yield* W('zone', zone, 'zone_start_pfn', pfn);
        yield* W('zone', zone, 'spanned_pages', end - pfn);
      }
    } else if (end === end_pfn) {
      const pfn = yield* this.$find_section_pfn(zone, start, start_pfn, false, true);
      if (pfn) yield* W('zone', zone, 'spanned_pages', pfn - start + 1);
    }
    const removed = [start_pfn, end_pfn] as const;
    if (yield* this.$is_hole(zone, [start, end], removed, 'shrink_zone_span')) yield* empty_span(zone);
  },

  *shrink_pgdat_span(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<void> {
    const nid = zone_to_nid(zone);
    const start = yield* R('pgdat', nid, 'node_start_pfn');
    const end = start + (yield* R('pgdat', nid, 'node_spanned_pages'));
    if (start === start_pfn) {
      const pfn = yield* this.$find_section_pfn(zone, end_pfn, end, true, false);
      if (pfn) {
        yield* W('pgdat', nid, 'node_start_pfn', pfn);
        yield* W('pgdat', nid, 'node_spanned_pages', end - pfn);
      }
    } else if (end === end_pfn) {
      const pfn = yield* this.$find_section_pfn(zone, start, start_pfn, false, false);
      if (pfn) yield* W('pgdat', nid, 'node_spanned_pages', pfn - start + 1);
    }
    const removed = [start_pfn, end_pfn] as const;
    if (!(yield* this.$is_hole(zone, [start, end], removed, 'shrink_pgdat_span'))) return;
    yield* W('pgdat', nid, 'node_start_pfn', 0);
    yield* W('pgdat', nid, 'node_spanned_pages', 0);
  },

  /** Whether nothing of the span is left but the range that goes: one page of each section but its first is asked. */
  *$is_hole(
    this: Kernel,
    zone: number,
    [start, end]: PfnRange,
    removed: PfnRange,
    where: SpanShrinker,
  ): Steps<boolean> {
    for (let pfn = start; pfn < end; pfn += this.c.PAGES_PER_SECTION) {
      if (pfn === removed[0]) continue;
      const found = yield* look(v5_2_candidate, this, pfn);
      if (found === null) continue;
      const page = yield* mapped_page(this, pfn, found, where);
      const same =
        where === 'shrink_zone_span'
          ? yield* is_page_of_zone(this, pfn, page, zone, where)
          : (yield* page_to_nid(this, pfn, page, where)) === zone_to_nid(zone);
      if (same) return false;
    }
    return true;
  },

  *__remove_zone(this: Kernel, zone: number, start_pfn: number, nr_pages: number): Steps<void> {
    yield* pgdat_resize_lock(zone_to_nid(zone));
    yield* zone_span_writelock(zone);
    yield* this.shrink_zone_span(zone, start_pfn, start_pfn + nr_pages);
    yield* zone_span_writeunlock(zone);
    yield* this.shrink_pgdat_span(zone, start_pfn, start_pfn + nr_pages);
    yield* pgdat_resize_unlock(zone_to_nid(zone));
  },
};

/** Whether `pfn` is valid and its page belongs to the node, and to the zone if `by_zone`. */
function* counts(k: Kernel, zone: number, pfn: number, by_zone: boolean, where: string): Steps<boolean> {
  if (!(yield* k.pfn_valid(pfn))) return false;
  const page = yield* mapped_page(k, pfn, yield* k.pfn_to_page(pfn), where);
  if ((yield* page_to_nid(k, pfn, page, where)) !== zone_to_nid(zone)) return false;
  return !by_zone || page_zonenum(page) === zone_idx(zone);
}

/** The first pfn from `pfn` on, in steps of `step`, whose section was ever made; beyond all of them if there is none. */
const next_made = operation({
  name: 'next_made',
  obj: 'mem_section',
  writes: false,
  run(state: State, c: Config, pfn: number, step: number): number {
    const nr = pfn_to_section_nr(c, pfn);
    if (state.mem_section.has(nr)) return pfn;
    const made = [...state.mem_section.keys()].filter((key) => (step > 0 ? key > nr : key < nr));
    if (made.length === 0) return step * Number.POSITIVE_INFINITY;
    const edge =
      step > 0 ? Math.min(...made) * c.PAGES_PER_SECTION : (Math.max(...made) + 1) * c.PAGES_PER_SECTION - 1;
    return pfn + Math.ceil((edge - pfn) / step) * step;
  },
});

export const v5_3 = {
  *$find_section_pfn(
    this: Kernel,
    zone: number,
    start_pfn: number,
    end_pfn: number,
    smallest: boolean,
    by_zone: boolean,
  ): Steps<number> {
    const where = smallest ? 'find_smallest_section_pfn' : 'find_biggest_section_pfn';
    const step = smallest ? this.c.PAGES_PER_SUBSECTION : -this.c.PAGES_PER_SUBSECTION;
    for (let pfn = smallest ? start_pfn : end_pfn - 1; pfn >= start_pfn && pfn < end_pfn; pfn += step) {
      pfn = yield* look(next_made, this.c, pfn, step);
      if (pfn < start_pfn || pfn >= end_pfn) break;
      if (yield* counts(this, zone, pfn, by_zone, where)) return pfn;
    }
    return 0;
  },

  /** Every sub-section counts, and none of the range that goes. */
  *$is_hole(
    this: Kernel,
    zone: number,
    [start, end]: PfnRange,
    removed: PfnRange,
    where: SpanShrinker,
  ): Steps<boolean> {
    const step = this.c.PAGES_PER_SUBSECTION;
    for (let pfn = start; pfn < end; pfn += step) {
      pfn = yield* look(next_made, this.c, pfn, step);
      if (pfn >= end) break;
      if (!(yield* counts(this, zone, pfn, where === 'shrink_zone_span', where))) continue;
      if (pfn < removed[0] || pfn >= removed[1]) return false;
    }
    return true;
  },
};

function* find_online(
  k: Kernel,
  zone: number,
  start_pfn: number,
  end_pfn: number,
  smallest: boolean,
  asked: Asked,
): Steps<number> {
  const find = smallest ? find_smallest_online : find_biggest_online;
  const where = smallest ? 'find_smallest_section_pfn' : 'find_biggest_section_pfn';
  return yield* access_pages(k, where, find, start_pfn, end_pfn, k, zone, asked);
}

export const v5_4 = {
  /** Leaves the span of device memory as it is (7ce700bf11b5). */
  *__remove_zone(this: Kernel, zone: number, start_pfn: number, nr_pages: number): Steps<void> {
    if (zone_idx(zone) === this.c.ZONE_DEVICE) return;
    yield* v5_2.__remove_zone.call(this, zone, start_pfn, nr_pages);
  },

  *$find_section_pfn(
    this: Kernel,
    zone: number,
    start_pfn: number,
    end_pfn: number,
    smallest: boolean,
    _by_zone: boolean,
  ): Steps<number> {
    return yield* find_online(this, zone, start_pfn, end_pfn, smallest, 'none');
  },

  /** The size is written first: until the start is written, the zone seems to end too early (B68). */
  *shrink_zone_span(this: Kernel, zone: number, start_pfn: number, end_pfn: number): Steps<void> {
    const start = yield* R('zone', zone, 'zone_start_pfn');
    const end = yield* this.zone_end_pfn(zone);
    if (start === start_pfn) {
      const pfn = yield* this.$find_section_pfn(zone, end_pfn, end, true, true);
      if (!pfn) return yield* empty_span(zone);
      yield* W('zone', zone, 'spanned_pages', end - pfn);
      yield* W('zone', zone, 'zone_start_pfn', pfn);
    } else if (end === end_pfn) {
      const pfn = yield* this.$find_section_pfn(zone, start, start_pfn, false, true);
      if (!pfn) return yield* empty_span(zone);
      yield* W('zone', zone, 'spanned_pages', pfn - start + 1);
    }
  },

  /** update_pgdat_span: the union of the zone spans, none of which can change meanwhile. */
  *shrink_pgdat_span(this: Kernel, zone: number, _start_pfn: number, _end_pfn: number): Steps<void> {
    const nid = zone_to_nid(zone);
    let node_start = 0;
    let node_end = 0;
    for (let i = 0; i < this.c.zones.length; i++) {
      const z = zone_key(nid, i);
      if ((yield* R('zone', z, 'spanned_pages')) === 0) continue;
      const start = yield* R('zone', z, 'zone_start_pfn');
      node_start = node_end ? Math.min(node_start, start) : start;
      node_end = Math.max(node_end, yield* this.zone_end_pfn(z));
    }
    yield* W('pgdat', nid, 'node_start_pfn', node_start);
    yield* W('pgdat', nid, 'node_spanned_pages', node_end - node_start);
  },
};

export const v5_5 = {
  *remove_pfn_range_from_zone(this: Kernel, zone: number, start_pfn: number, nr_pages: number): Steps<void> {
    yield* this.page_init_poison(start_pfn, nr_pages);
    if (zone_idx(zone) === this.c.ZONE_DEVICE) return;
    yield* this.__remove_zone(zone, start_pfn, nr_pages);
  },
};

/**
 * arm64 until v5.12, with CONFIG_HOLES_IN_ZONE: pfn_valid() asks for the sub-section of a section that is not early. Of an
 * early one it asks memblock_is_map_memory(), which this search does not.
 */
export const holes_in_zone = {
  *$find_section_pfn(
    this: Kernel,
    zone: number,
    start_pfn: number,
    end_pfn: number,
    smallest: boolean,
    _by_zone: boolean,
  ): Steps<number> {
    return yield* find_online(this, zone, start_pfn, end_pfn, smallest, 'late');
  },
};

export const v5_12 = {
  /** pfn_to_online_page() asks for the sub-section. */
  *$find_section_pfn(
    this: Kernel,
    zone: number,
    start_pfn: number,
    end_pfn: number,
    smallest: boolean,
    _by_zone: boolean,
  ): Steps<number> {
    return yield* find_online(this, zone, start_pfn, end_pfn, smallest, 'all');
  },
};

export const v5_15 = {
  /** No resize lock any more: mem_hotplug_lock is sufficient (27cacaad16c5, v5.14). */
  *$resize_spans(this: Kernel, zone: number, start_pfn: number, nr_pages: number): Steps<void> {
    yield* this.resize_zone_range(zone, start_pfn, nr_pages);
    yield* this.resize_pgdat_range(zone_to_nid(zone), start_pfn, nr_pages);
  },

  *__remove_zone(this: Kernel, zone: number, start_pfn: number, nr_pages: number): Steps<void> {
    if (zone_idx(zone) === this.c.ZONE_DEVICE) return;
    yield* this.shrink_zone_span(zone, start_pfn, start_pfn + nr_pages);
    yield* this.shrink_pgdat_span(zone, start_pfn, start_pfn + nr_pages);
  },
};
