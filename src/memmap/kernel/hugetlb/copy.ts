import type { Steps } from '../../../steps/step.ts';
import { copy_user_highpages } from '../access.ts';
import { page_add, stride } from '../config.ts';
import type { MemKernel } from '../functions.ts';
import { took } from '../world.ts';
import { mem_map_advance, nth_stride } from './mem_map.ts';

/** Copies the memory of a huge page, page by page, on a write to a shared page. */

function* copy_plainly(k: MemKernel, fn: string, dst: number, src: number, nr: number): Steps<void> {
  yield* took(fn);
  for (let i = 0; i < nr; ) {
    const n = Math.min(nr - i, k.c.run_limit);
    const [to, from] = [
      { fn, base: dst, i },
      { fn, base: src, i },
    ];
    yield* copy_user_highpages(k.c, page_add(dst, i), page_add(src, i), n, to, from);
    i += n;
  }
}

/** Both pointers advance after each page, including the last. */
function* copy_by_next(
  k: MemKernel,
  fn: string,
  dst_base: number,
  src_base: number,
  nr: number,
): Steps<void> {
  yield* took(fn);
  let [dst, src] = [dst_base, src_base];
  for (let i = 0; i < nr; ) {
    const n = stride(k.c, i, nr);
    const [to, from] = [
      { fn, base: dst_base, i },
      { fn, base: src_base, i },
    ];
    yield* copy_user_highpages(k.c, dst, src, n, to, from);
    i += n;
    dst = yield* mem_map_advance(k, dst, dst_base, i, n);
    src = yield* mem_map_advance(k, src, src_base, i, n);
  }
}

function* copy_by_nth(k: MemKernel, fn: string, dst_base: number, src_base: number, nr: number): Steps<void> {
  yield* took(fn);
  for (let i = 0; i < nr; ) {
    const dst = yield* k.nth_page(dst_base, i);
    const src = yield* k.nth_page(src_base, i);
    const n = Math.min(yield* nth_stride(k, dst_base, i, nr), yield* nth_stride(k, src_base, i, nr));
    const [to, from] = [
      { fn, base: dst_base, i },
      { fn, base: src_base, i },
    ];
    yield* copy_user_highpages(k.c, dst, src, n, to, from);
    i += n;
  }
}

export const v2_6_27 = {
  *copy_huge_page(this: MemKernel, dst: number, src: number, pages_per_huge_page: number): Steps<void> {
    yield* copy_plainly(this, 'copy_huge_page', dst, src, pages_per_huge_page);
  },

  /** The page fault that ends sharing; hugetlb_wp from v5.18 on. */
  *hugetlb_cow(this: MemKernel, dst: number, src: number, order: number): Steps<void> {
    yield* this.copy_huge_page(dst, src, 2 ** order);
  },
};

export const gigantic_v1 = {
  *copy_huge_page(this: MemKernel, dst: number, src: number, pages_per_huge_page: number): Steps<void> {
    yield* copy_by_next(this, 'copy_huge_page', dst, src, pages_per_huge_page);
  },
};

export const gigantic_v2 = {
  *copy_gigantic_page(this: MemKernel, dst: number, src: number, pages_per_huge_page: number): Steps<void> {
    yield* copy_by_next(this, 'copy_gigantic_page', dst, src, pages_per_huge_page);
  },

  /** Here the comparison is of pages with pages. */
  *copy_huge_page(this: MemKernel, dst: number, src: number, pages_per_huge_page: number): Steps<void> {
    if (pages_per_huge_page > this.c.MAX_ORDER_NR_PAGES)
      return yield* this.copy_gigantic_page(dst, src, pages_per_huge_page);
    yield* copy_plainly(this, 'copy_huge_page', dst, src, pages_per_huge_page);
  },
};

export const v5_2 = {
  *copy_user_gigantic_page(this: MemKernel, dst: number, src: number, nr: number): Steps<void> {
    yield* copy_by_next(this, 'copy_user_gigantic_page', dst, src, nr);
  },

  *copy_user_huge_page(this: MemKernel, dst: number, src: number, nr: number): Steps<void> {
    if (nr > this.c.MAX_ORDER_NR_PAGES) return yield* this.copy_user_gigantic_page(dst, src, nr);
    yield* copy_plainly(this, 'copy_user_huge_page', dst, src, nr);
  },

  *hugetlb_cow(this: MemKernel, dst: number, src: number, order: number): Steps<void> {
    yield* this.copy_user_huge_page(dst, src, 2 ** order);
  },
};

export const v6_1 = {
  *copy_user_gigantic_page(this: MemKernel, dst: number, src: number, nr: number): Steps<void> {
    yield* copy_by_nth(this, 'copy_user_gigantic_page', dst, src, nr);
  },
};

export const v6_12 = {
  *copy_user_large_folio(this: MemKernel, dst: number, src: number, nr: number): Steps<void> {
    if (nr > this.c.MAX_ORDER_NR_PAGES) return yield* this.copy_user_gigantic_page(dst, src, nr);
    yield* copy_plainly(this, 'copy_user_large_folio', dst, src, nr);
  },

  *hugetlb_cow(this: MemKernel, dst: number, src: number, order: number): Steps<void> {
    yield* this.copy_user_large_folio(dst, src, 2 ** order);
  },
};

/** folio_page() is arithmetic now. */
export const v7_1 = {
  *copy_user_gigantic_page(this: MemKernel, dst: number, src: number, nr: number): Steps<void> {
    yield* copy_plainly(this, 'copy_user_gigantic_page', dst, src, nr);
  },
};
