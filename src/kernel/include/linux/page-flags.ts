import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { MEMMAP, type Page, PageHuge, PG_reserved, page_hstate, page_memmap } from '../../mm/page.ts';
import { access_pages, mapped_page, PAGE_OFFSET_OF, page_operation } from '../../mm/page_access.ts';

/**
 * include/linux/page-flags.h: the tests of a struct page's flags, initialised or not. A page is named by its pfn;
 * `where` is the calling function. The memmap of memory that was never onlined may contain anything: zeroes, old
 * contents, or all ones (page_init_poison of CONFIG_DEBUG_VM), which is a BUG with CONFIG_DEBUG_VM_PGFLAGS.
 */

const set_flag = page_operation({
  name: 'set_flag',
  writes: true,
  run: (state, start, end, flag: number): void => state.pages.update(start, end, (page) => page | flag),
});

const clear_flag = page_operation({
  name: 'clear_flag',
  writes: true,
  run: (state, start, end, flag: number): void => state.pages.update(start, end, (page) => page & ~flag),
});

export const v5_2 = {
  /** The users of PG_reserved were read up to v5.10; several of them changed or were removed later. */
  $knows_users_of_PG_reserved(this: Kernel): boolean {
    return true;
  },

  /** test_bit() on page->flags, without any check. */
  *$test_page_flag(this: Kernel, pfn: number, flag: number, where: string): Steps<boolean> {
    const page = yield* mapped_page(this, pfn, yield* this.pfn_to_page(pfn), where);
    return page_memmap(page) === MEMMAP.POISON || (page & flag) !== 0;
  },

  *PageReserved(this: Kernel, pfn: number, where: string): Steps<boolean> {
    if (this.c.DEBUG_VM_PGFLAGS && page_memmap(yield* this.pfn_to_page(pfn)) === MEMMAP.POISON) {
      yield* this.$dump_poisoned_page(pfn);
      yield* this.BUG(where, 'page dumped because: VM_BUG_ON_PAGE(PagePoisoned(page))');
    }
    return yield* this.$test_page_flag(pfn, PG_reserved, where);
  },

  *$set_page_flag(this: Kernel, pfn: number, nr_pages: number, flag: number, where: string): Steps<void> {
    yield* access_pages(this, where, set_flag, pfn, pfn + nr_pages, flag);
  },

  *$clear_page_flag(this: Kernel, pfn: number, nr_pages: number, flag: number, where: string): Steps<void> {
    yield* access_pages(this, where, clear_flag, pfn, pfn + nr_pages, flag);
  },

  /**
   * Only hugepages are compound here. All ones look like a tail page whose head is at the last even address; an access
   * to that head faults.
   */
  *compound_head(this: Kernel, pfn: number, where: string): Steps<number> {
    const at = PAGE_OFFSET_OF.compound_head;
    const page = yield* mapped_page(this, pfn, yield* this.pfn_to_page(pfn), where, at);
    if (page_memmap(page) === MEMMAP.POISON)
      yield* this.BUG(where, 'unable to handle page fault for address: fffffffffffffffe');
    return PageHuge(page) ? pfn - (pfn % 2 ** this.c.huge_page_orders[page_hstate(page)]!) : pfn;
  },

  /** The name of the page where page_to_nid() checks it. */
  $poisoned_name(this: Kernel): string {
    return 'p';
  },

  /**
   * Checks a page before one of its fields is read: an uninitialised struct page is a BUG with
   * CONFIG_DEBUG_VM_PGFLAGS; otherwise its contents are used.
   */
  *PagePoisoned(this: Kernel, page: Page, where: string): Steps<void> {
    if (this.c.DEBUG_VM_PGFLAGS && page_memmap(page) === MEMMAP.POISON) {
      yield* this.BUG(where, `page dumped because: VM_BUG_ON_PAGE(PagePoisoned(${this.$poisoned_name()}))`);
    }
  },
};

export const v5_12 = {
  $knows_users_of_PG_reserved(this: Kernel): boolean {
    return false;
  },
};

/** v6.10 at the latest */
export const v6_12 = {
  $poisoned_name(this: Kernel): string {
    return 'page';
  },
};
