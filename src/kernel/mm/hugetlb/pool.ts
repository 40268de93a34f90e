import type { Steps } from '../../../steps/step.ts';
import type { Config } from '../../config.ts';
import type { Kernel } from '../../kernel.ts';
import { add, lock, look, operation, R, unlock, W } from '../../ops.ts';
import { NUMA_NO_NODE, type State } from '../../state.ts';
import { type Page, page_hstate, page_nid, page_use, USE, with_hstate, with_use } from '../page.ts';
import { access_pages, page_operation } from '../page_access.ts';
import type { HugePages } from './pool_pages.ts';

/** mm/hugetlb.c: the pools, one per size and node. The kernel works page by page, the model by runs of pages. */

type Counter = 'nr_huge_pages' | 'free_huge_pages' | 'surplus_huge_pages';
type Next = 'next_nid_to_alloc' | 'next_nid_to_free';

const added = (by_node: readonly number[], nid: number, n: number): number[] =>
  Array.from(
    { length: Math.max(by_node.length, nid + 1) },
    (_, i) => (by_node[i] ?? 0) + (i === nid ? n : 0),
  );

/** Changes a counter of the hstate and its share on a node. */
export function* account(order: number, counter: Counter, nid: number, n: number): Steps<void> {
  yield* add('hstate', order, counter, n);
  const by_node = yield* R('hstate', order, `${counter}_node`);
  yield* W('hstate', order, `${counter}_node`, added(by_node, nid, n));
}

/** hstate_next_node_to_alloc and _to_free: nodes take turns. */
export function* next_node(order: number, field: Next, nodes: readonly number[]): Steps<number> {
  const at = yield* R('hstate', order, field);
  const i = Math.max(
    0,
    nodes.findIndex((nid) => nid >= at),
  );
  yield* W('hstate', order, field, nodes[(i + 1) % nodes.length]!);
  return nodes[i]!;
}

export function* hugetlb_lock(): Steps<void> {
  yield* lock('hugetlb_lock', 'spinlock');
}
export function* hugetlb_unlock(): Steps<void> {
  yield* unlock('hugetlb_lock', 'spinlock');
}

const share_of = (want: number, nodes: readonly number[]): number =>
  Math.max(1, Math.floor(want / nodes.length));

function* persistent_huge_pages(order: number): Steps<number> {
  return (yield* R('hstate', order, 'nr_huge_pages')) - (yield* R('hstate', order, 'surplus_huge_pages'));
}

/** The last free huge pages of a node, up to `most` side by side. */
export const last_free = operation({
  name: 'last_free',
  obj: 'pages',
  writes: false,
  run(state: State, c: Config, order: number, nid: number, most: number): HugePages | null {
    const nr_pages = 2 ** order;
    const is_own = (page: Page): boolean => is_pool_page(c, page, order) && page_nid(page) === nid;
    const is_free = (page: Page): boolean => is_own(page) && page_use(page) === USE.HUGE_FREE;
    for (let limit = Number.MAX_SAFE_INTEGER; ; ) {
      const last = state.pages.last(0, limit, is_free);
      if (last < 0) return null;
      const before = state.pages.last(0, last, (page) => !is_free(page));
      // a page that is free only in part, because one of its pages is something else, does not count
      const end = Math.floor((last + 1) / nr_pages);
      const nr = Math.min(most, end - Math.ceil((before + 1) / nr_pages));
      if (nr > 0) return { pfn: (end - nr) * nr_pages, nr };
      limit = before + 1;
    }
  },
});

export const is_pool_page = (c: Config, page: Page, order: number): boolean =>
  (page_use(page) === USE.HUGE_FREE || page_use(page) === USE.HUGE_USED) &&
  c.huge_page_orders[page_hstate(page)] === order;

export const set_use = page_operation({
  name: 'set_use',
  writes: true,
  run: (state, start, end, use: number): void =>
    state.pages.update(start, end, (page) => with_hstate(page, use, page_hstate(page))),
});

const give_up = page_operation({
  name: 'give_up',
  writes: true,
  run: (state, start, end): void => state.pages.update(start, end, (page) => with_use(page, USE.FREE)),
});

export const nodes_with_memory = operation({
  name: 'nodes_with_memory',
  obj: 'pgdat',
  writes: false,
  run: (state: State): number[] =>
    [...state.pgdat.values()]
      .filter((node) => node.n_memory)
      .map((node) => node.node_id)
      .sort((a, b) => a - b),
});

export const v5_2 = {
  *enqueue_huge_page(this: Kernel, order: number, nid: number, pages: HugePages): Steps<void> {
    const end = pages.pfn + pages.nr * 2 ** order;
    yield* access_pages(this, 'enqueue_huge_page', set_use, pages.pfn, end, USE.HUGE_FREE);
    yield* account(order, 'free_huge_pages', nid, pages.nr);
  },

  /** The pages are no longer huge pages. */
  *update_and_free_page(this: Kernel, order: number, nid: number, pages: HugePages): Steps<void> {
    yield* account(order, 'nr_huge_pages', nid, -pages.nr);
    const end = pages.pfn + pages.nr * 2 ** order;
    yield* access_pages(this, 'update_and_free_page', give_up, pages.pfn, end);
  },

  /**
   * Allocates up to `want` new pages in all; the nodes take turns, each with a share of `want`. Returns the number
   * allocated.
   */
  *alloc_pool_huge_page(this: Kernel, order: number, nodes: readonly number[], want: number): Steps<number> {
    let got = 0;
    for (let i = 0; i < nodes.length && got < want; i++) {
      const nid = yield* next_node(order, 'next_nid_to_alloc', nodes);
      for (let share = share_of(want, nodes); share > 0; ) {
        const pages = yield* this.alloc_fresh_huge_page(order, nid, share);
        if (!pages) break;
        yield* account(order, 'nr_huge_pages', nid, pages.nr);
        yield* this.enqueue_huge_page(order, nid, pages);
        share -= pages.nr;
        got += pages.nr;
      }
    }
    return got;
  },

  *free_pool_huge_page(this: Kernel, order: number, nodes: readonly number[], want: number): Steps<number> {
    let freed = 0;
    for (let i = 0; i < nodes.length && freed < want; i++) {
      const nid = yield* next_node(order, 'next_nid_to_free', nodes);
      for (let share = share_of(want, nodes); share > 0; ) {
        const most = yield* this.$huge_pages_at_once(share);
        const pages = yield* look(last_free, this.c, order, nid, most);
        if (!pages) break;
        yield* account(order, 'free_huge_pages', nid, -pages.nr);
        yield* this.update_and_free_page(order, nid, pages);
        share -= pages.nr;
        freed += pages.nr;
      }
    }
    return freed;
  },

  /** Pages in use become surplus (delta 1), to be freed once they are free, or count for the pool again (-1). */
  *adjust_pool_surplus(this: Kernel, order: number, nodes: readonly number[], delta: 1 | -1): Steps<boolean> {
    for (let i = 0; i < nodes.length; i++) {
      const nid = yield* next_node(order, delta < 0 ? 'next_nid_to_alloc' : 'next_nid_to_free', nodes);
      const surplus = (yield* R('hstate', order, 'surplus_huge_pages_node'))[nid] ?? 0;
      const nr = (yield* R('hstate', order, 'nr_huge_pages_node'))[nid] ?? 0;
      if (delta < 0 ? surplus === 0 : surplus >= nr) continue;
      yield* account(order, 'surplus_huge_pages', nid, delta);
      return true;
    }
    return false;
  },

  /** Converts a count written for one node into a total: pages on other nodes stay as they are. */
  *$count_with_other_nodes(this: Kernel, order: number, count: number, nid: number): Steps<number> {
    const on_node = (yield* R('hstate', order, 'nr_huge_pages_node'))[nid] ?? 0;
    return count + (yield* R('hstate', order, 'nr_huge_pages')) - on_node;
  },

  /**
   * Grows or shrinks the pools of some nodes until the size has `count` pages that are not surplus, as far as possible.
   */
  *set_max_huge_pages(
    this: Kernel,
    order: number,
    wanted: number,
    nid: number,
    nodes: readonly number[],
  ): Steps<number> {
    yield* hugetlb_lock();
    const count = nid === NUMA_NO_NODE ? wanted : yield* this.$count_with_other_nodes(order, wanted, nid);
    while (
      (yield* R('hstate', order, 'surplus_huge_pages')) > 0 &&
      count > (yield* persistent_huge_pages(order))
    ) {
      if (!(yield* this.adjust_pool_surplus(order, nodes, -1))) break;
    }
    for (;;) {
      const missing = count - (yield* persistent_huge_pages(order));
      if (missing <= 0) break;
      yield* hugetlb_unlock();
      const got = yield* this.alloc_pool_huge_page(order, nodes, missing);
      yield* hugetlb_lock();
      if (got === 0) break;
    }
    const used =
      (yield* R('hstate', order, 'nr_huge_pages')) - (yield* R('hstate', order, 'free_huge_pages'));
    const min_count = Math.max(count, used + (yield* R('hstate', order, 'resv_huge_pages')));
    for (;;) {
      const extra = (yield* persistent_huge_pages(order)) - min_count;
      if (extra <= 0 || (yield* this.free_pool_huge_page(order, nodes, extra)) === 0) break;
    }
    while (count < (yield* persistent_huge_pages(order))) {
      if (!(yield* this.adjust_pool_surplus(order, nodes, 1))) break;
    }
    yield* W('hstate', order, 'max_huge_pages', yield* persistent_huge_pages(order));
    yield* hugetlb_unlock();
    return 0;
  },

  /** A write for one node, or for all that have memory. */
  *__nr_hugepages_store_common(this: Kernel, order: number, nid: number, count: number): Steps<number> {
    const nodes = nid === NUMA_NO_NODE ? yield* look(nodes_with_memory) : [nid];
    return nodes.length ? yield* this.set_max_huge_pages(order, count, nid, nodes) : 0;
  },
};

export const v6_8 = {
  /** Surplus pages of the node are not counted twice. */
  *$count_with_other_nodes(this: Kernel, order: number, count: number, nid: number): Steps<number> {
    const on_node = (yield* R('hstate', order, 'nr_huge_pages_node'))[nid] ?? 0;
    const surplus = (yield* R('hstate', order, 'surplus_huge_pages_node'))[nid] ?? 0;
    return count + (yield* persistent_huge_pages(order)) - (on_node - surplus);
  },
};
