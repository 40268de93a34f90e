import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { add } from '../../ops.ts';
import { hex } from '../../pfn.ts';
import { zone_key } from '../../state.ts';
import { PageHWPoison, PageOffline, PG_reserved, page_nid, page_zonenum, USE, with_use } from '../page.ts';
import { access_pages, mapped_page, page_operation } from '../page_access.ts';

/** The function that frees pages for the first time. */
const CORE = '__free_pages_core';

/**
 * mm/page_alloc.c by runs: pages enter and leave the allocator as ranges. __free_pages_core over a range; PageOffline
 * pages stay with their driver. Returns the number of pages that became managed.
 */
const free_range = page_operation({
  name: 'free_range',
  writes: true,
  tell: ([start, end]) => ({ kind: 'does', what: `__free_pages_core(${hex(start)}-${hex(end - 1)})` }),
  run(state, start, end): number {
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

export const v5_2 = {
  /** generic_online_page over a naturally aligned chunk. */
  *generic_online_page(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    const page = yield* mapped_page(this, pfn, yield* this.pfn_to_page(pfn), CORE);
    const freed = yield* access_pages(this, CORE, free_range, pfn, pfn + nr_pages);
    yield* add('zone', zone_key(page_nid(page), page_zonenum(page)), 'managed_pages', freed);
    yield* add('vars', 0, 'totalram_pages', freed);
  },
};
