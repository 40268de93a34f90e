import type { Steps } from '../../steps/step.ts';
import type { Kernel, vmem_altmap } from '../kernel.ts';
import { add, change, look, operation } from '../ops.ts';
import type { State } from '../state.ts';
import { NO_PAGE, type Page, ZERO_PAGE } from './page.ts';

/** The struct pages of a range as a whole: their allocation, whether they can be read, their contents. */

export const set_pages = operation({
  name: 'set_pages',
  obj: 'pages',
  writes: true,
  run: (state: State, start: number, end: number, page: Page): void => state.pages.set(start, end, page),
});
const fill_missing = operation({
  name: 'fill_missing',
  obj: 'pages',
  writes: true,
  run: (state: State, start: number, end: number): void =>
    state.pages.update(start, end, (page) => (page === NO_PAGE ? ZERO_PAGE : page)),
});
export const count_pages = operation({
  name: 'count_pages',
  obj: 'pages',
  writes: false,
  run: (state: State, start: number, end: number): number =>
    state.pages.total(start, end, (page) => page !== NO_PAGE),
});

/** The number of pages of memmap that describe `nr_pages`. */
export const nr_vmemmap = (k: Kernel, nr_pages: number): number => Math.ceil((nr_pages * 64) / k.c.PAGE_SIZE);

/** Gives a pfn range its struct pages; an existing entry is silently reused. */
export function* populate_memmap(
  k: Kernel,
  pfn: number,
  nr_pages: number,
  altmap: vmem_altmap | null,
): Steps<number> {
  if (yield* k.$should_fail('vmemmap_populate')) return -k.errno.ENOMEM;
  const there = yield* look(count_pages, pfn, pfn + nr_pages);
  const pages = nr_vmemmap(k, nr_pages - there);
  if (altmap) altmap.alloc += pages;
  else yield* add('vars', 0, 'nr_vmemmap_pages', pages);
  yield* change(fill_missing, pfn, pfn + nr_pages);
  return 0;
}

/** Parts that were never populated are skipped. */
export function* free_memmap(
  k: Kernel,
  pfn: number,
  nr_pages: number,
  altmap: vmem_altmap | null,
): Steps<void> {
  const pages = nr_vmemmap(k, yield* look(count_pages, pfn, pfn + nr_pages));
  yield* change(set_pages, pfn, pfn + nr_pages, NO_PAGE);
  if (altmap) altmap.alloc -= pages;
  else yield* add('vars', 0, 'nr_vmemmap_pages', -pages);
}
