import type { Steps } from '../../steps/step.ts';
import type { Kernel, vmem_altmap } from '../kernel.ts';
import { add, change, look, operation } from '../ops.ts';
import { hex } from '../pfn.ts';
import type { State } from '../state.ts';
import {
  MEMMAP,
  NO_PAGE,
  type Page,
  PageOffline,
  POISON_PAGE,
  page_memmap,
  page_migratetype,
  with_memmap,
  with_migratetype,
  ZERO_PAGE,
} from './page.ts';

/** The struct pages of a range as one thing: where they come from, whether they may be looked at, what they hold. */

const set_pages = operation({
  name: 'set_pages',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'vars'],
  run: (state: State, start: number, end: number, page: Page): void => state.pages.set(start, end, page),
});
const fill_missing = operation({
  name: 'fill_missing',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'vars'],
  run: (state: State, start: number, end: number): void =>
    state.pages.update(start, end, (page) => (page === NO_PAGE ? ZERO_PAGE : page)),
});
/** What a pageblock is for stands in the section's usage, and survives. */
const poison_pages = operation({
  name: 'poison_pages',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'vars'],
  run: (state: State, start: number, end: number): void =>
    state.pages.update(start, end, (page) =>
      PageOffline(page)
        ? with_memmap(page, MEMMAP.POISON)
        : with_migratetype(POISON_PAGE, page_migratetype(page)),
    ),
});
const forget_pages = operation({
  name: 'forget_pages',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'vars'],
  run: (state: State, start: number, end: number): void =>
    state.pages.update(start, end, (page) => (page === NO_PAGE ? page : with_memmap(page, MEMMAP.ZERO))),
});
const count_pages = operation({
  name: 'count_pages',
  obj: 'pages',
  writes: false,
  run: (state: State, start: number, end: number): number =>
    state.pages.total(start, end, (page) => page !== NO_PAGE),
});

/** A read of the struct page of a pfn, be it there or not. */
export const get_page = operation({
  name: 'get_page',
  obj: 'pages',
  writes: false,
  fault: (state, pfn) =>
    state.pages.get(pfn) === NO_PAGE
      ? {
          kind: 'wild-access',
          subjects: { what: 'struct page', access: 'read', pfn, state: 'no struct page' },
          text: `read of the struct page of pfn ${hex(pfn)}, which has none`,
        }
      : undefined,
  run: (state: State, pfn: number): Page => state.pages.get(pfn),
});

/** Pages of memmap that describe `nr_pages`. */
export const nr_vmemmap = (k: Kernel, nr_pages: number): number => Math.ceil((nr_pages * 64) / k.c.PAGE_SIZE);

export const v5_2 = {
  /** Give a pfn range its struct pages; an entry that is already there is silently reused (FACTS 2.5). */
  *vmemmap_populate(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    _nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    if (yield* this.$should_fail('vmemmap_populate')) return -this.errno.ENOMEM;
    const there = yield* look(count_pages, pfn, pfn + nr_pages);
    const pages = nr_vmemmap(this, nr_pages - there);
    if (altmap) altmap.alloc += pages;
    else yield* add('vars', 0, 'nr_vmemmap_pages', pages);
    yield* change(fill_missing, pfn, pfn + nr_pages);
    return 0;
  },

  /** What was never populated is passed over. */
  *vmemmap_free(this: Kernel, pfn: number, nr_pages: number, altmap: vmem_altmap | null): Steps<void> {
    const pages = nr_vmemmap(this, yield* look(count_pages, pfn, pfn + nr_pages));
    yield* change(set_pages, pfn, pfn + nr_pages, NO_PAGE);
    if (altmap) altmap.alloc -= pages;
    else yield* add('vars', 0, 'nr_vmemmap_pages', -pages);
  },

  /** The memmap of boot memory: its pages came from memblock. */
  *free_map_bootmem(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    yield* change(set_pages, pfn, pfn + nr_pages, NO_PAGE);
  },

  /** Without a debug build nothing is written: the old contents stay (OBSERVED), and a memmap that is gone is not missed (B54). */
  *page_init_poison(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    if (this.c.DEBUG_VM && (yield* look(count_pages, pfn, pfn + nr_pages)) < nr_pages)
      yield* this.BUG('page_init_poison', 'unable to handle page fault: no struct page');
    yield* change(this.c.DEBUG_VM ? poison_pages : forget_pages, pfn, pfn + nr_pages);
  },

  *pfn_to_page(this: Kernel, pfn: number): Steps<Page> {
    return yield* look(get_page, pfn);
  },

  /** A field of a struct page that nobody has initialised: a BUG in a debug build, else whatever lies there. */
  *PagePoisoned(this: Kernel, page: Page, where: string): Steps<void> {
    if (page_memmap(page) === MEMMAP.POISON) {
      yield* this.BUG(where, 'page dumped because: VM_BUG_ON_PAGE(PagePoisoned(p))');
    }
  },
};
