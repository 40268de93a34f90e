import type { Steps } from '../../../steps/step.ts';
import { pfn_at, write_pages } from '../access.ts';
import { page_add, stride } from '../config.ts';
import type { MemKernel } from '../functions.ts';
import {
  BOUNDARY_TEST,
  change,
  look,
  type Memmap,
  operation,
  PG_head,
  PG_reserved,
  PG_tail,
  page_count,
  took,
} from '../world.ts';
import { mem_map_advance, nth_stride } from './mem_map.ts';

/** Struct pages become one compound page. */

const note_order = operation({
  name: 'note_order',
  writes: true,
  run: (world: Memmap, page: number, order: number): void => {
    world.compound_order.set(pfn_at(world, page), order);
  },
});

/** The order is stored in the first tail, which no model places elsewhere. */
export const set_compound_order = (page: number, order: number): Steps<void> =>
  change(note_order, page, order);

const find_pfn = operation({
  name: 'find_pfn',
  writes: false,
  run: (world: Memmap, page: number): number => pfn_at(world, page),
});
const find_inflated = operation({
  name: 'find_inflated',
  writes: false,
  run: (world: Memmap, pfn: number, n: number): number =>
    world.pages.first(pfn, pfn + n, (word) => page_count(word) !== 1),
});

export const v2_6_27 = {
  /** page + i, for any order. */
  *prep_compound_page(this: MemKernel, page: number, order: number): Steps<void> {
    const nr_pages = 2 ** order;
    const fn = 'prep_compound_page';
    yield* took(fn);
    yield* set_compound_order(page, order);
    yield* write_pages(this.c, page, 1, { set: PG_head }, { fn, base: page, i: 0 });
    for (let i = 1; i < nr_pages; ) {
      const n = Math.min(nr_pages - i, this.c.run_limit);
      const tail = { set: PG_tail, first_page: page };
      yield* write_pages(this.c, page_add(page, i), n, tail, { fn, base: page, i });
      i += n;
    }
  },

  /** Makes huge pages from memory of that order that boot set aside. False: the pages cannot be used. */
  *gather_bootmem_prealloc(this: MemKernel, page: number, order: number): Steps<boolean> {
    yield* this.prep_compound_page(page, order);
    return true;
  },
};

/** "handle initialising compound pages at orders greater than MAX_ORDER": the boundary test in the loop of every compound page. */
export const gigantic_part1 = {
  *prep_compound_page(this: MemKernel, page: number, order: number): Steps<void> {
    const nr_pages = 2 ** order;
    const fn = 'prep_compound_page';
    yield* took(fn);
    yield* set_compound_order(page, order);
    yield* write_pages(this.c, page, 1, { set: PG_head }, { fn, base: page, i: 0 });
    let p = page_add(page, 1);
    for (let i = 1; i < nr_pages; ) {
      if (i % this.c.MAX_ORDER_NR_PAGES === 0)
        p = yield* this.__pfn_to_page((yield* this.__page_to_pfn(page)) + i);
      const n = stride(this.c, i, nr_pages);
      yield* took(BOUNDARY_TEST, n);
      yield* write_pages(this.c, p, n, { set: PG_tail, first_page: page }, { fn, base: page, i });
      i += n;
      p = page_add(p, n);
    }
  },
};

export const v2_6_28 = {
  /** For gigantic pages only, from the second version of "part 2" on. Returns true where later forms may fail. */
  *prep_compound_gigantic_page(this: MemKernel, page: number, order: number): Steps<boolean> {
    return yield* prep_by_next(this, page, order, { set: PG_tail, first_page: page });
  },

  *prep_compound_huge_page(this: MemKernel, page: number, order: number): Steps<boolean> {
    if (order > this.c.MAX_ORDER - 1) return yield* this.prep_compound_gigantic_page(page, order);
    yield* this.prep_compound_page(page, order);
    return true;
  },

  *gather_bootmem_prealloc(this: MemKernel, page: number, order: number): Steps<boolean> {
    return yield* this.prep_compound_huge_page(page, order);
  },
};

export const v5_2 = {
  /** Also clears PG_reserved and the count of tails. */
  *prep_compound_gigantic_page(this: MemKernel, page: number, order: number): Steps<boolean> {
    return yield* prep_by_next(this, page, order, {
      set: PG_tail,
      clear: PG_reserved,
      count: 0,
      first_page: page,
    });
  },
};

type Tail = Parameters<typeof write_pages>[3];

function* prep_by_next(k: MemKernel, page: number, order: number, tail: Tail): Steps<boolean> {
  const nr_pages = 2 ** order;
  const fn = 'prep_compound_gigantic_page';
  yield* took(fn);
  yield* set_compound_order(page, order);
  const head = { set: PG_head, clear: tail.clear ?? 0 };
  yield* write_pages(k.c, page, 1, head, { fn, base: page, i: 0 });
  let p = page_add(page, 1);
  for (let i = 1; i < nr_pages; ) {
    const n = stride(k.c, i, nr_pages);
    yield* write_pages(k.c, p, n, tail, { fn, base: page, i });
    i += n;
    p = yield* mem_map_advance(k, p, page, i, n);
  }
  return true;
}

export const v6_1 = {
  /** Freezes each count at 0 if it is 1. Otherwise all is undone and the pages do not become hugetlb pages (v5.14). */
  *prep_compound_gigantic_page(this: MemKernel, page: number, order: number): Steps<boolean> {
    const nr_pages = 2 ** order;
    const fn = 'prep_compound_gigantic_page';
    yield* took(fn);
    yield* set_compound_order(page, order);
    yield* write_pages(this.c, page, 1, { set: PG_head, clear: PG_reserved }, { fn, base: page, i: 0 });
    for (let i = 0; i < nr_pages; ) {
      const p = yield* this.nth_page(page, i);
      const run = i === 0 ? 1 : yield* nth_stride(this, page, i, nr_pages);
      const pfn = yield* look(find_pfn, p);
      const inflated = yield* look(find_inflated, pfn, run);
      const n = inflated < 0 ? run : inflated - pfn;
      const tail = i === 0 ? {} : { set: PG_tail, first_page: page };
      if (n > 0)
        yield* write_pages(this.c, p, n, { clear: PG_reserved, count: 0, ...tail }, { fn, base: page, i });
      i += n;
      if (inflated < 0) continue;
      yield {
        op: 'printk',
        level: 4,
        text: 'HugeTLB page can not be used due to unexpected inflated ref count',
      };
      yield* unprep(this, page, i, nr_pages);
      return false;
    }
    return true;
  },

  *gather_bootmem_prealloc(this: MemKernel, page: number, order: number): Steps<boolean> {
    if (order > this.c.MAX_ORDER - 1) return yield* this.prep_compound_gigantic_page(page, order);
    yield* this.prep_compound_page(page, order);
    return true;
  },
};

/** Restores the counts of the pages already frozen, and clears PG_reserved of the rest. */
function* unprep(k: MemKernel, page: number, frozen: number, nr_pages: number): Steps<void> {
  const fn = 'prep_compound_gigantic_page';
  for (let j = 0; j < nr_pages; ) {
    const p = yield* k.nth_page(page, j);
    const end = j < frozen ? frozen : nr_pages;
    const n = yield* nth_stride(k, page, j, end);
    const undo = j < frozen ? { clear: PG_tail, first_page: 0, count: 1 } : { clear: PG_reserved };
    yield* write_pages(k.c, p, n, undo, { fn, base: page, i: j });
    j += n;
  }
  yield* set_compound_order(page, 0);
  yield* write_pages(k.c, page, 1, { clear: PG_head }, { fn, base: page, i: 0 });
}

export const v6_12 = {
  /** Initialises struct pages found through the pfn, then makes tails as head + i: B90 is back. */
  *hugetlb_folio_init_tail_vmemmap(this: MemKernel, page: number, order: number): Steps<void> {
    const fn = 'hugetlb_folio_init_tail_vmemmap';
    yield* took(fn);
    const nr_pages = 2 ** order;
    const tail = { set: PG_tail, first_page: page };
    for (let i = 1; i < nr_pages; ) {
      const p = yield* this.__pfn_to_page((yield* this.__page_to_pfn(page)) + i);
      const n = yield* nth_stride(this, page, i, nr_pages);
      yield* write_pages(this.c, p, n, { clear: PG_reserved, count: 0 }, { fn, base: page, i });
      yield* write_pages(this.c, page_add(page, i), n, tail, { fn: 'prep_compound_tail', base: page, i });
      i += n;
    }
  },

  *gather_bootmem_prealloc(this: MemKernel, page: number, order: number): Steps<boolean> {
    if (order <= this.c.MAX_ORDER - 1) {
      yield* this.prep_compound_page(page, order);
      return true;
    }
    yield* set_compound_order(page, order);
    const head = { set: PG_head, clear: PG_reserved, count: 0 };
    yield* write_pages(this.c, page, 1, head, { fn: 'hugetlb_folio_init_vmemmap', base: page, i: 0 });
    yield* this.hugetlb_folio_init_tail_vmemmap(page, order);
    return true;
  },
};

/** page++ beside pfn++: correct as long as no folio leaves its section's memmap. */
export const v7_1 = {
  *hugetlb_folio_init_tail_vmemmap(this: MemKernel, page: number, order: number): Steps<void> {
    const fn = 'hugetlb_folio_init_tail_vmemmap';
    yield* took(fn);
    const tail = { set: PG_tail, clear: PG_reserved, count: 0, first_page: page };
    yield* write_pages(this.c, page_add(page, 1), 2 ** order - 1, tail, { fn, base: page, i: 1 });
  },
};
