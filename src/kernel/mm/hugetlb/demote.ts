import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { memparse } from '../../lib/cmdline.ts';
import { kstrtoul } from '../../lib/kstrtox.ts';
import { add, look, R, W } from '../../ops.ts';
import { NUMA_NO_NODE } from '../../state.ts';
import { USE, with_hstate } from '../page.ts';
import { access_pages, page_operation } from '../page_access.ts';
import { account, hugetlb_lock, hugetlb_unlock, last_free, next_node, nodes_with_memory } from './pool.ts';

/** mm/hugetlb.c: free huge pages become pages of a smaller size (v5.16). */

/** The size, as an order, into which pages are divided: the next smaller one at boot; 0 for the smallest. */
export const first_demote_order = (orders: readonly number[], order: number): number =>
  Math.max(0, ...orders.filter((other) => other < order));

const divide = page_operation({
  name: 'divide',
  writes: true,
  run: (state, start, end, hstate: number): void =>
    state.pages.update(start, end, (page) => with_hstate(page, USE.HUGE_FREE, hstate)),
});

/** Divides up to `most` free pages of a node: the number divided. */
function* demote_on_node(k: Kernel, order: number, nid: number, most: number): Steps<number> {
  const target = yield* R('hstate', order, 'demote_order');
  let demoted = 0;
  while (demoted < most) {
    const pages = yield* look(last_free, k.c, order, nid, most - demoted);
    if (!pages) break;
    const small = pages.nr * 2 ** (order - target);
    const end = pages.pfn + pages.nr * 2 ** order;
    const hstate = k.c.huge_page_orders.indexOf(target);
    yield* access_pages(k, 'demote_pool_huge_page', divide, pages.pfn, end, hstate);
    for (const counter of ['nr_huge_pages', 'free_huge_pages'] as const) {
      yield* account(order, counter, nid, -pages.nr);
      yield* account(target, counter, nid, small);
    }
    yield* add('hstate', order, 'max_huge_pages', -pages.nr);
    yield* add('hstate', target, 'max_huge_pages', small);
    demoted += pages.nr;
  }
  return demoted;
}

export const v5_16 = {
  /** One page; the nodes take turns. Returns the number of pages, or -EBUSY without any on these nodes. */
  *demote_pool_huge_page(
    this: Kernel,
    order: number,
    nodes: readonly number[],
    _nr_to_demote: number,
  ): Steps<number> {
    for (let i = 0; i < nodes.length; i++) {
      const nid = yield* next_node(order, 'next_nid_to_free', nodes);
      if ((yield* demote_on_node(this, order, nid, 1)) > 0) return 1;
    }
    return -this.errno.EBUSY;
  },

  *demote_store(this: Kernel, order: number, nid: number, buf: string): Steps<number> {
    const count = kstrtoul(buf);
    if (count === null) return -this.errno.EINVAL;
    const nodes = nid === NUMA_NO_NODE ? yield* look(nodes_with_memory) : [nid];
    yield* hugetlb_lock();
    let ret = 0;
    for (let left = count; left > 0 && ret >= 0; left -= ret) {
      const free =
        nid === NUMA_NO_NODE
          ? yield* R('hstate', order, 'free_huge_pages')
          : ((yield* R('hstate', order, 'free_huge_pages_node'))[nid] ?? 0);
      if (free <= (yield* R('hstate', order, 'resv_huge_pages'))) break;
      ret = yield* this.demote_pool_huge_page(order, nodes, left);
    }
    yield* hugetlb_unlock();
    return Math.min(ret, 0);
  },

  /** A size of the processor, smaller than that of the pool and no smaller than a PMD's. */
  *demote_size_store(this: Kernel, order: number, buf: string): Steps<number> {
    const { PAGE_SIZE, huge_page_orders } = this.c;
    const size = memparse(buf).value;
    const target = huge_page_orders.find((other) => 2 ** other * PAGE_SIZE === size);
    if (target === undefined || target < huge_page_orders[0]! || target >= order) return -this.errno.EINVAL;
    yield* W('hstate', order, 'demote_order', target);
    return 0;
  },

  /** Files of a pool whose pages can be divided. */
  $demote_attributes(this: Kernel, order: number): readonly string[] {
    return first_demote_order(this.c.huge_page_orders, order) > 0 ? ['demote', 'demote_size'] : [];
  },
};

export const v6_12 = {
  /** As many as a node has, then those of the next. */
  *demote_pool_huge_page(
    this: Kernel,
    order: number,
    nodes: readonly number[],
    nr_to_demote: number,
  ): Steps<number> {
    let demoted = 0;
    for (let i = 0; i < nodes.length && demoted < nr_to_demote; i++) {
      const nid = yield* next_node(order, 'next_nid_to_free', nodes);
      demoted += yield* demote_on_node(this, order, nid, nr_to_demote - demoted);
    }
    return demoted > 0 ? demoted : -this.errno.EBUSY;
  },
};
