import { BadOperation } from '../../errors/bad-operation.ts';
import type { Config } from '../../kernel/config.ts';
import {
  NO_PAGE,
  type Page,
  PageHuge,
  page_hstate,
  page_nid,
  page_use,
  USE,
  with_hstate,
  with_use,
} from '../../kernel/mm/page.ts';
import type { State } from '../../kernel/state.ts';
import type { Session } from './session.ts';

/** The use of pages as a scenario gives it, including which pages are huge. */

const hasHugepages = (state: State, start: number, end: number): boolean =>
  state.pages.first(start, end, PageHuge) >= 0;

/** A huge page keeps its size when only its use changes. */
const withSameSize = (page: Page, use: number): Page =>
  PageHuge(page) && (use === USE.HUGE_FREE || use === USE.HUGE_USED)
    ? with_hstate(page, use, page_hstate(page))
    : with_use(page, use);

/** Whether huge pages that are there leave less of the range than whole pages of the first size. */
function leavesRoomForPart(state: State, c: Config, start: number, end: number): boolean {
  const size = 2 ** c.huge_page_orders[0]!;
  let at = start;
  for (const run of [...state.pages.in(start, end)]) {
    if (!PageHuge(run.value)) continue;
    if ((run.start - at) % size) return true;
    at = run.end;
  }
  return (end - at) % size !== 0;
}

/**
 * Whether the range begins or ends inside a huge page that exists, or that would exist if the range were to hold such
 * pages.
 */
function cutsHugepage(state: State, c: Config, start: number, end: number, use: number): boolean {
  const makes = use === USE.HUGE_FREE || use === USE.HUGE_USED;
  if (makes && leavesRoomForPart(state, c, start, end)) return true;
  return [start, end - 1].some((pfn, last) => {
    const page = state.pages.get(pfn);
    if (!PageHuge(page) && !makes) return false;
    return (pfn + last) % 2 ** c.huge_page_orders[PageHuge(page) ? page_hstate(page) : 0]! !== 0;
  });
}

/** Sets the counters of all pools from the pages that exist; a surplus count ends with its pages. */
function accountHugepages(state: State, c: Config): void {
  for (const [i, order] of c.huge_page_orders.entries()) {
    const nr: number[] = [];
    const free: number[] = [];
    for (const { start, end, value } of state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
      if (!PageHuge(value) || page_hstate(value) !== i) continue;
      const pages = (end - start) / 2 ** order;
      const nid = page_nid(value);
      nr[nid] = (nr[nid] ?? 0) + pages;
      if (page_use(value) === USE.HUGE_FREE) free[nid] = (free[nid] ?? 0) + pages;
    }
    const all = (byNode: readonly number[]): number => byNode.reduce((sum, n) => sum + (n ?? 0), 0);
    const dense = (byNode: readonly number[]): number[] => Array.from(byNode, (n) => n ?? 0);
    const hstate = state.hstate.get(order)!;
    const surplus = hstate.surplus_huge_pages_node.map((n, nid) => Math.min(n, nr[nid] ?? 0));
    Object.assign(hstate, {
      nr_huge_pages: all(nr),
      free_huge_pages: all(free),
      surplus_huge_pages: all(surplus),
      nr_huge_pages_node: dense(nr),
      free_huge_pages_node: dense(free),
      surplus_huge_pages_node: surplus,
    });
  }
}

/** Sets the use of the pages in [start, end). @throws BadOperation if the range holds part of a huge page */
export function usePages({ kernel, state }: Session, start: number, end: number, use: number): void {
  const huge = use === USE.HUGE_FREE || use === USE.HUGE_USED || hasHugepages(state, start, end);
  if (huge && cutsHugepage(state, kernel.c, start, end, use))
    throw new BadOperation('use: the range holds part of a huge page');
  state.pages.update(start, end, (page) => (page === NO_PAGE ? page : withSameSize(page, use)));
  if (huge) accountHugepages(state, kernel.c);
}
