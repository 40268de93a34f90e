import type { Steps } from '../../../steps/step.ts';
import { clear_user_highpages } from '../access.ts';
import { page_add, stride } from '../config.ts';
import type { MemKernel } from '../functions.ts';
import { took } from '../world.ts';
import { mem_map_advance, nth_stride } from './mem_map.ts';

/** Zeroes the memory of a huge page, page by page, before its user gets it. */

function* clear_plainly(k: MemKernel, fn: string, page: number, nr: number): Steps<void> {
  yield* took(fn);
  for (let i = 0; i < nr; ) {
    const n = Math.min(nr - i, k.c.run_limit);
    yield* clear_user_highpages(k.c, page_add(page, i), n, { fn, base: page, i });
    i += n;
  }
}

function* clear_by_next(k: MemKernel, fn: string, page: number, nr: number): Steps<void> {
  yield* took(fn);
  let p = page;
  for (let i = 0; i < nr; ) {
    const n = stride(k.c, i, nr);
    yield* clear_user_highpages(k.c, p, n, { fn, base: page, i });
    i += n;
    p = yield* mem_map_advance(k, p, page, i, n);
  }
}

function* clear_by_nth(k: MemKernel, fn: string, page: number, nr: number): Steps<void> {
  yield* took(fn);
  for (let i = 0; i < nr; ) {
    const p = yield* k.nth_page(page, i);
    const n = yield* nth_stride(k, page, i, nr);
    yield* clear_user_highpages(k.c, p, n, { fn, base: page, i });
    i += n;
  }
}

export const v2_6_27 = {
  /** sz in bytes. */
  *clear_huge_page(this: MemKernel, page: number, sz: number): Steps<void> {
    yield* clear_plainly(this, 'clear_huge_page', page, sz / this.c.PAGE_SIZE);
  },

  /** The page fault for the first page of a mapping. */
  *hugetlb_no_page(this: MemKernel, page: number, order: number): Steps<void> {
    yield* this.clear_huge_page(page, 2 ** order * this.c.PAGE_SIZE);
  },
};

/**
 * "gigantic compound pages part 2" (8 October 2008), first version: one loop for all sizes, with the boundary test in
 * it.
 */
export const gigantic_v1 = {
  *clear_huge_page(this: MemKernel, page: number, sz: number): Steps<void> {
    yield* clear_by_next(this, 'clear_huge_page', page, sz / this.c.PAGE_SIZE);
  },
};

/**
 * Second version (13 October 2008): a separate loop, selected by a comparison of bytes with pages (so in 2.6.28.6;
 * B94).
 */
export const gigantic_v2 = {
  *clear_gigantic_page(this: MemKernel, page: number, sz: number): Steps<void> {
    yield* clear_by_next(this, 'clear_gigantic_page', page, sz / this.c.PAGE_SIZE);
  },

  *clear_huge_page(this: MemKernel, page: number, sz: number): Steps<void> {
    if (sz > this.c.MAX_ORDER_NR_PAGES) return yield* this.clear_gigantic_page(page, sz);
    yield* clear_plainly(this, 'clear_huge_page', page, sz / this.c.PAGE_SIZE);
  },
};

/** The comparison is of pages with pages. */
export const v5_2 = {
  *clear_gigantic_page(this: MemKernel, page: number, pages_per_huge_page: number): Steps<void> {
    yield* clear_by_next(this, 'clear_gigantic_page', page, pages_per_huge_page);
  },

  *clear_huge_page(this: MemKernel, page: number, pages_per_huge_page: number): Steps<void> {
    if (pages_per_huge_page > this.c.MAX_ORDER_NR_PAGES)
      return yield* this.clear_gigantic_page(page, pages_per_huge_page);
    yield* clear_plainly(this, 'clear_huge_page', page, pages_per_huge_page);
  },

  *hugetlb_no_page(this: MemKernel, page: number, order: number): Steps<void> {
    yield* this.clear_huge_page(page, 2 ** order);
  },
};

export const v6_1 = {
  *clear_gigantic_page(this: MemKernel, page: number, pages_per_huge_page: number): Steps<void> {
    yield* clear_by_nth(this, 'clear_gigantic_page', page, pages_per_huge_page);
  },
};

/** folio_page() is nth_page(). */
export const v6_12 = {
  *folio_zero_user(this: MemKernel, page: number, nr_pages: number): Steps<void> {
    if (nr_pages > this.c.MAX_ORDER_NR_PAGES) return yield* this.clear_gigantic_page(page, nr_pages);
    yield* clear_plainly(this, 'folio_zero_user', page, nr_pages);
  },

  *hugetlb_no_page(this: MemKernel, page: number, order: number): Steps<void> {
    yield* this.folio_zero_user(page, 2 ** order);
  },
};

/** No folio crosses the end of a section's memmap, so arithmetic is sufficient for all sizes (MAX_FOLIO_ORDER). */
export const v7_1 = {
  *folio_zero_user(this: MemKernel, page: number, nr_pages: number): Steps<void> {
    yield* clear_plainly(this, 'folio_zero_user', page, nr_pages);
  },
};
