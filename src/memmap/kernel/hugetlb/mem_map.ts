import type { Steps } from '../../../steps/step.ts';
import { is_classic, type MemConfig, page_add } from '../config.ts';
import type { MemKernel } from '../functions.ts';
import { took } from '../world.ts';

/**
 * mm/internal.h (no longer in 6.1): accessors for struct pages of a page larger than the buddy's. Pointers between two
 * boundaries are plain arithmetic. Callers here advance by strides and call at each boundary; the kernel calls for each
 * page.
 */

export const gigantic = {
  /** Does not check validity: the offset must lie in the huge page. */
  *mem_map_offset(this: MemKernel, base: number, offset: number): Steps<number> {
    if (offset >= this.c.MAX_ORDER_NR_PAGES)
      return yield* this.__pfn_to_page((yield* this.__page_to_pfn(base)) + offset);
    return page_add(base, offset);
  },

  /** Called once more after the last page, for a pfn that may not exist: returns NULL, here 0. */
  *mem_map_next(this: MemKernel, iter: number, base: number, offset: number): Steps<number> {
    if (offset % this.c.MAX_ORDER_NR_PAGES === 0) {
      const pfn = (yield* this.__page_to_pfn(base)) + offset;
      if (!(yield* this.pfn_valid(pfn))) return 0;
      return yield* this.__pfn_to_page(pfn);
    }
    return page_add(iter, 1);
  },
};

/** Calls mem_map_next for each of n pages; the last one is at index i. */
export function* mem_map_advance(k: MemKernel, p: number, base: number, i: number, n: number): Steps<number> {
  yield* took('mem_map_next', n);
  return yield* k.mem_map_next(page_add(p, n - 1), base, i);
}

/** B95: without the test a missing section is looked up, and its root read, for a pointer that is never used. */
export const B95 = {
  *mem_map_next(this: MemKernel, iter: number, base: number, offset: number): Steps<number> {
    if (offset % this.c.MAX_ORDER_NR_PAGES === 0)
      return yield* this.__pfn_to_page((yield* this.__page_to_pfn(base)) + offset);
    return page_add(iter, 1);
  },
};

export const v5_2 = {
  /** Through the pfn each time if a section's memmap ends with it, else arithmetic. */
  *nth_page(this: MemKernel, page: number, n: number): Steps<number> {
    if (!is_classic(this.c.memory_model)) return page_add(page, n);
    return yield* this.__pfn_to_page((yield* this.__page_to_pfn(page)) + n);
  },
};

/**
 * The number of pages from index i on for which nth_page gives adjacent pointers: to the end of the section, wherever
 * the page begins.
 */
export function* nth_stride(k: MemKernel, page: number, i: number, nr: number): Steps<number> {
  const left = Math.min(nr - i, k.c.run_limit);
  if (!is_classic(k.c.memory_model)) return left;
  const pfn = (yield* k.__page_to_pfn(page)) + i;
  return Math.min(left, to_section_end(k.c, pfn));
}

const to_section_end = (c: MemConfig, pfn: number): number =>
  c.PAGES_PER_SECTION - (pfn % c.PAGES_PER_SECTION);
