import type { Steps } from '../../../steps/step.ts';
import { pfn_at, record_pages, write_pages } from '../access.ts';
import { is_classic, type MemConfig, page_add } from '../config.ts';
import type { MemKernel, PointerRun } from '../functions.ts';
import { change, type Memmap, operation, page_count, took } from '../world.ts';
import { nth_stride } from './mem_map.ts';

const count_up = operation({
  name: 'count_up',
  writes: true,
  run: (world: Memmap, page: number, n: number): void => {
    const pfn = pfn_at(world, page);
    if (pfn >= 0) world.pages.update(pfn, pfn + 1, (word) => (word & 0xff) | ((page_count(word) + n) << 8));
  },
});

/** get_page() of the head, n times. */
const get_head = (page: number, n: number): Steps<void> => change(count_up, page, n);

export const v2_6_27 = {
  /** Takes a reference to the head for each page; page + pfn_offset is returned without being dereferenced. */
  *follow_hugetlb_page(
    this: MemKernel,
    page: number,
    pfn_offset: number,
    remainder: number,
  ): Steps<PointerRun[]> {
    const fn = 'follow_hugetlb_page';
    yield* took(fn);
    yield* get_head(page, remainder);
    const first = page_add(page, pfn_offset);
    yield* record_pages(first, remainder, { fn, base: page, i: pfn_offset });
    return [{ first, n: remainder }];
  },
};

/** Later get_page(pages[i]) with the old arithmetic: the reference is counted in whatever lies there. */
export const B93 = {
  *follow_hugetlb_page(
    this: MemKernel,
    page: number,
    pfn_offset: number,
    remainder: number,
  ): Steps<PointerRun[]> {
    const first = page_add(page, pfn_offset);
    const meant = { fn: 'follow_hugetlb_page', base: page, i: pfn_offset };
    yield* write_pages(this.c, first, remainder, {}, { ...meant, fn: 'get_page' });
    return yield* v2_6_27.follow_hugetlb_page.call(this, page, pfn_offset, remainder);
  },
};

/** The number of pages from an offset on for which mem_map_offset() gives adjacent pointers. */
function offset_stride(c: MemConfig, offset: number, end: number): number {
  if (offset < c.MAX_ORDER_NR_PAGES) return Math.min(end, c.MAX_ORDER_NR_PAGES) - offset;
  const left = end - offset;
  // whether base is aligned or not, the section of a pfn ends after this at the latest
  return is_classic(c.memory_model) ? 0 : left;
}

function* follow_by_offset(
  k: MemKernel,
  page: number,
  pfn_offset: number,
  remainder: number,
  grab: boolean,
): Steps<PointerRun[]> {
  const fn = 'follow_hugetlb_page';
  yield* took(fn);
  const runs: PointerRun[] = [];
  const end = pfn_offset + remainder;
  for (let i = pfn_offset; i < end; ) {
    const first = yield* k.mem_map_offset(page, i);
    const n = offset_stride(k.c, i, end) || (yield* nth_stride(k, page, i, end));
    if (grab) yield* write_pages(k.c, first, n, {}, { fn, base: page, i });
    yield* record_pages(first, n, { fn, base: page, i });
    runs.push({ first, n });
    i += n;
  }
  yield* get_head(page, remainder);
  return runs;
}

export const gigantic = {
  follow_hugetlb_page(
    this: MemKernel,
    page: number,
    pfn_offset: number,
    remainder: number,
  ): Steps<PointerRun[]> {
    return follow_by_offset(this, page, pfn_offset, remainder, false);
  },
};

export const v5_2 = {
  /** get_page(pages[i]) reads the struct page itself for its head, and would write to it if it were no tail. */
  follow_hugetlb_page(
    this: MemKernel,
    page: number,
    pfn_offset: number,
    remainder: number,
  ): Steps<PointerRun[]> {
    return follow_by_offset(this, page, pfn_offset, remainder, true);
  },
};

function* follow_by_nth(k: MemKernel, page: number, from: number, remainder: number): Steps<PointerRun[]> {
  const fn = 'follow_hugetlb_page';
  yield* took(fn);
  const runs: PointerRun[] = [];
  for (let i = from; i < from + remainder; ) {
    const first = yield* k.nth_page(page, i);
    const n = yield* nth_stride(k, page, i, from + remainder);
    yield* record_pages(first, n, { fn, base: page, i });
    runs.push({ first, n });
    i += n;
  }
  yield* get_head(page, remainder);
  return runs;
}

export const v6_1 = {
  /** record_subpages_vmas() */
  follow_hugetlb_page(
    this: MemKernel,
    page: number,
    pfn_offset: number,
    remainder: number,
  ): Steps<PointerRun[]> {
    return follow_by_nth(this, page, pfn_offset, remainder);
  },
};

/** No pointer leaves its folio's memmap: arithmetic, as in the first form. */
export const v7_1 = {
  *follow_hugetlb_page(
    this: MemKernel,
    page: number,
    pfn_offset: number,
    remainder: number,
  ): Steps<PointerRun[]> {
    return yield* v2_6_27.follow_hugetlb_page.call(this, page, pfn_offset, remainder);
  },
};
