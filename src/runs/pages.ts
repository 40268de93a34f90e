import * as rcupdate from '../kernel/include/linux/rcupdate.ts';
import { callback, v5_2 as rcu_tree } from '../kernel/kernel/rcu/tree.ts';
import * as hugetlb from '../kernel/mm/hugetlb/pool_pages.ts';
import { USE } from '../kernel/mm/page.ts';
import type { PageRange } from '../kernel/mm/page_alloc/alloc_pages.ts';
import { pfns, v5_2 as vmalloc } from '../kernel/mm/vmalloc/vmalloc.ts';
import { VM } from '../kernel/state.ts';
import { type BatchForm, form } from './form.ts';

/** Several pages are allocated or freed at a time. */
export const forms: readonly BatchForm[] = [
  form({
    name: '$huge_pages_at_once',
    exact: hugetlb.v5_2.$huge_pages_at_once,
    *batch(most) {
      return most;
    },
  }),
  // there is no reader to wait for
  form({ name: 'kfree_rcu', exact: rcupdate.v6_8.kfree_rcu, *batch() {} }),
  form({
    name: 'call_rcu',
    exact: rcu_tree.call_rcu,
    *batch(head, func) {
      yield* callback(this, func).call(this, head);
    },
  }),
  form({
    name: '__vmalloc_area_node',
    exact: vmalloc.__vmalloc_area_node,
    *batch(addr, nr_pages, prot) {
      const runs: PageRange[] = [];
      let left = nr_pages;
      while (left > 0) {
        const found = yield* this.$alloc_pages('vmalloc', -1, 1, left, 1, USE.UNMOVABLE);
        if (!found) break;
        runs.push(found);
        left -= found.nr_pages;
      }
      yield* this.$set_vm_struct(addr, { flags: VM.ALLOC, pages: runs });
      if (left === 0 && (yield* this.map_vm_area(addr, prot, pfns(runs))) === 0) return addr;
      const { PAGE_SIZE } = this.c;
      yield* this.$no_pages_for_area((nr_pages - left) * PAGE_SIZE, (nr_pages + 1) * PAGE_SIZE);
      yield* this.__vunmap(addr, true);
      return 0;
    },
  }),
];
