import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { PageTable, PG_table } from '../../../mm/page.ts';
import { change, look, operation } from '../../../ops.ts';
import type { State } from '../../../state.ts';

/** include/linux/mm.h: constructors of table pages: the page type, NR_PAGETABLE, and a lock that is not modelled. */

/** For `n` adjacent table pages. */
export const construct = operation({
  name: 'construct',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'vars'],
  run(state: State, pfn: number, n: number): void {
    state.pages.update(pfn, pfn + n, (page) => page | PG_table);
    state.vars.get(0)!.nr_page_table_pages += n;
  },
});

export const destroy = operation({
  name: 'destroy',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'vars'],
  run(state: State, pfn: number, n: number): void {
    state.pages.update(pfn, pfn + n, (page) => page & ~PG_table);
    state.vars.get(0)!.nr_page_table_pages -= n;
  },
});

export const first_unconstructed = operation({
  name: 'first_unconstructed',
  obj: 'pages',
  writes: false,
  run: (state: State, pfn: number, n: number): number =>
    state.pages.first(pfn, pfn + n, (page) => !PageTable(page)),
});

export const v5_2 = {
  *__pagetable_ctor(this: Kernel, pfn: number): Steps<void> {
    yield* change(construct, pfn, 1);
  },

  /** A debug build detects the missing constructor; any other build miscounts (B36). */
  *pagetable_dtor(this: Kernel, pfn: number): Steps<void> {
    if (this.c.DEBUG_VM && (yield* look(first_unconstructed, pfn, 1)) >= 0) {
      yield* this.BUG('pagetable_dtor', 'page dumped because: VM_BUG_ON_FOLIO(!folio_test_pgtable(folio))');
    }
    yield* change(destroy, pfn, 1);
  },
};
