import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { page_use, USE, with_use } from '../page.ts';
import { access_pages, page_operation } from '../page_access.ts';

const any_movable = page_operation({
  name: 'any_movable',
  writes: false,
  run: (state, start, end): boolean =>
    state.pages.first(start, end, (page) => page_use(page) === USE.MOVABLE) >= 0,
});

const allocate = page_operation({
  name: 'allocate',
  writes: true,
  run: (state, start, end): void => state.pages.update(start, end, (page) => with_use(page, USE.UNMOVABLE)),
});

export const v5_2 = {
  /** 0 with the range allocated, or -EBUSY without a message. */
  *alloc_contig_range(this: Kernel, zone: number, start: number, end: number): Steps<number> {
    let ret = yield* this.start_isolate_page_range(zone, start, end, false);
    if (ret) return ret;
    yield* this.do_migrate_range(start, end, true);
    if (yield* access_pages(this, 'isolate_migratepages_block', any_movable, start, end))
      ret = -this.errno.EBUSY;
    else ret = yield* this.test_pages_isolated(zone, start, end);
    if (ret === 0) yield* access_pages(this, 'isolate_freepages_block', allocate, start, end);
    yield* this.undo_isolate_page_range(zone, start, end);
    return ret;
  },
};
