import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { get_online_mems, put_online_mems } from '../locks.ts';
import { add, lock, look, operation, pr_err, pr_info, R, unlock } from '../ops.ts';
import { hex } from '../pfn.ts';
import type { State } from '../state.ts';
import {
  type Page,
  PageHuge,
  PageHWPoison,
  PageReserved,
  PG_hwpoison,
  page_hstate,
  page_nid,
  page_use,
  USE,
  with_use,
} from './page.ts';
import { access_pages, mapped_page, page_operation } from './page_access.ts';
import { GUP_PIN_COUNTING_BIAS, is_pinned } from './user_pages.ts';

/**
 * mm/memory-failure.c: pages that hardware reports as broken, and pages that shall no longer be used. A movable page
 * counts as anonymous memory of a program, which is killed for it, or whose data migrate.
 */

type Result = 'Ignored' | 'Failed' | 'Delayed' | 'Recovered';

/** Types of pages of which no page is lost. */
const UNCOUNTED: ReadonlySet<string> = new Set(['already poisoned page', 'non struct page pfn']);

const test_set_hwpoison = page_operation({
  name: 'test_set_hwpoison',
  writes: true,
  run(state, pfn, end): boolean {
    if (PageHWPoison(state.pages.get(pfn))) return true;
    state.pages.update(pfn, end, (page) => page | PG_hwpoison);
    return false;
  },
});

function* TestSetPageHWPoison(k: Kernel, pfn: number, where: string): Steps<boolean> {
  return yield* access_pages(k, where, test_set_hwpoison, pfn, pfn + 1);
}

/** The page has no user any more, and is not free either. */
const drop = page_operation({
  name: 'drop',
  writes: true,
  run: (state, start, end): void => state.pages.update(start, end, (page) => with_use(page, USE.NONE)),
});

const order_of = ({ c }: Kernel, page: Page): number => c.huge_page_orders[page_hstate(page)]!;
const pmd_order = ({ c }: Kernel): number => c.huge_page_orders[0]!;

/** The program that had the huge page is killed, and was its only user. */
function* free_of_program(k: Kernel, pfn: number, page: Page): Steps<void> {
  const order = order_of(k, page);
  yield* k.free_huge_page(order, page_nid(page), Math.floor(pfn / 2 ** order) * 2 ** order);
}

/** References of the page besides those of its mappings. */
const references = operation({
  name: 'references',
  obj: 'pages',
  writes: false,
  tell: ([pfn], n) => ({ kind: 'reads', what: `page_count(pfn_to_page(${hex(pfn)})) - 1`, value: n }),
  run: (state: State, pfn: number): number =>
    state.user_page.get(pfn)?.refs ?? (is_pinned(state, pfn) ? GUP_PIN_COUNTING_BIAS : 0),
});

const is_lru = (page: Page): boolean => page_use(page) === USE.MOVABLE || page_use(page) === USE.PINNED;
const is_free = (page: Page): boolean => page_use(page) === USE.FREE || page_use(page) === USE.PCP;

/** %pGp of v5.16 and later: the flags of a page as a number and by name. */
function* flags_of(k: Kernel, pfn: number): Steps<string> {
  return k.$page_flags_text(yield* k.pfn_to_page(pfn)).replace('flags: ', '');
}

/** %lx (%pGp) */
function* type_of(k: Kernel, pfn: number): Steps<string> {
  return (yield* flags_of(k, pfn)).replace('0x', '').replace('(', ' (');
}

export const v5_2 = {
  /** `flags` are of no consequence here: the pages are given by file, not by a failing access. */
  *memory_failure(this: Kernel, pfn: number, _flags: number): Steps<number> {
    const found = yield* this.pfn_to_online_page(pfn);
    if (found === null) return yield* this.$memory_failure_outside(pfn);
    const page = yield* mapped_page(this, pfn, found, 'memory_failure');
    if (yield* TestSetPageHWPoison(this, pfn, 'memory_failure')) {
      yield* this.$mf_err(pfn, 'already hardware poisoned');
      return 0;
    }
    yield* this.$num_poisoned_pages_inc(pfn);
    if (PageHuge(page)) return yield* this.$memory_failure_huge(pfn, page);
    if (is_free(page)) return yield* this.action_result(pfn, 'free buddy page', 'Delayed');
    if (is_lru(page)) return yield* this.$memory_failure_lru(pfn);
    if (PageReserved(page)) return yield* this.action_result(pfn, 'reserved kernel page', 'Ignored');
    yield* this.$mf_err(pfn, 'Unknown page state');
    return yield* this.action_result(pfn, 'unknown page', 'Failed');
  },

  /** Prints what was done. */
  *action_result(this: Kernel, pfn: number, type: string, result: Result): Steps<number> {
    yield* this.$mf_err(pfn, `recovery action for ${type}: ${result}`);
    return result === 'Recovered' || result === 'Delayed' ? 0 : -this.errno.EBUSY;
  },

  *$mf_err(this: Kernel, pfn: number, text: string): Steps<void> {
    yield* pr_err(`Memory failure: ${hex(pfn)}: ${text}`);
  },

  *$num_poisoned_pages_inc(this: Kernel, _pfn: number): Steps<void> {
    yield* add('vars', 0, 'num_poisoned_pages', 1);
  },

  /** The memory of a program: it is unmapped, and the program dies of it. Who else refers to the page keeps it. */
  *$memory_failure_lru(this: Kernel, pfn: number): Steps<number> {
    const users = yield* look(references, pfn);
    if (users > 0) {
      yield* this.$mf_err(pfn, `dirty LRU page still referenced by ${users} users`);
      return yield* this.action_result(pfn, 'dirty LRU page', 'Failed');
    }
    yield* access_pages(this, 'me_pagecache_clean', drop, pfn, pfn + 1);
    return yield* this.action_result(pfn, 'dirty LRU page', 'Recovered');
  },

  /**
   * memory_failure_hugetlb(): a free huge page is dissolved; if that fails nobody is told. One larger than a PMD stays
   * with its program (until v5.18).
   */
  *$memory_failure_huge(this: Kernel, pfn: number, page: Page): Steps<number> {
    if (page_use(page) !== USE.HUGE_USED) {
      yield* this.dissolve_free_huge_pages(pfn, pfn + 1);
      return yield* this.action_result(pfn, 'free huge page', 'Delayed');
    }
    if (order_of(this, page) > pmd_order(this))
      return yield* this.action_result(pfn, 'non-pmd-sized huge page', 'Ignored');
    yield* free_of_program(this, pfn, page);
    yield* this.dissolve_free_huge_pages(pfn, pfn + 1);
    return yield* this.action_result(pfn, 'huge page', 'Recovered');
  },

  /** Device memory, or no memory at all. */
  *$memory_failure_outside(this: Kernel, pfn: number): Steps<number> {
    const pgmap = (yield* this.pfn_valid(pfn)) ? yield* this.get_dev_pagemap(pfn) : 0;
    if (pgmap) return yield* this.memory_failure_dev_pagemap(pfn, pgmap);
    yield* this.$mf_err(pfn, 'memory outside kernel control');
    return -this.errno.ENXIO;
  },

  /** Struct pages in the device itself cannot be recovered, nor can private memory. */
  *memory_failure_dev_pagemap(this: Kernel, pfn: number, pgmap: number): Steps<number> {
    let rc = 0;
    if (pfn < (yield* this.pfn_first(pgmap))) rc = -this.errno.ENXIO;
    else if ((yield* R('dev_pagemap', pgmap, 'type')) === 'private') rc = this.$mf_private_error();
    else yield* TestSetPageHWPoison(this, pfn, 'memory_failure_dev_pagemap');
    yield* this.action_result(pfn, 'dax page', rc ? 'Failed' : 'Recovered');
    return rc;
  },

  $mf_private_error(this: Kernel): number {
    return -this.errno.EBUSY;
  },

  *soft_offline_page(this: Kernel, pfn: number, _flags: number): Steps<number> {
    if (!(yield* this.pfn_valid(pfn))) return -this.errno.ENXIO;
    const found = yield* this.pfn_to_online_page(pfn);
    if (found === null) return -this.errno.EIO;
    const page = yield* mapped_page(this, pfn, found, 'soft_offline_page');
    if (PageHWPoison(page)) return yield* this.$soft_offline_poisoned(pfn);
    yield* get_online_mems();
    const ret = yield* this.$get_any_page(pfn, page);
    yield* put_online_mems();
    if (ret < 0) return ret;
    if (ret > 0) return yield* this.soft_offline_in_use_page(pfn);
    return (yield* this.page_handle_poison(pfn)) ? 0 : -this.errno.EBUSY;
  },

  *$soft_offline_poisoned(this: Kernel, pfn: number): Steps<number> {
    yield* pr_info(`soft offline: ${hex(pfn)} page already poisoned`);
    return -this.errno.EBUSY;
  },

  /** 0: free, 1: can be migrated, else a negative errno. */
  *$get_any_page(this: Kernel, pfn: number, page: Page): Steps<number> {
    const use = page_use(page);
    if (is_lru(page) || use === USE.HUGE_USED) return 1;
    if (is_free(page) || use === USE.HUGE_FREE) {
      yield* this.$soft_offline_free(pfn, page);
      return 0;
    }
    yield* this.$unhandlable_page(pfn);
    return -this.errno.EIO;
  },

  *$soft_offline_free(this: Kernel, pfn: number, page: Page): Steps<void> {
    yield* pr_info(`__get_any_page: ${hex(pfn)} free ${PageHuge(page) ? 'huge' : 'buddy'} page`);
  },

  *$unhandlable_page(this: Kernel, pfn: number): Steps<void> {
    yield* pr_info(`soft_offline: ${hex(pfn)}: unknown non LRU page type ${yield* type_of(this, pfn)}`);
  },

  *soft_offline_in_use_page(this: Kernel, pfn: number): Steps<number> {
    const page = yield* mapped_page(this, pfn, yield* this.pfn_to_page(pfn), 'soft_offline_in_use_page');
    const huge = PageHuge(page);
    if ((yield* this.do_migrate_range(pfn, pfn + 1)) === 0) {
      yield* this.$soft_offline_failed(pfn, huge, -this.errno.ENOMEM);
      return -this.errno.ENOMEM;
    }
    return (yield* this.page_handle_poison(pfn)) ? 0 : -this.errno.EBUSY;
  },

  /** Pages of huge pages have a function of their own. */
  *$soft_offline_failed(this: Kernel, pfn: number, huge: boolean, ret: number): Steps<void> {
    const what = huge ? 'hugepage migration' : 'migration';
    yield* pr_info(`soft offline: ${hex(pfn)}: ${what} failed ${ret}, type ${yield* type_of(this, pfn)}`);
  },

  /** Takes a free page out of use; one of a free huge page after that has been dissolved. */
  *page_handle_poison(this: Kernel, pfn: number): Steps<boolean> {
    if (yield* this.dissolve_free_huge_pages(pfn, pfn + 1)) return false;
    const page = yield* this.pfn_to_page(pfn);
    if (!is_free(yield* mapped_page(this, pfn, page, 'page_handle_poison'))) return false;
    yield* TestSetPageHWPoison(this, pfn, 'page_handle_poison');
    yield* this.$num_poisoned_pages_inc(pfn);
    return true;
  },
};

export const v5_10 = {
  *$soft_offline_poisoned(this: Kernel, pfn: number): Steps<number> {
    yield* pr_info(`soft_offline_page: ${hex(pfn)} page already poisoned`);
    return 0;
  },

  *$soft_offline_free(this: Kernel, _pfn: number, _page: Page): Steps<void> {},

  *$unhandlable_page(this: Kernel, pfn: number): Steps<void> {
    yield* pr_info(`soft_offline_page: ${hex(pfn)}: unknown page type: ${yield* type_of(this, pfn)}`);
  },

  *$soft_offline_failed(this: Kernel, pfn: number, huge: boolean, ret: number): Steps<void> {
    const what = huge ? 'hugepage' : 'page';
    yield* pr_info(
      `soft offline: ${hex(pfn)}: ${what} migration failed ${ret}, type ${yield* type_of(this, pfn)}`,
    );
  },
};

export const v6_1 = {
  /**
   * Under a mutex; a free page leaves the buddy (v5.11); what is poisoned already is an error (v5.14); pages are counted
   * where the outcome is known (v6.1).
   */
  *memory_failure(this: Kernel, pfn: number, _flags: number): Steps<number> {
    yield* lock('mf_mutex', 'mutex');
    const ret = yield* this.$memory_failure_locked(pfn);
    yield* unlock('mf_mutex', 'mutex');
    return ret;
  },

  *$memory_failure_locked(this: Kernel, pfn: number): Steps<number> {
    const found = yield* this.pfn_to_online_page(pfn);
    if (found === null) return yield* this.$memory_failure_outside(pfn);
    const page = yield* mapped_page(this, pfn, found, 'memory_failure');
    if (yield* TestSetPageHWPoison(this, pfn, 'memory_failure')) {
      yield* this.$mf_already(pfn, PageHuge(page));
      return -this.errno.EHWPOISON;
    }
    if (PageHuge(page)) return yield* this.$memory_failure_huge(pfn, page);
    if (is_free(page)) return yield* this.action_result(pfn, 'free buddy page', 'Recovered');
    if (is_lru(page)) return yield* this.$memory_failure_lru(pfn);
    yield* this.$unhandlable_page(pfn);
    return yield* this.action_result(pfn, this.$mf_unhandlable(), 'Ignored');
  },

  *$mf_already(this: Kernel, pfn: number, _huge: boolean): Steps<void> {
    yield* this.$mf_err(pfn, 'already hardware poisoned');
  },

  $mf_unhandlable(this: Kernel): string {
    return 'unknown page';
  },

  *$memory_failure_huge(this: Kernel, pfn: number, page: Page): Steps<number> {
    const used = page_use(page) === USE.HUGE_USED;
    if (used) yield* free_of_program(this, pfn, page);
    const failed = yield* this.dissolve_free_huge_pages(pfn, pfn + 1);
    return yield* this.action_result(
      pfn,
      used ? 'huge page' : 'free huge page',
      failed ? 'Failed' : 'Recovered',
    );
  },

  *action_result(this: Kernel, pfn: number, type: string, result: Result): Steps<number> {
    if (!UNCOUNTED.has(type)) yield* this.$num_poisoned_pages_inc(pfn);
    yield* this.$mf_err(pfn, `recovery action for ${type}: ${result}`);
    return result === 'Recovered' || result === 'Delayed' ? 0 : -this.errno.EBUSY;
  },

  $mf_private_error(this: Kernel): number {
    return -this.errno.ENXIO;
  },

  *$unhandlable_page(this: Kernel, pfn: number): Steps<void> {
    yield* this.$mf_err(pfn, 'unhandlable page.');
  },

  *$soft_offline_poisoned(this: Kernel, pfn: number): Steps<number> {
    yield* pr_info(`Memory failure: soft_offline_page: ${hex(pfn)} page already poisoned`);
    return 0;
  },

  *$soft_offline_failed(this: Kernel, pfn: number, huge: boolean, ret: number): Steps<void> {
    const what = `soft offline: ${hex(pfn)}: ${huge ? 'hugepage' : 'page'}`;
    yield* pr_info(`Memory failure: ${what} migration failed ${ret}, type ${yield* flags_of(this, pfn)}`);
  },
};

export const v6_2 = {
  /** Counted by memory block as well. */
  *$num_poisoned_pages_inc(this: Kernel, pfn: number): Steps<void> {
    yield* add('vars', 0, 'num_poisoned_pages', 1);
    yield* this.memblk_nr_poison_inc(pfn);
  },
};

export const v6_11 = {
  /** A page of no huge page is reported, and counted, once more each time (until 6.12.48). */
  *$mf_already(this: Kernel, pfn: number, huge: boolean): Steps<void> {
    yield* this.$mf_err(pfn, 'already hardware poisoned');
    if (!huge) yield* this.action_result(pfn, 'already poisoned', 'Failed');
  },
};

export const v6_12 = {
  *$mf_already(this: Kernel, pfn: number, _huge: boolean): Steps<void> {
    yield* this.action_result(pfn, 'already poisoned page', 'Failed');
  },

  $mf_unhandlable(this: Kernel): string {
    return 'get hwpoison page';
  },

  *$soft_offline_poisoned(this: Kernel, pfn: number): Steps<number> {
    yield* pr_info(`Memory failure: ${hex(pfn)}: page already poisoned`);
    return 0;
  },

  *$soft_offline_failed(this: Kernel, pfn: number, huge: boolean, ret: number): Steps<void> {
    const what = `${hex(pfn)}: ${huge ? 'hugepage' : 'page'}`;
    yield* pr_info(`Memory failure: ${what} migration failed ${ret}, type ${yield* flags_of(this, pfn)}`);
  },
};

export const v7_0 = {
  /** What has no struct page may have been mapped by a driver, which is not modelled. */
  *$memory_failure_outside(this: Kernel, pfn: number): Steps<number> {
    if (!(yield* this.pfn_valid(pfn)))
      return yield* this.action_result(pfn, 'non struct page pfn', 'Ignored');
    return yield* v5_2.$memory_failure_outside.call(this, pfn);
  },
};
