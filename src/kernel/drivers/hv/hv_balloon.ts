import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { PageOffline, PG_reserved, USE, with_use } from '../../mm/page.ts';
import { access_pages, PAGE_OFFSET_OF, page_operation } from '../../mm/page_access.ts';
import { change, look, operation } from '../../ops.ts';
import { PFN_PHYS } from '../../pfn.ts';
import type { hv_hotadd_state, State } from '../../state.ts';

/**
 * drivers/hv/hv_balloon.c: Hyper-V announces whole chunks and backs only a part of them; only that part goes online.
 */

/** The function that takes each page. */
const ONE = 'hv_page_online_one';

/** The number of pages added at once: 128M. */
const HA_CHUNK = 32 * 1024;

const regions = operation({
  name: 'regions',
  obj: 'ha_region_list',
  writes: false,
  run: (state: State): State['ha_region_list'] => state.ha_region_list,
});
const set_region = operation({
  name: 'set_region',
  obj: 'ha_region_list',
  writes: true,
  run: (state: State, has: hv_hotadd_state): void => {
    state.ha_region_list = [...state.ha_region_list.filter((old) => old.start_pfn !== has.start_pfn), has];
  },
});

/** A page that the host does not back becomes PageOffline, with the reference that hot-add gave it. */
const withhold = page_operation({
  name: 'withhold',
  writes: true,
  offset: PAGE_OFFSET_OF.page_type,
  run: (state, start, end): void => state.pages.update(start, end, (page) => with_use(page, USE.OFFLINE_REF)),
});
const release = page_operation({
  name: 'release',
  writes: true,
  offset: PAGE_OFFSET_OF.page_type,
  run: (state, start, end): void =>
    state.pages.update(start, end, (page) => (PageOffline(page) ? with_use(page, USE.NONE) : page)),
});

export const v5_2 = {
  /** Takes adjacent equal pages together; the kernel takes one page at a time. */
  *hv_page_online_one(this: Kernel, pfn: number, nr_pages: number, backed: boolean): Steps<void> {
    if (!backed) {
      yield* access_pages(this, ONE, withhold, pfn, pfn + nr_pages);
      return;
    }
    yield* access_pages(this, ONE, release, pfn, pfn + nr_pages);
    yield* this.generic_online_page(pfn, nr_pages);
  },

  *hv_bring_pgs_online(this: Kernel, has: hv_hotadd_state, pfn: number, nr_pages: number): Steps<void> {
    const end = pfn + nr_pages;
    const from = Math.min(Math.max(pfn, has.covered_start_pfn), end);
    const to = Math.max(from, Math.min(end, has.covered_end_pfn));
    if (from > pfn) yield* this.hv_page_online_one(pfn, from - pfn, false);
    if (to > from) yield* this.hv_page_online_one(from, to - from, true);
    if (end > to) yield* this.hv_page_online_one(to, end - to, false);
  },

  /** The online_page_callback: memory outside the announced regions is left unchanged. */
  *hv_online_page(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    for (const has of yield* look(regions)) {
      const from = Math.max(pfn, has.start_pfn);
      const to = Math.min(pfn + nr_pages, has.end_pfn);
      if (from < to) yield* this.hv_bring_pgs_online(has, from, to - from);
    }
  },

  /** The host announces a region and backs its first `pfn_count` pages: 0, or the errno of add_memory(). */
  *hv_mem_hot_add(
    this: Kernel,
    nid: number,
    start_pfn: number,
    size: number,
    pfn_count: number,
  ): Steps<number> {
    const has = { start_pfn, end_pfn: start_pfn + size, covered_start_pfn: start_pfn };
    for (let pfn = start_pfn; pfn < start_pfn + size; pfn += HA_CHUNK) {
      const covered_end_pfn = Math.min(pfn + HA_CHUNK, start_pfn + pfn_count);
      yield* change(set_region, { ...has, covered_end_pfn });
      const ret = yield* this.add_memory(nid, PFN_PHYS(this.c, pfn), PFN_PHYS(this.c, HA_CHUNK), 0);
      if (ret) return ret;
    }
    return 0;
  },
};

export const v6_12 = {
  /** Hot-added pages are PageOffline and stay so outside the announced regions. */
  *hv_online_page(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    yield* access_pages(this, '__init_single_page', withhold, pfn, pfn + nr_pages);
    yield* v5_2.hv_online_page.call(this, pfn, nr_pages);
  },
};

export const pg_reserved = {
  /** Hot-added pages no longer have PG_reserved: it is set here, and cleared where the page is freed. */
  *hv_page_online_one(this: Kernel, pfn: number, nr_pages: number, backed: boolean): Steps<void> {
    yield* this.$set_page_flag(pfn, nr_pages, PG_reserved, ONE);
    yield* v5_2.hv_page_online_one.call(this, pfn, nr_pages, backed);
  },
};
