import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { add } from '../../ops.ts';
import { SECTION_IS_EARLY, zone_idx, zone_to_nid } from '../../state.ts';
import { MIGRATE, PG_vmemmap_self_hosted } from '../page.ts';
import { access_pages, page_operation } from '../page_access.ts';

const self_host = page_operation({
  name: 'self_host',
  writes: true,
  run: (state, start, end): void => state.pages.update(start, end, (page) => page | PG_vmemmap_self_hosted),
});

export const v6_1 = {
  *adjust_present_page_count(
    this: Kernel,
    zone: number,
    pfn: number,
    group: number,
    nr_pages: number,
  ): Steps<void> {
    const map = yield* this.$section_mem_map(Math.floor(pfn / this.c.PAGES_PER_SECTION));
    if (map & SECTION_IS_EARLY) yield* add('zone', zone, 'present_early_pages', nr_pages);
    yield* add('zone', zone, 'present_pages', nr_pages);
    yield* add('pgdat', zone_to_nid(zone), 'node_present_pages', nr_pages);
    if (!group) return;
    const movable = zone_idx(zone) === this.c.ZONE_MOVABLE;
    yield* add('memory_group', group, movable ? 'present_movable_pages' : 'present_kernel_pages', nr_pages);
  },

  *mhp_init_memmap_on_memory(this: Kernel, pfn: number, nr_pages: number, zone: number): Steps<void> {
    yield* this.move_pfn_range_to_zone(zone, pfn, nr_pages, MIGRATE.UNMOVABLE);
    yield* access_pages(this, 'mhp_init_memmap_on_memory', self_host, pfn, pfn + nr_pages);
  },

  *mhp_deinit_memmap_on_memory(this: Kernel, pfn: number, nr_pages: number, zone: number): Steps<void> {
    yield* this.remove_pfn_range_from_zone(zone, pfn, nr_pages);
  },
};

export const v5_10 = {
  *adjust_present_page_count(
    this: Kernel,
    zone: number,
    _pfn: number,
    _group: number,
    nr_pages: number,
  ): Steps<void> {
    yield* add('zone', zone, 'present_pages', nr_pages);
    yield* add('pgdat', zone_to_nid(zone), 'node_present_pages', nr_pages);
  },
};
