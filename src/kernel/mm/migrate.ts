import type { Steps } from '../../steps/step.ts';
import type { Config } from '../config.ts';
import type { Kernel } from '../kernel.ts';
import { change, exists, operation, R, W } from '../ops.ts';
import { hex } from '../pfn.ts';
import type { State } from '../state.ts';
import { USE, with_use } from './page.ts';
import { free_user_page, move_page, putback_lru } from './user_pages.ts';

/**
 * mm/migrate.c: pages that have been isolated from an LRU list move elsewhere. A list of pages is that of compaction in
 * a zone, and named by the key of the zone.
 */

/** Functions that allocate the new page, by name. */
type NewPage = 'alloc_migration_target' | 'compaction_alloc';

/** __GFP_MOVABLE, as far as the choice of a zone goes. */
export const __GFP_MOVABLE = 8;

const take_target = operation({
  name: 'take_target',
  obj: 'pages',
  writes: true,
  tell: (_, pfn) => ({
    kind: 'does',
    what: '__alloc_pages()',
    value: pfn === undefined ? undefined : hex(pfn),
  }),
  run: (state: State, c: Config, movable: boolean): number => {
    const pfn = free_user_page(state, c, movable);
    if (pfn >= 0) state.pages.update(pfn, pfn + 1, (page) => with_use(page, USE.ISOLATED));
    return pfn;
  },
});

export const v5_2 = {
  /** The pfn of the new page, or -1. */
  *alloc_migration_target(this: Kernel, _page: number, gfp_mask: number): Steps<number> {
    return yield* change(take_target, this.c, (gfp_mask & __GFP_MOVABLE) !== 0);
  },

  /** Migrates pages one by one; those that stay. */
  *$migrate(this: Kernel, pfns: readonly number[], get_new_page: NewPage, data: number): Steps<number[]> {
    const left: number[] = [];
    for (const pfn of pfns) {
      const to = yield* this[get_new_page](pfn, data);
      if (to < 0 || !(yield* move_page(this, pfn, to))) left.push(pfn);
    }
    return left;
  },

  *$putback(this: Kernel, pfns: readonly number[]): Steps<void> {
    for (const pfn of pfns) yield* change(putback_lru, pfn);
  },

  /** The number of pages that did not move; they stay on the list `from`. */
  *migrate_pages(
    this: Kernel,
    from: number,
    get_new_page: NewPage,
    _put_new_page: string | null,
    private_: number,
    _mode: number,
    _reason: number,
  ): Steps<number> {
    if (!(yield* exists('compact_control', from))) return 0;
    const pfns = yield* R('compact_control', from, 'migratepages');
    const left = yield* this.$migrate(pfns, get_new_page, private_);
    yield* W('compact_control', from, 'migratepages', left);
    return left.length;
  },

  *putback_movable_pages(this: Kernel, l: number): Steps<void> {
    if (!(yield* exists('compact_control', l))) return;
    yield* this.$putback(yield* R('compact_control', l, 'migratepages'));
    yield* W('compact_control', l, 'migratepages', []);
  },
};
