import type { Config } from '../../kernel/config.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { hugetlb_lock, hugetlb_unlock } from '../../kernel/mm/hugetlb/pool.ts';
import {
  type Page,
  PageHuge,
  page_hstate,
  page_nid,
  page_use,
  USE,
  with_hstate,
  with_use,
} from '../../kernel/mm/page.ts';
import { look, operation, R } from '../../kernel/ops.ts';
import type { State } from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';

/** Programs that use huge pages, and scenarios that say which pages are huge. */

export function* map_hugepages(
  k: Kernel,
  nid: number,
  order: number,
  count: number,
  heads: readonly number[],
): Steps<number> {
  if (!k.c.huge_page_orders.includes(order)) return -k.errno.EINVAL;
  // hugetlb_reserve_pages
  if (((yield* R('hstate', order, 'free_huge_pages_node'))[nid] ?? 0) < count) return -k.errno.ENOMEM;
  for (let i = 0; i < count; i++) {
    yield* hugetlb_lock();
    if ((yield* k.dequeue_huge_page_node(order, nid, heads[i])) < 0)
      yield* k.dequeue_huge_page_node(order, nid);
    yield* hugetlb_unlock();
  }
  return 0;
}

const first_used = operation({
  name: 'first_used',
  obj: 'pages',
  writes: false,
  run: (state: State): number =>
    state.pages.first(0, Number.MAX_SAFE_INTEGER, (page) => page_use(page) === USE.HUGE_USED),
});

const page_at = operation({
  name: 'page_at',
  obj: 'pages',
  writes: false,
  run: (state: State, pfn: number): Page => state.pages.get(pfn),
});

export function* unmap_hugepages(k: Kernel): Steps<number> {
  for (let freed = 0; ; freed++) {
    const pfn = yield* look(first_used);
    if (pfn < 0) return freed;
    const page = yield* look(page_at, pfn);
    yield* k.free_huge_page(k.c.huge_page_orders[page_hstate(page)]!, page_nid(page), pfn);
  }
}

export const has_hugepages = (state: State, start: number, end: number): boolean =>
  state.pages.first(start, end, PageHuge) >= 0;

/** A huge page stays of its size when only its use changes. */
export const with_same_size = (page: Page, use: number): Page =>
  PageHuge(page) && (use === USE.HUGE_FREE || use === USE.HUGE_USED)
    ? with_hstate(page, use, page_hstate(page))
    : with_use(page, use);

/** Whether the range begins or ends inside a huge page that is there, or would if it were to hold such pages. */
export function cuts_hugepage(state: State, c: Config, start: number, end: number, use: number): boolean {
  const makes = use === USE.HUGE_FREE || use === USE.HUGE_USED;
  return [start, end - 1].some((pfn, last) => {
    const page = state.pages.get(pfn);
    if (!PageHuge(page) && !makes) return false;
    return (pfn + last) % 2 ** c.huge_page_orders[PageHuge(page) ? page_hstate(page) : 0]! !== 0;
  });
}

/** The counters of all pools from the pages there are; a surplus does not outlive the pages. */
export function account_hugepages(state: State, c: Config): void {
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
    const all = (by_node: readonly number[]): number => by_node.reduce((sum, n) => sum + (n ?? 0), 0);
    const dense = (by_node: readonly number[]): number[] => Array.from(by_node, (n) => n ?? 0);
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
