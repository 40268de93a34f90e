import type { Steps } from '../../../../../steps/step.ts';
import type { Kernel, vmem_altmap } from '../../../../kernel.ts';
import {
  NO_PAGE,
  PageReserved,
  PG_reserved,
  page_nid,
  page_zonenum,
  USE,
  with_use,
} from '../../../../mm/page.ts';
import { access_pages, page_operation } from '../../../../mm/page_access.ts';
import { add, change, operation } from '../../../../ops.ts';
import { type State, zone_key } from '../../../../state.ts';

/** arch/x86/mm/init_64.c: the pages of tables and of the memmap, freed. */

/** The zone of memblock's pages that become the page allocator's; -1 if they were its own. */
const free_reserved = page_operation({
  name: 'free_reserved',
  writes: true,
  reads_first: true,
  first_unmapped: (state, start) => (state.pages.get(start) === NO_PAGE ? start : -1),
  tell: ([pfn, end]) => ({ kind: 'freed', pages: { pfn, nr_pages: end - pfn } }),
  run(state, start, end): number {
    const first = state.pages.get(start);
    if (!PageReserved(first)) return -1;
    state.pages.update(start, end, (page) => with_use(page & ~PG_reserved, USE.FREE));
    return zone_key(page_nid(first), page_zonenum(first));
  },
});

const put_shared = operation({
  name: 'put_shared',
  obj: 'vmemmap_refs',
  writes: true,
  tell: () => ({ kind: 'does', what: 'put_page_testzero(page)' }),
  run: (state: State, pfn: number): boolean => {
    const refs = state.vmemmap_refs.get(pfn);
    if (refs > 0) state.vmemmap_refs.set(pfn, pfn + 1, refs - 1);
    return refs > 0;
  },
});

/** Notes for the monitors: pages that are freed while they may still be in TLBs (B12b, B42b). */
export const not_flushed = operation({
  name: 'not_flushed',
  obj: 'unflushed',
  writes: true,
  tell: () => ({ kind: 'books' }),
  run: (state: State, pfn: number, nr_pages: number): void => state.unflushed.set(pfn, pfn + nr_pages, true),
});

/** Notes for the monitors: all that the removal of tables has freed is flushed. */
export const flushed = operation({
  name: 'flushed',
  obj: 'unflushed',
  writes: true,
  tell: () => ({ kind: 'books' }),
  run: (state: State): void => {
    for (const { start, end, value } of [...state.unflushed.in(0, Number.MAX_SAFE_INTEGER)])
      if (value) state.unflushed.set(start, end, false);
  },
});

/**
 * Pages of memblock become the page allocator's (free_reserved_page), all of them; of others the first nr_pages are freed.
 * Returns how many went back to the page allocator, from which they had come: 0 of memblock's.
 */
function* free_or_reserved(
  k: Kernel,
  where: string,
  pfn: number,
  order: number,
  nr_pages = 2 ** order,
): Steps<number> {
  const zone = yield* access_pages(k, where, free_reserved, pfn, pfn + 2 ** order);
  const freed = zone >= 0 ? 2 ** order : nr_pages;
  if (!k.alone) yield* change(not_flushed, pfn, freed);
  if (zone >= 0) yield* k.adjust_managed_page_count(zone, freed);
  else yield* k.free_pages(pfn, freed);
  return zone >= 0 ? 0 : freed;
}

/** A page or block of the memmap. A page that device memory shares goes with its last user. */
export function* free_memmap(k: Kernel, pfn: number, order: number): Steps<void> {
  if (order === 0 && (yield* k.$put_shared(pfn))) {
    // whether it is memblock's is asked of a shared page, too, which never is
    yield* access_pages(k, 'free_pagetable', free_reserved, pfn, pfn + 1);
    return;
  }
  const freed = yield* k.$free_memmap(pfn, order);
  if (freed > 0) yield* add('vars', 0, 'nr_vmemmap_pages', -freed);
}

export const v5_2 = {
  /** put_page_testzero() of a page that several entries of the memmap may map: whether others still do. */
  *$put_shared(this: Kernel, pfn: number): Steps<boolean> {
    return yield* change(put_shared, pfn);
  },

  *free_pagetable(this: Kernel, pfn: number, order: number): Steps<number> {
    return yield* free_or_reserved(this, 'free_pagetable', pfn, order);
  },

  /** By free_pagetable(), as tables are (5.10.262, 6.1.192, 6.12.117). */
  *$free_memmap(this: Kernel, pfn: number, order: number): Steps<number> {
    return yield* this.free_pagetable(pfn, order);
  },

  *free_hugepage_table(this: Kernel, pfn: number, altmap: vmem_altmap | null): Steps<void> {
    const nr_pages = this.c.PMD_SIZE / this.c.PAGE_SIZE;
    if (altmap) altmap.alloc -= nr_pages;
    else yield* free_memmap(this, pfn, Math.log2(nr_pages));
  },
};

/** pagetable_free() knows the order of compound pages alone, which no page here is: it frees the first (bf9e4e30f353). */
export const v6_18_7 = {
  *free_pagetable(this: Kernel, pfn: number, order: number): Steps<number> {
    return yield* free_or_reserved(this, 'free_pagetable', pfn, order, 1);
  },
};

/** Pages of the memmap are freed by a function of their own, with their order (39406c05f8f1). */
export const v7_2 = {
  *$free_memmap(this: Kernel, pfn: number, order: number): Steps<number> {
    return yield* free_or_reserved(this, 'free_vmemmap_pages', pfn, order);
  },
};
