import type { Steps } from '../../../steps/step.ts';
import { write_pages } from '../access.ts';
import { page_add, stride } from '../config.ts';
import type { MemKernel } from '../functions.ts';
import { PG_head, PG_locked, PG_tail, took } from '../world.ts';
import { mem_map_advance, nth_stride } from './mem_map.ts';
import { set_compound_order } from './prep.ts';

/** A huge page is split into single pages. */

const SPLIT = { clear: PG_tail, first_page: 0 };

/** Clears the flags of every page, as page[i]. */
function* clear_flags(k: MemKernel, page: number, nr: number): Steps<void> {
  const fn = 'update_and_free_page';
  yield* took(fn);
  yield* write_pages(k.c, page, nr, { clear: PG_locked }, { fn, base: page, i: 0 });
}

export const v2_6_27 = {
  /** page[i] and page + i; pages that the buddy cannot have made never get here. */
  *update_and_free_page(this: MemKernel, page: number, order: number): Steps<void> {
    if (order >= this.c.MAX_ORDER) yield* bug_on(order);
    yield* free_plainly(this, page, order);
  },

  *destroy_compound_page(this: MemKernel, page: number, order: number): Steps<void> {
    const fn = 'destroy_compound_page';
    yield* took(fn);
    yield* write_pages(this.c, page, 1, { clear: PG_head }, { fn, base: page, i: 0 });
    yield* write_pages(this.c, page_add(page, 1), 2 ** order - 1, SPLIT, { fn, base: page, i: 1 });
    yield* set_compound_order(page, 0);
  },
};

function* bug_on(order: number): Steps<never> {
  yield {
    op: 'bug',
    where: 'update_and_free_page',
    text: `VM_BUG_ON(h->order >= MAX_ORDER), order ${order}`,
    about: { message: 'VM_BUG_ON(h->order >= MAX_ORDER)', order },
  };
  throw new Error('resumed after BUG in update_and_free_page');
}

function* free_plainly(k: MemKernel, page: number, order: number): Steps<void> {
  yield* clear_flags(k, page, 2 ** order);
  yield* k.destroy_compound_page(page, order);
}

/** B97: the same loops, if gigantic pages were ever freed. */
export const B97 = {
  *update_and_free_page(this: MemKernel, page: number, order: number): Steps<void> {
    yield* free_plainly(this, page, order);
  },
};

export const v5_2 = {
  /** Gigantic pages are freed since v3.16, and the flags still are page[i]'s: B97 until dbfee5aee7e5 (v5.12). */
  *update_and_free_page(this: MemKernel, page: number, order: number): Steps<void> {
    yield* clear_flags(this, page, 2 ** order);
    if (order >= this.c.MAX_ORDER) yield* this.destroy_compound_gigantic_page(page, order);
    else yield* this.destroy_compound_page(page, order);
  },

  *destroy_compound_gigantic_page(this: MemKernel, page: number, order: number): Steps<void> {
    const fn = 'destroy_compound_gigantic_page';
    const nr_pages = 2 ** order;
    yield* took(fn);
    let p = page_add(page, 1);
    for (let i = 1; i < nr_pages; ) {
      const n = stride(this.c, i, nr_pages);
      yield* write_pages(this.c, p, n, { ...SPLIT, count: 1 }, { fn, base: page, i });
      i += n;
      p = yield* mem_map_advance(this, p, page, i, n);
    }
    yield* set_compound_order(page, 0);
    yield* write_pages(this.c, page, 1, { clear: PG_head }, { fn, base: page, i: 0 });
  },
};

export const v5_12 = {
  *update_and_free_page(this: MemKernel, page: number, order: number): Steps<void> {
    const fn = 'update_and_free_page';
    const nr_pages = 2 ** order;
    yield* took(fn);
    let p = page;
    for (let i = 0; i < nr_pages; ) {
      const n = stride(this.c, i, nr_pages);
      yield* write_pages(this.c, p, n, { clear: PG_locked }, { fn, base: page, i });
      i += n;
      p = yield* mem_map_advance(this, p, page, i, n);
    }
    if (order >= this.c.MAX_ORDER) yield* this.destroy_compound_gigantic_page(page, order);
    else yield* this.destroy_compound_page(page, order);
  },
};

export const v6_1 = {
  *update_and_free_page(this: MemKernel, page: number, order: number): Steps<void> {
    const fn = 'update_and_free_page';
    const nr_pages = 2 ** order;
    yield* took(fn);
    for (let i = 0; i < nr_pages; ) {
      const p = yield* this.nth_page(page, i);
      const n = yield* nth_stride(this, page, i, nr_pages);
      yield* write_pages(this.c, p, n, { clear: PG_locked }, { fn, base: page, i });
      i += n;
    }
    if (order >= this.c.MAX_ORDER) yield* this.destroy_compound_gigantic_page(page, order);
    else yield* this.destroy_compound_page(page, order);
  },

  *destroy_compound_gigantic_page(this: MemKernel, page: number, order: number): Steps<void> {
    const fn = 'destroy_compound_gigantic_page';
    const nr_pages = 2 ** order;
    yield* took(fn);
    for (let i = 1; i < nr_pages; ) {
      const p = yield* this.nth_page(page, i);
      const n = yield* nth_stride(this, page, i, nr_pages);
      yield* write_pages(this.c, p, n, { ...SPLIT, count: 1 }, { fn, base: page, i });
      i += n;
    }
    yield* set_compound_order(page, 0);
    yield* write_pages(this.c, page, 1, { clear: PG_head }, { fn, base: page, i: 0 });
  },
};

/** Contiguous memory is freed as one folio: free_pages_prepare() walks its tails as page + i. */
export const v6_12 = {
  *update_and_free_page(this: MemKernel, page: number, order: number): Steps<void> {
    const fn = 'free_pages_prepare';
    yield* took(fn);
    yield* write_pages(this.c, page_add(page, 1), 2 ** order - 1, SPLIT, { fn, base: page, i: 1 });
    yield* set_compound_order(page, 0);
    yield* write_pages(this.c, page, 1, { clear: PG_head, count: 0 }, { fn, base: page, i: 0 });
  },
};
