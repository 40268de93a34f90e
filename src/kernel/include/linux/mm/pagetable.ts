import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { PageTable, PG_table } from '../../../mm/page.ts';
import { access_pages, PAGE_OFFSET_OF, page_operation } from '../../../mm/page_access.ts';

/** include/linux/mm.h: constructors of table pages: the page type, NR_PAGETABLE, and a lock that is not modelled. */

/** For adjacent table pages. */
const construct = page_operation({
  name: 'construct',
  writes: true,
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
  changes: ['pages', 'vars'],
  offset: PAGE_OFFSET_OF.page_type,
  run(state, start, end): void {
    state.pages.update(start, end, (page) => page & ~PG_table);
    state.vars.get(0)!.nr_page_table_pages -= end - start;
  },
});

const first_unconstructed = page_operation({
  name: 'first_unconstructed',
  writes: false,
  offset: PAGE_OFFSET_OF.page_type,
  run: (state, start, end): number => state.pages.first(start, end, (page) => !PageTable(page)),
});

/** Constructs adjacent table pages. */
export const construct_tables = (k: Kernel, pfn: number, n: number): Steps<void> =>
  access_pages(k, '__pagetable_ctor', construct, pfn, pfn + n);

const DTOR = 'pagetable_dtor';

/** Destroys adjacent table pages. */
export const destroy_tables = (k: Kernel, pfn: number, n: number): Steps<void> =>
  access_pages(k, DTOR, destroy, pfn, pfn + n);

/** Whether a constructor is missing. */
export function* any_unconstructed(k: Kernel, pfn: number, n: number): Steps<boolean> {
  return (yield* access_pages(k, DTOR, first_unconstructed, pfn, pfn + n)) >= 0;
}

export const v5_2 = {
  *__pagetable_ctor(this: Kernel, pfn: number): Steps<void> {
    yield* construct_tables(this, pfn, 1);
  },

  /** A debug build detects the missing constructor; any other build miscounts (B36). */
  *pagetable_dtor(this: Kernel, pfn: number): Steps<void> {
    if (this.c.DEBUG_VM && (yield* any_unconstructed(this, pfn, 1))) {
      yield* this.BUG('pagetable_dtor', 'page dumped because: VM_BUG_ON_FOLIO(!folio_test_pgtable(folio))');
    }
    yield* destroy_tables(this, pfn, 1);
  },
};
