import type { Steps } from '../../../../../steps/step.ts';
import { uncount_table } from '../../../../include/asm-generic/pgalloc.ts';
import type { Kernel, vmem_altmap } from '../../../../kernel.ts';
import { NO_PAGE, PageReserved } from '../../../../mm/page.ts';
import { access_pages, page_operation } from '../../../../mm/page_access.ts';
import { add, change } from '../../../../ops.ts';
import { PFN_DOWN } from '../../../../pfn.ts';

/** arch/arm64/mm/mmu.c: freeing the pages of a tear-down. */

/** The first of the pages is tested; here it stands for all, which need not be the same in the model. */
const first_reserved = page_operation({
  name: 'first_reserved',
  writes: false,
  first_unmapped: (state, start) => (state.pages.get(start) === NO_PAGE ? start : -1),
  run: (state, start, end): number => state.pages.first(start, end, PageReserved),
});

/** Warns of memory that belongs to memblock, by its first pages, and frees all of it all the same (B35). */
export function* free_checked(k: Kernel, pfn: number, nr_pages: number, nr_checked: number): Steps<void> {
  const where = 'free_hotplug_page_range';
  if ((yield* access_pages(k, where, first_reserved, pfn, pfn + nr_checked)) >= 0) yield* k.WARN(where);
  yield* k.free_pages(pfn, nr_pages);
}

export const v5_2 = {
  /** Frees the memory of the memmap, named by its physical address. */
  *free_hotplug_page_range(
    this: Kernel,
    phys: number,
    size: number,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    const nr_pages = Math.ceil(size / this.c.PAGE_SIZE);
    if (altmap) {
      altmap.alloc -= nr_pages;
      return;
    }
    yield* add('vars', 0, 'nr_vmemmap_pages', -nr_pages);
    yield* free_checked(this, PFN_DOWN(this.c, phys), nr_pages, 1);
  },

  *free_hotplug_pgtable_page(this: Kernel, phys: number): Steps<void> {
    yield* change(uncount_table, PFN_DOWN(this.c, phys), 1);
    yield* free_checked(this, PFN_DOWN(this.c, phys), 1, 1);
  },
};

/**
 * 7.2.13: the destructor runs for every hot-removed table, including those of the memmap, whose constructor never ran
 * (B36).
 */
export const v7_1 = {
  *free_hotplug_pgtable_page(this: Kernel, phys: number): Steps<void> {
    yield* change(uncount_table, PFN_DOWN(this.c, phys), 1);
    yield* this.pagetable_dtor(PFN_DOWN(this.c, phys));
    yield* free_checked(this, PFN_DOWN(this.c, phys), 1, 1);
  },
};
