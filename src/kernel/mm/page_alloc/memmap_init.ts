import type { Steps } from '../../../steps/step.ts';
import { SIZEOF_STRUCT_PAGE } from '../../config.ts';
import type { Kernel } from '../../kernel.ts';
import { pr_info, R } from '../../ops.ts';
import { pfn_to_section_nr } from '../../pfn.ts';
import { SECTION_IS_EARLY, zone_idx, zone_to_nid } from '../../state.ts';
import { vmem_altmap_offset } from '../memory_hotplug/add_pages.ts';
import { MIGRATE, make_page, type Page, PG_reserved, page_use, USE, with_use } from '../page.ts';
import { access_pages, page_operation } from '../page_access.ts';
import { VMEMMAP_RESERVE_NR, vmemmap_can_optimize } from '../sparse-vmemmap/nr_vmemmap_pages.ts';

/** The function that writes a struct page for the first time. */
const INIT = '__init_single_page';

const set_pages = page_operation({
  name: 'set_pages',
  writes: true,
  run: (state, start, end, page: Page): void => state.pages.set(start, end, page),
});

const init_pages = page_operation({
  name: 'init_pages',
  writes: true,
  run: (state, start, end, page: Page): void =>
    state.pages.update(start, end, (old) =>
      page_use(old) === USE.OFFLINE_REF || page_use(old) === USE.OFFLINE_NOREF
        ? with_use(page, page_use(old))
        : page,
    ),
});

export const v5_2 = {
  /** MEMINIT_HOTPLUG: zone, node, refcount 1, PG_reserved (until v6.10). */
  *memmap_init_range(
    this: Kernel,
    zone: number,
    start_pfn: number,
    nr_pages: number,
    migratetype: number,
  ): Steps<void> {
    const page = make_page(zone_to_nid(zone), zone_idx(zone), migratetype, PG_reserved);
    yield* access_pages(this, INIT, init_pages, start_pfn, start_pfn + nr_pages, page);
  },

  /** Sets PG_reserved permanently (__init_zone_device_page() in 6.12). */
  *memmap_init_zone_device(
    this: Kernel,
    zone: number,
    start_pfn: number,
    nr_pages: number,
    pgmap: number,
  ): Steps<void> {
    const altmap = yield* R('dev_pagemap', pgmap, 'altmap');
    const first = altmap ? altmap.base_pfn + vmem_altmap_offset(altmap) : start_pfn;
    const flags = this.$zone_device_pages_reserved() ? PG_reserved : 0;
    const page = make_page(zone_to_nid(zone), this.c.ZONE_DEVICE, MIGRATE.MOVABLE, flags);
    if (first < start_pfn + nr_pages)
      yield* access_pages(this, INIT, set_pages, first, start_pfn + nr_pages, page);
    yield* this.$zone_device_initialised(start_pfn + nr_pages - first);
  },

  /** The time that it took is none. */
  *$zone_device_initialised(this: Kernel, nr_pages: number): Steps<void> {
    yield* pr_info(`memmap_init_zone_device initialised, ${nr_pages} pages in 0ms`);
  },
};

export const v5_4 = {
  *$zone_device_initialised(this: Kernel, nr_pages: number): Steps<void> {
    yield* pr_info(`memmap_init_zone_device initialised ${nr_pages} pages in 0ms`);
  },
};

/** In mm/mm_init.c: 6.1 stable, and mainline from v6.4 on. */
export const v6_1 = {
  *$zone_device_initialised(this: Kernel, nr_pages: number): Steps<void> {
    yield* this.pr_debug('mm/mm_init.c', `memmap_init_zone_device initialised ${nr_pages} pages in 0ms`);
  },
};

/** Struct pages in the part of a compound page's memmap that is its own: VMEMMAP_RESERVE_NR pages. */
const own_part = ({ c }: Kernel): number => (VMEMMAP_RESERVE_NR * c.PAGE_SIZE) / SIZEOF_STRUCT_PAGE;

export const v6_6 = {
  /**
   * Device-dax has compound pages of its alignment, whose tails share memmap: only the part that is a page's own is
   * initialised, in boot sections as well, where nothing is shared (until 6.1.184, 6.12.97).
   */
  *memmap_init_zone_device(
    this: Kernel,
    zone: number,
    start_pfn: number,
    nr_pages: number,
    pgmap: number,
  ): Steps<void> {
    const whole = v5_2.memmap_init_zone_device;
    const altmap = yield* R('dev_pagemap', pgmap, 'altmap');
    const shift = yield* R('dev_pagemap', pgmap, 'vmemmap_shift');
    const compound = 2 ** shift;
    const map = yield* this.$section_mem_map(pfn_to_section_nr(this.c, start_pfn));
    if (!vmemmap_can_optimize(this.c, altmap, shift) || !(map & SECTION_IS_EARLY))
      return yield* whole.call(this, zone, start_pfn, nr_pages, pgmap);
    for (let pfn = start_pfn; pfn < start_pfn + nr_pages; pfn += compound)
      yield* whole.call(this, zone, pfn, own_part(this), pgmap);
  },
};

export const v6_11 = {
  /**
   * Hot-added pages start PageOffline, not PG_reserved. Those of ZONE_DEVICE that come here are the pages of an altmap, and
   * start PG_reserved.
   */
  *memmap_init_range(
    this: Kernel,
    zone: number,
    start_pfn: number,
    nr_pages: number,
    migratetype: number,
  ): Steps<void> {
    const flags = zone_idx(zone) === this.c.ZONE_DEVICE ? PG_reserved : 0;
    const page = make_page(zone_to_nid(zone), zone_idx(zone), migratetype, flags);
    yield* access_pages(this, INIT, init_pages, start_pfn, start_pfn + nr_pages, page);
  },
};
