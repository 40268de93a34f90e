import type { Kernel } from '../../kernel/kernel.ts';
import { hugetlb_lock, hugetlb_unlock } from '../../kernel/mm/hugetlb/pool.ts';
import { type Page, page_hstate, page_nid, page_use, page_zonenum, USE } from '../../kernel/mm/page.ts';
import { look, operation, R } from '../../kernel/ops.ts';
import type { State } from '../../kernel/state.ts';
import { Runner } from '../../schedule/runner.ts';
import type { Steps } from '../../steps/step.ts';
import { type Result, returned } from './result.ts';
import type { Session } from './session.ts';

/** Programs of user space that allocate memory and free it. */

function* mapHuge(
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
    if ((yield* k.$dequeue_huge_page_node(order, nid, heads[i])) < 0)
      yield* k.$dequeue_huge_page_node(order, nid);
    yield* hugetlb_unlock();
  }
  return 0;
}

const firstUsed = operation({
  name: 'first_used',
  obj: 'pages',
  writes: false,
  run: (state: State): number =>
    state.pages.first(0, Number.MAX_SAFE_INTEGER, (page) => page_use(page) === USE.HUGE_USED),
});

const pageAt = operation({
  name: 'page_at',
  obj: 'pages',
  writes: false,
  run: (state: State, pfn: number): Page => state.pages.get(pfn),
});

function* unmapHuge(k: Kernel): Steps<number> {
  for (let freed = 0; ; freed++) {
    const pfn = yield* look(firstUsed);
    if (pfn < 0) return freed;
    const page = yield* look(pageAt, pfn);
    yield* k.free_huge_page(k.c.huge_page_orders[page_hstate(page)]!, page_nid(page), pfn);
  }
}

/**
 * A program maps huge pages of a node's pool and touches them; -ENOMEM if there are fewer. `size` of a page in bytes;
 * `heads`: pages at the head of the free list, else those at the lowest addresses.
 */
export const mapHugepages = (
  session: Session,
  nid: number,
  size: number,
  count: number,
  heads: readonly number[] = [],
): Result =>
  session.call(mapHuge(session.kernel, nid, Math.log2(size / session.kernel.c.PAGE_SIZE), count, heads));

/** Ends every program that maps huge pages; returns the number of pages freed. */
export const unmapHugepages = ({ kernel, state }: Session): number =>
  new Runner(state).run(unmapHuge(kernel)).value ?? 0;

function* clear(k: Kernel, pfn: number, nr: number): Steps<number> {
  yield* k.$clear_pages(pfn, nr);
  return 0;
}

/** A program on a node allocates and writes this many bytes of memory: free pages, movable ones first. */
export function touchNode(session: Session, nid: number, size: number): Result {
  const { kernel, state } = session;
  let left = Math.ceil(size / kernel.c.PAGE_SIZE);
  const free = [...state.pages.in(0, Number.MAX_SAFE_INTEGER)].filter(
    ({ value }) => page_use(value) === USE.FREE && page_nid(value) === nid,
  );
  free.sort((a, b) => page_zonenum(b.value) - page_zonenum(a.value) || a.start - b.start);
  for (const run of free) {
    if (left <= 0) break;
    const result = session.call(clear(kernel, run.start, Math.min(left, run.end - run.start)));
    if (result.ended !== 'returned') return result;
    left -= run.end - run.start;
  }
  return returned(0);
}
