import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { R } from '../../ops.ts';
import { zone_idx, zone_to_nid } from '../../state.ts';
import { vmem_altmap_offset } from '../memory_hotplug/add_pages.ts';
import { MIGRATE, make_page, type Page, PG_reserved, page_use, USE, with_use } from '../page.ts';
import { access_pages, page_operation } from '../page_access.ts';

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
  },
};

export const v6_11 = {
  /** Hot-added pages start PageOffline, not PG_reserved. */
  *memmap_init_range(
    this: Kernel,
    zone: number,
    start_pfn: number,
    nr_pages: number,
    migratetype: number,
  ): Steps<void> {
    const page = make_page(zone_to_nid(zone), zone_idx(zone), migratetype);
    yield* access_pages(this, INIT, init_pages, start_pfn, start_pfn + nr_pages, page);
  },
};
