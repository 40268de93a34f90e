import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { alloc, change, exists, forget, free, lock, R, scoped, unlock } from '../ops.ts';
import { MIGRATE, page_migratetype, page_zonenum } from './page.ts';
import { access_pages } from './page_access.ts';
import {
  GUP_PIN_COUNTING_BIAS,
  grab_mapped_page,
  isolate_lru,
  map_new_page,
  put_references,
} from './user_pages.ts';

/**
 * mm/gup.c: references to pages of programs, on the slow path. `start` is an address of a program; `pages`, the array
 * that the kernel fills, is named by a number.
 */

export const FOLL_WRITE = 1;
/** The number differs between releases. */
export const FOLL_LONGTERM = 0x10000;

const MMAP_LOCK = 'mm->mmap_lock';

/** Faults in and grabs each page; the pfns. */
function* grab_all(k: Kernel, start: number, nr_pages: number, flags: number, refs: number): Steps<number[]> {
  const first = Math.floor(start / k.c.PAGE_SIZE);
  const pfns: number[] = [];
  for (let nr = first; nr < first + nr_pages; nr++) {
    let pfn = yield* change(grab_mapped_page, nr, refs);
    if (pfn < 0) {
      // memalloc_pin_save(), memalloc_nocma_save()
      const movable = (flags & FOLL_LONGTERM) === 0 || !k.$migrates_longterm_pins();
      if ((yield* change(map_new_page, k.c, nr, movable)) < 0) break;
      pfn = yield* change(grab_mapped_page, nr, refs);
    }
    pfns.push(pfn);
  }
  return pfns;
}

function* put_all(pfns: readonly number[], refs: number): Steps<void> {
  for (const pfn of pfns) yield* change(put_references, pfn, refs);
}

/** __get_user_pages_locked() and __gup_longterm_locked(): the number of pages, or an errno. */
function* gup(
  k: Kernel,
  start: number,
  nr_pages: number,
  flags: number,
  pages: number,
  refs: number,
): Steps<number> {
  for (;;) {
    yield* forget('__gup_longterm_locked');
    yield* lock(MMAP_LOCK, 'rwsem', 'read');
    const pfns = yield* grab_all(k, start, nr_pages, flags, refs);
    yield* unlock(MMAP_LOCK, 'rwsem', 'read');
    if (pfns.length === 0) return -k.errno.ENOMEM;
    if (yield* exists('page_array', pages)) yield* free('page_array', pages);
    yield* alloc('page_array', pages, { pfns });
    if ((flags & FOLL_LONGTERM) === 0 || !k.$migrates_longterm_pins()) return pfns.length;
    const rc = yield* k.check_and_migrate_movable_pages(pfns.length, pages);
    if (rc === 0) return pfns.length;
    if (rc !== -k.errno.EAGAIN) return rc;
  }
}

export const v5_2 = {
  /** FOLL_GET: one reference to each page; the number of pages, or an errno. */
  *get_user_pages(
    this: Kernel,
    start: number,
    nr_pages: number,
    gup_flags: number,
    pages: number,
  ): Steps<number> {
    return yield* scoped('get_user_pages', gup(this, start, nr_pages, gup_flags, pages, 1));
  },

  /** Until v5.12 only pages of CMA areas are moved for a long-term pin. */
  $migrates_longterm_pins(this: Kernel): boolean {
    return false;
  },
};

export const v5_7 = {
  /** FOLL_PIN: the number of pages, or an errno. */
  *pin_user_pages(
    this: Kernel,
    start: number,
    nr_pages: number,
    gup_flags: number,
    pages: number,
  ): Steps<number> {
    return yield* scoped(
      'pin_user_pages',
      gup(this, start, nr_pages, gup_flags, pages, GUP_PIN_COUNTING_BIAS),
    );
  },

  *unpin_user_pages(this: Kernel, pages: number, npages: number): Steps<void> {
    const pfns = yield* R('page_array', pages, 'pfns');
    yield* put_all(pfns.slice(0, npages), GUP_PIN_COUNTING_BIAS);
  },
};

/** get_user_pages() where a long-term reference must be a pin; `valid` is the function that says so. */
const get_user_pages = (valid: 'is_valid_gup_flags' | 'is_valid_gup_args') => ({
  *get_user_pages(
    this: Kernel,
    start: number,
    nr_pages: number,
    gup_flags: number,
    pages: number,
  ): Steps<number> {
    if (gup_flags & FOLL_LONGTERM) {
      yield* this.WARN_ON_ONCE(valid);
      return -this.errno.EINVAL;
    }
    return yield* v5_2.get_user_pages.call(this, start, nr_pages, gup_flags, pages);
  },
});

export const v5_10 = get_user_pages('is_valid_gup_flags');

/** v6.3: one function checks the flags of all. */
export const v6_6 = get_user_pages('is_valid_gup_args');

/** folio_is_longterm_pinnable(): pages of ZONE_MOVABLE, of CMA areas and of isolated pageblocks must move first. */
function* is_longterm_pinnable(k: Kernel, pfn: number): Steps<boolean> {
  const page = yield* k.pfn_to_page(pfn);
  const type = page_migratetype(page);
  return page_zonenum(page) !== k.c.ZONE_MOVABLE && type !== MIGRATE.CMA && type !== MIGRATE.ISOLATE;
}

export const v6_1 = {
  $migrates_longterm_pins(this: Kernel): boolean {
    return true;
  },

  /** d1e153fea2a8 (v5.13). 0 if all may stay pinned; -EAGAIN once those that may not have been moved, and none is pinned any more. */
  *check_and_migrate_movable_pages(this: Kernel, nr_pages: number, pages: number): Steps<number> {
    const pfns = (yield* R('page_array', pages, 'pfns')).slice(0, nr_pages);
    const unpinnable: number[] = [];
    for (const pfn of pfns) if (!(yield* is_longterm_pinnable(this, pfn))) unpinnable.push(pfn);
    if (unpinnable.length === 0) return 0;
    const isolated: number[] = [];
    for (const pfn of unpinnable)
      if (yield* access_pages(this, 'collect_longterm_unpinnable_pages', isolate_lru, pfn, pfn + 1))
        isolated.push(pfn);
    yield* put_all(pfns, GUP_PIN_COUNTING_BIAS);
    if (isolated.length === 0) return -this.errno.EAGAIN;
    const left = yield* this.$migrate(isolated, 'alloc_migration_target', GFP_USER);
    yield* this.$putback(left);
    return left.length > 0 ? -this.errno.ENOMEM : -this.errno.EAGAIN;
  },
};

/** Not __GFP_MOVABLE: the new page is in no movable zone. */
const GFP_USER = 0;
