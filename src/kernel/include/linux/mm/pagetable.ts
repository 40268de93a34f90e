import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { PG_table } from '../../../mm/page.ts';
import { access_pages, PAGE_OFFSET_OF, page_operation } from '../../../mm/page_access.ts';

/** include/linux/mm.h: constructors of table pages: the page type, NR_PAGETABLE, and a lock that is not modelled. */

/** For adjacent table pages. */
const construct = page_operation({
  name: 'construct',
  writes: true,
  tell: () => ({ kind: 'does', what: '__SetPageTable(page)' }),
  changes: ['pages', 'vars'],
  offset: PAGE_OFFSET_OF.page_type,
  run(state, start, end): void {
    state.pages.update(start, end, (page) => page | PG_table);
    state.vars.get(0)!.nr_page_table_pages += end - start;
  },
});

const destroy = page_operation({
  name: 'destroy',
  writes: true,
  tell: () => ({ kind: 'does', what: '__ClearPageTable(page)' }),
  changes: ['pages', 'vars'],
  offset: PAGE_OFFSET_OF.page_type,
  run(state, start, end): void {
    state.pages.update(start, end, (page) => page & ~PG_table);
    state.vars.get(0)!.nr_page_table_pages -= end - start;
  },
});

/** Constructs adjacent table pages. */
export const construct_tables = (k: Kernel, pfn: number, n: number): Steps<void> =>
  access_pages(k, '__pagetable_ctor', construct, pfn, pfn + n);

/** Destroys adjacent table pages. */
export const destroy_tables = (k: Kernel, pfn: number, n: number): Steps<void> =>
  access_pages(k, 'pagetable_dtor', destroy, pfn, pfn + n);

export const v5_2 = {
  *__pagetable_ctor(this: Kernel, pfn: number): Steps<void> {
    yield* construct_tables(this, pfn, 1);
  },

  /**
   * If the constructor is missing, this miscounts (B36); a debug build does not notice, because the page has no type to
   * be cleared (__folio_clear_pgtable() of 7.2.13, whose recorded kernel has CONFIG_DEBUG_VM).
   */
  *pagetable_dtor(this: Kernel, pfn: number): Steps<void> {
    yield* destroy_tables(this, pfn, 1);
  },
};
