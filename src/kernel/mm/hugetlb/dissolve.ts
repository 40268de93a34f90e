import type { Steps } from '../../../steps/step.ts';
import type { Config } from '../../config.ts';
import type { Kernel } from '../../kernel.ts';
import { look, operation, pr_warn, R } from '../../ops.ts';
import type { State } from '../../state.ts';
import {
  MIGRATE,
  NO_PAGE,
  type Page,
  PageHuge,
  page_hstate,
  page_migratetype,
  page_nid,
  page_use,
  USE,
} from '../page.ts';
import { access_pages, first_of_valid, page_operation } from '../page_access.ts';
import { account, hugetlb_lock, hugetlb_unlock, is_pool_page, set_use } from './pool.ts';
import type { HugePages } from './pool_pages.ts';

/** Huge pages that block offlining: free ones are dissolved, those in use migrate. */

/** Huge pages that may begin before the requested range, or end behind it. */
export interface Found extends HugePages {
  readonly order: number;
  readonly nid: number;
  readonly used: boolean;
  readonly end: number;
}

function found_in(state: State, start: number, end: number, c: Config): Found | null {
  const at = state.pages.first(start, end, PageHuge);
  if (at < 0) return null;
  const page = state.pages.get(at);
  const differs = state.pages.first(at, end, (other) => other !== page);
  const order = c.huge_page_orders[page_hstate(page)]!;
  const pfn = Math.floor(at / 2 ** order) * 2 ** order;
  const nr = Math.ceil(((differs < 0 ? end : differs) - pfn) / 2 ** order);
  const used = page_use(page) === USE.HUGE_USED;
  return { pfn, nr, order, nid: page_nid(page), used, end: pfn + nr * 2 ** order };
}

/**
 * The first huge pages that overlap the range, as whole pages; null if there are none. One page in as many as the
 * smallest huge page has is read, valid or not.
 */
const first_huge = page_operation({
  name: 'first_huge',
  writes: false,
  first_unmapped(state, start, end, c: Config): number {
    const unmapped = state.pages.first(start, found_in(state, start, end, c)?.pfn ?? end, is_unmapped);
    if (unmapped < 0) return -1;
    const step = 2 ** Math.min(...c.huge_page_orders);
    const pfn = start + Math.ceil((unmapped - start) / step) * step;
    return pfn < end && is_unmapped(state.pages.get(pfn)) ? pfn : -1;
  },
  run: found_in,
});

const first_used = page_operation({
  name: 'first_used',
  writes: false,
  first_unmapped: (state, start, end, c: Config) => first_of_valid(state, start, end, c.PAGES_PER_SECTION),
  run(state, start, end, c: Config): Found | null {
    const at = state.pages.first(start, end, (page) => page_use(page) === USE.HUGE_USED);
    return at < 0 ? null : found_in(state, at, at + 1, c);
  },
});

const is_unmapped = (page: Page): boolean => page === NO_PAGE;

/** The first free huge page of a node whose head is not isolated, or -1. */
const first_free = operation({
  name: 'first_free',
  obj: 'pages',
  writes: false,
  run(state: State, c: Config, order: number, nid: number, from: number): number {
    const nr_pages = 2 ** order;
    for (const { start, end, value } of state.pages.in(from, Number.MAX_SAFE_INTEGER)) {
      if (!is_pool_page(c, value, order) || page_use(value) !== USE.HUGE_FREE || page_nid(value) !== nid)
        continue;
      const pfn = Math.ceil(start / nr_pages) * nr_pages;
      if (pfn >= end || page_migratetype(value) === MIGRATE.ISOLATE) continue;
      return pfn;
    }
    return -1;
  },
});

/** The other nodes with memory, or this node if there are no others. */
const other_nodes = operation({
  name: 'other_nodes',
  obj: 'pgdat',
  writes: false,
  run(state: State, nid: number): number[] {
    const nodes = [...state.pgdat.values()].filter((node) => node.n_memory && node.node_id !== nid);
    return nodes.length ? nodes.map((node) => node.node_id).sort((a, b) => a - b) : [nid];
  },
});

export const v5_2 = {
  /** Takes a free page of a pool, the first at or after `from`, for a user; returns its pfn, or -1. */
  *$dequeue_huge_page_node(this: Kernel, order: number, nid: number, from = 0): Steps<number> {
    const pfn = yield* look(first_free, this.c, order, nid, from);
    if (pfn < 0) return -1;
    yield* access_pages(this, 'dequeue_huge_page_node_exact', set_use, pfn, pfn + 2 ** order, USE.HUGE_USED);
    yield* account(order, 'free_huge_pages', nid, -1);
    return pfn;
  },

  /**
   * Called when the last user is gone. The page returns to the pool, or to the page allocator while the node has a
   * surplus.
   */
  *free_huge_page(this: Kernel, order: number, nid: number, pfn: number): Steps<void> {
    yield* hugetlb_lock();
    if (((yield* R('hstate', order, 'surplus_huge_pages_node'))[nid] ?? 0) > 0) {
      yield* this.update_and_free_page(order, nid, { pfn, nr: 1 });
      yield* account(order, 'surplus_huge_pages', nid, -1);
    } else yield* this.enqueue_huge_page(order, nid, { pfn, nr: 1 });
    yield* hugetlb_unlock();
  },

  /** 0, or -EBUSY for pages in use or reserved. */
  *dissolve_free_huge_page(this: Kernel, found: Found): Steps<number> {
    const { order, nid, pfn, nr, used } = found;
    const promised = yield* R('hstate', order, 'resv_huge_pages');
    const available = (yield* R('hstate', order, 'free_huge_pages')) - promised;
    if (used || available < nr) return -this.errno.EBUSY;
    yield* account(order, 'free_huge_pages', nid, -nr);
    yield* this.$dissolved(order, nid, nr);
    yield* this.update_and_free_page(order, nid, { pfn, nr });
    return 0;
  },

  /** Until v6.14 the surplus count stays unchanged, although the dissolved page may have been part of it. */
  *$dissolved(this: Kernel, _order: number, _nid: number, _nr: number): Steps<void> {},

  *dissolve_free_huge_pages(this: Kernel, start_pfn: number, end_pfn: number): Steps<number> {
    for (let pfn = start_pfn; ; ) {
      const found = yield* access_pages(this, 'dissolve_free_huge_pages', first_huge, pfn, end_pfn, this.c);
      if (!found) return 0;
      yield* hugetlb_lock();
      const ret = yield* this.dissolve_free_huge_page(found);
      yield* hugetlb_unlock();
      if (ret) return ret;
      pfn = found.end;
      if (pfn >= end_pfn) return 0;
    }
  },

  /**
   * alloc_huge_page_nodemask(): a free page of a pool, else a temporary one. Gigantic pages are not allocated for this
   * purpose: there is then no target, and the caller tries forever.
   */
  *$migrate_huge_page(this: Kernel, order: number, nid: number, pfn: number): Steps<boolean> {
    const nodes = yield* look(other_nodes, nid);
    for (const to of nodes) {
      if ((yield* this.$dequeue_huge_page_node(order, to)) < 0) continue;
      yield* this.free_huge_page(order, nid, pfn);
      return true;
    }
    for (const to of order >= this.c.MAX_ORDER ? [] : nodes) {
      if (!(yield* this.alloc_fresh_huge_page(order, to, 1))) continue;
      yield* account(order, 'nr_huge_pages', to, 1);
      yield* this.move_hugetlb_state(order, nid, to);
      yield* this.update_and_free_page(order, nid, { pfn, nr: 1 });
      return true;
    }
    yield* pr_warn(`migrating pfn ${pfn.toString(16)} failed ret:-${this.errno.ENOMEM}`);
    return false;
  },

  /** The new page stays and the old one becomes the temporary: its surplus moves along. */
  *move_hugetlb_state(this: Kernel, order: number, from: number, to: number): Steps<void> {
    if (((yield* R('hstate', order, 'surplus_huge_pages_node'))[from] ?? 0) === 0 || from === to) return;
    yield* account(order, 'surplus_huge_pages', from, -1);
    yield* account(order, 'surplus_huge_pages', to, 1);
  },

  /** Migrates huge pages that overlap the range, as whole pages; returns the number of base pages moved. */
  *$migrate_huge_pages(this: Kernel, start_pfn: number, end_pfn: number): Steps<number> {
    let moved = 0;
    for (let pfn = start_pfn; pfn < end_pfn; ) {
      const found = yield* access_pages(this, 'do_migrate_range', first_used, pfn, end_pfn, this.c);
      if (!found) break;
      if (yield* this.$migrate_huge_page(found.order, found.nid, found.pfn)) moved += 2 ** found.order;
      pfn = found.end;
    }
    return moved;
  },
};

export const v6_12 = {
  *$dissolved(this: Kernel, order: number, nid: number, nr: number): Steps<void> {
    const surplus = (yield* R('hstate', order, 'surplus_huge_pages_node'))[nid] ?? 0;
    if (surplus > 0) yield* account(order, 'surplus_huge_pages', nid, -Math.min(surplus, nr));
  },
};
