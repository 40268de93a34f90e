import type { LevelName } from '../../../../../geometry/translation.ts';
import type { Steps } from '../../../../../steps/step.ts';
import type { Kernel, vmem_altmap } from '../../../../kernel.ts';
import { PageReserved, PageTable, PG_table, USE } from '../../../../mm/page.ts';
import { type PageRange, vmem_altmap_alloc } from '../../../../mm/page_alloc/alloc_pages.ts';
import { mmu_steps } from '../../../../mmu.ts';
import { add, change, look, operation } from '../../../../ops.ts';
import { PFN_DOWN, PFN_PHYS } from '../../../../pfn.ts';
import type { State } from '../../../../state.ts';
import type { TablePages } from './pgd_mapping.ts';

/** Where table pages and the pages of the memmap come from, and where they go. */

const count_table = operation({
  name: 'count_table',
  obj: 'table_pages',
  writes: true,
  tell: () => ({ kind: 'books' }),
  run: (state: State, level: LevelName, n: number): void => {
    const { allocated, freed } = state.table_pages;
    if (n > 0)
      state.table_pages = { allocated: { ...allocated, [level]: (allocated[level] ?? 0) + n }, freed };
    else state.table_pages = { allocated, freed: { ...freed, [level]: (freed[level] ?? 0) - n } };
  },
});

const first_reserved = operation({
  name: 'first_reserved',
  obj: 'pages',
  writes: false,
  run: (state: State, pfn: number, nr_pages: number): number =>
    state.pages.first(pfn, pfn + nr_pages, PageReserved),
});

/** A table page, zeroed; a BUG when there is none, since nothing here can say -ENOMEM before v7.1. */
export function* early_pgtable_alloc(k: Kernel, level: LevelName, n: number): Steps<TablePages> {
  const pages = yield* k.pgtable_alloc(level, n);
  if (pages.phys < 0 && !k.c.pgtable_alloc_may_fail) yield* k.BUG('__pgd_pgtable_alloc');
  return pages;
}

/** The same after boot: later releases run its constructor. */
export function* pgd_pgtable_alloc(k: Kernel, level: LevelName, n: number): Steps<TablePages> {
  const pages = yield* early_pgtable_alloc(k, level, n);
  if (pages.phys >= 0) yield* k.construct_linear_table(PFN_DOWN(k.c, pages.phys), pages.n);
  return pages;
}

const construct = operation({
  name: 'construct',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'vars'],
  run(state: State, pfn: number, n: number): void {
    state.pages.update(pfn, pfn + n, (page) => page | PG_table);
    state.vars.get(0)!.nr_page_table_pages += n;
  },
});

const destroy = operation({
  name: 'destroy',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'vars'],
  run(state: State, pfn: number, n: number): void {
    state.pages.update(pfn, pfn + n, (page) => page & ~PG_table);
    state.vars.get(0)!.nr_page_table_pages -= n;
  },
});

const first_unconstructed = operation({
  name: 'first_unconstructed',
  obj: 'pages',
  writes: false,
  run: (state: State, pfn: number, n: number): number =>
    state.pages.first(pfn, pfn + n, (page) => !PageTable(page)),
});

function* free_checked(k: Kernel, pfn: number, nr_pages: number): Steps<void> {
  if ((yield* look(first_reserved, pfn, nr_pages)) >= 0) yield* k.WARN('free_hotplug_page_range');
  yield* k.free_pages(pfn, nr_pages);
}

export const v5_2 = {
  /** One zeroed page, or `n` side by side as far as there are; phys -1 when there is none. */
  *pgtable_alloc(this: Kernel, level: LevelName, n: number): Steps<TablePages> {
    const found = yield* this.$alloc_pages('pgtable', -1, 1, n, 1, USE.TABLE);
    if (!found) return { phys: -1, n: 0 };
    const phys = PFN_PHYS(this.c, found.pfn);
    yield* change(mmu_steps.clear_pages, phys, PFN_PHYS(this.c, found.nr_pages));
    yield* change(count_table, level, found.nr_pages);
    return { phys, n: found.nr_pages };
  },

  /** Constructors: the page type, NR_PAGETABLE, and a lock that is not modelled. */
  *pagetable_ctor(this: Kernel, pfn: number, n: number): Steps<void> {
    yield* change(construct, pfn, n);
  },

  /** A debug build sees that there was no constructor; any other miscounts (B36). */
  *pagetable_dtor(this: Kernel, pfn: number, n: number): Steps<void> {
    if (this.c.DEBUG_VM && (yield* look(first_unconstructed, pfn, n)) >= 0) {
      yield* this.BUG('pagetable_dtor', 'page dumped because: VM_BUG_ON_FOLIO(!folio_test_pgtable(folio))');
    }
    yield* change(destroy, pfn, n);
  },

  /** Tables of the linear map have no constructor and no destructor. */
  *construct_linear_table(this: Kernel, _pfn: number, _n: number): Steps<void> {},
  *destroy_hotplug_table(this: Kernel, _pfn: number, _n: number): Steps<void> {},

  /** Pages for struct pages: `n` side by side or fewer, from the altmap if there is one; null when there are none. */
  *vmemmap_alloc_pages(
    this: Kernel,
    nid: number,
    n: number,
    altmap: vmem_altmap | null,
  ): Steps<PageRange | null> {
    if (altmap) {
      const pfn = vmem_altmap_alloc(altmap, 1);
      return pfn < 0 ? null : { pfn, nr_pages: 1 };
    }
    const found = yield* this.$alloc_pages('vmemmap_block', nid, 1, n, 1, USE.MEMMAP);
    if (found) yield* add('vars', 0, 'nr_vmemmap_pages', found.nr_pages);
    return found;
  },

  /** The first pfn of naturally aligned pages for a block of struct pages; -1 when there are none. */
  *vmemmap_alloc_block_buf(
    this: Kernel,
    nid: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    if (altmap) return vmem_altmap_alloc(altmap, nr_pages);
    const found = yield* this.$alloc_pages('vmemmap_block', nid, nr_pages, nr_pages, nr_pages, USE.MEMMAP);
    if (found) yield* add('vars', 0, 'nr_vmemmap_pages', nr_pages);
    return found ? found.pfn : -1;
  },

  /** Backing of the memmap. Warns of memory that memblock gave, and frees it all the same (B35). */
  *free_hotplug_page_range(
    this: Kernel,
    phys: number,
    size: number,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    const nr_pages = Math.ceil(size / this.c.PAGE_SIZE);
    if (altmap) {
      altmap.alloc -= nr_pages;
      return;
    }
    yield* add('vars', 0, 'nr_vmemmap_pages', -nr_pages);
    yield* free_checked(this, PFN_DOWN(this.c, phys), nr_pages);
  },

  /** pte_free_kernel, pmd_free and so on: no questions asked. */
  *pgtable_free(this: Kernel, level: LevelName, phys: number): Steps<void> {
    yield* change(count_table, level, -1);
    yield* this.free_pages(PFN_DOWN(this.c, phys), 1);
  },

  *free_hotplug_pgtable_page(this: Kernel, level: LevelName, phys: number, n = 1): Steps<void> {
    yield* change(count_table, level, -n);
    yield* this.destroy_hotplug_table(PFN_DOWN(this.c, phys), n);
    yield* free_checked(this, PFN_DOWN(this.c, phys), n);
  },
};

/** 7.1.5: every hot-removed table is destroyed, those of the memmap as well, which nobody has constructed (B36). */
export const v7_1 = {
  *construct_linear_table(this: Kernel, pfn: number, n: number): Steps<void> {
    yield* this.pagetable_ctor(pfn, n);
  },
  *destroy_hotplug_table(this: Kernel, pfn: number, n: number): Steps<void> {
    yield* this.pagetable_dtor(pfn, n);
  },
};
