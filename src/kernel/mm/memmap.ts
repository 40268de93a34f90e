import type { Kernel } from '../kernel.ts';
import { operation } from '../ops.ts';
import type { State } from '../state.ts';
import { NO_PAGE, type Page, ZERO_PAGE } from './page.ts';

/** The struct pages of a range as a whole: their number, whether they can be read, their contents. */

export const set_pages = operation({
  name: 'set_pages',
  obj: 'pages',
  writes: true,
  run: (state: State, start: number, end: number, page: Page): void => state.pages.set(start, end, page),
});
export const fill_missing = operation({
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
