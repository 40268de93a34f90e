import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { NO_PAGE, PG_reserved, USE, with_use } from '../../mm/page.ts';
import { change, operation } from '../../ops.ts';
import type { State } from '../../state.ts';

/** drivers/xen/balloon.c: hot-added pages fill the balloon; user space uses some of them to map foreign frames. */

const balloon_append = operation({
  name: 'balloon_append',
  obj: 'pages',
  writes: true,
  run: (state: State, start: number, end: number): void =>
    state.pages.update(start, end, (page) => (page === NO_PAGE ? page : with_use(page, USE.OFFLINE_REF))),
});

export const v5_2 = {
  /** The online_page_callback: no page goes to the allocator. */
  *xen_online_page(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    yield* change(balloon_append, pfn, pfn + nr_pages);
  },
};

export const pg_reserved = {
  *xen_online_page(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    yield* this.$set_page_flag(pfn, nr_pages, PG_reserved);
    yield* v5_2.xen_online_page.call(this, pfn, nr_pages);
  },
};
