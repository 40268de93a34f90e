import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { PG_reserved, USE, with_use } from '../../mm/page.ts';
import { access_pages, PAGE_OFFSET_OF, page_operation } from '../../mm/page_access.ts';

/** drivers/xen/balloon.c: hot-added pages fill the balloon; user space uses some of them to map foreign frames. */

const balloon_append = page_operation({
  name: 'balloon_append',
  writes: true,
  offset: PAGE_OFFSET_OF.page_type,
  run: (state, start, end): void => state.pages.update(start, end, (page) => with_use(page, USE.OFFLINE_REF)),
});

export const v5_2 = {
  /** The online_page_callback: no page goes to the allocator. */
  *xen_online_page(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    yield* access_pages(this, 'balloon_append', balloon_append, pfn, pfn + nr_pages);
  },
};

export const pg_reserved = {
  *xen_online_page(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    yield* this.$set_page_flag(pfn, nr_pages, PG_reserved, 'xen_online_page');
    yield* v5_2.xen_online_page.call(this, pfn, nr_pages);
  },
};
