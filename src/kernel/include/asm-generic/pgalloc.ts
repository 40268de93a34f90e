import type { LevelName } from '../../../geometry/translation.ts';
import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { USE } from '../../mm/page.ts';
import { mmu_steps } from '../../mmu.ts';
import { change, operation } from '../../ops.ts';
import { PFN_DOWN, PFN_PHYS } from '../../pfn.ts';
import type { State } from '../../state.ts';

/** include/asm-generic/pgalloc.h: pages for tables, by their physical address; -1 stands for none. */

/** The model's own books of tables: `n` adjacent pages from `pfn` on become tables of a level. */
export const count_table = operation({
  name: 'count_table',
  obj: 'table_pages',
  writes: true,
  changes: ['table_pages', 'table_level'],
  tell: () => ({ kind: 'books' }),
  run: (state: State, level: LevelName, pfn: number, n: number): void => {
    const { allocated, freed } = state.table_pages;
    state.table_pages = { allocated: { ...allocated, [level]: (allocated[level] ?? 0) + n }, freed };
    state.table_level.set(pfn, pfn + n, level);
  },
});

/** The books again: the pages are tables no longer. */
export const uncount_table = operation({
  name: 'uncount_table',
  obj: 'table_pages',
  writes: true,
  changes: ['table_pages', 'table_level'],
  tell: () => ({ kind: 'books' }),
  run: (state: State, pfn: number, n: number): void => {
    const { allocated } = state.table_pages;
    const freed = { ...state.table_pages.freed };
    for (const { start, end, value: level } of state.table_level.in(pfn, pfn + n))
      if (level !== null) freed[level] = (freed[level] ?? 0) + end - start;
    state.table_pages = { allocated, freed };
    state.table_level.set(pfn, pfn + n, null);
  },
});

/** __get_free_page(GFP_KERNEL | __GFP_ZERO) for a table; for the memmap's, on a node. */
export function* alloc_table(k: Kernel, level: LevelName, nid = -1): Steps<number> {
  const found = yield* k.$alloc_pages('pgtable', nid, 1, 1, 1, USE.TABLE);
  if (!found) return -1;
  const phys = PFN_PHYS(k.c, found.pfn);
  yield* change(mmu_steps.clear_pages, phys, k.c.PAGE_SIZE);
  yield* change(count_table, level, found.pfn, 1);
  return phys;
}

/** The same without __GFP_ZERO: what was in the page still is. */
export function* take_table(k: Kernel, level: LevelName): Steps<number> {
  const found = yield* k.$alloc_pages('pgtable', -1, 1, 1, 1, USE.TABLE);
  if (!found) return -1;
  yield* change(count_table, level, found.pfn, 1);
  return PFN_PHYS(k.c, found.pfn);
}

export function* free_table(k: Kernel, phys: number): Steps<void> {
  yield* change(uncount_table, PFN_DOWN(k.c, phys), 1);
  yield* k.free_pages(PFN_DOWN(k.c, phys), 1);
}

export const v5_2 = {
  *pte_alloc_one_kernel(this: Kernel): Steps<number> {
    return yield* alloc_table(this, 'PTE');
  },
  *pmd_alloc_one(this: Kernel, _addr: number): Steps<number> {
    return yield* alloc_table(this, 'PMD');
  },
  *pud_alloc_one(this: Kernel, _addr: number): Steps<number> {
    return yield* alloc_table(this, 'PUD');
  },
  *p4d_alloc_one(this: Kernel, _addr: number): Steps<number> {
    return yield* alloc_table(this, 'P4D');
  },

  /** Frees without any check. */
  *pte_free_kernel(this: Kernel, pte: number): Steps<void> {
    yield* free_table(this, pte);
  },
  *pmd_free(this: Kernel, pmd: number): Steps<void> {
    yield* free_table(this, pmd);
  },
  *pud_free(this: Kernel, pud: number): Steps<void> {
    yield* free_table(this, pud);
  },
  *p4d_free(this: Kernel, p4d: number): Steps<void> {
    yield* free_table(this, p4d);
  },
};

/** The constructor of a table that was allocated, if one was. */
function* constructed(k: Kernel, phys: number): Steps<number> {
  if (phys >= 0) yield* k.__pagetable_ctor(PFN_DOWN(k.c, phys));
  return phys;
}

/** pagetable_dtor_free() */
function* destroy_table(k: Kernel, phys: number): Steps<void> {
  const pfn = PFN_DOWN(k.c, phys);
  yield* change(uncount_table, pfn, 1);
  yield* k.pagetable_dtor(pfn);
  yield* k.free_pages(pfn, 1);
}

/** 7.2.13: tables of the kernel's own range have constructors and destructors, those of PTEs since v6.16. */
export const v6_16 = {
  *pte_alloc_one_kernel(this: Kernel): Steps<number> {
    return yield* constructed(this, yield* v5_2.pte_alloc_one_kernel.call(this));
  },
  *pmd_alloc_one(this: Kernel, addr: number): Steps<number> {
    return yield* constructed(this, yield* v5_2.pmd_alloc_one.call(this, addr));
  },
  *pud_alloc_one(this: Kernel, addr: number): Steps<number> {
    return yield* constructed(this, yield* v5_2.pud_alloc_one.call(this, addr));
  },
  *p4d_alloc_one(this: Kernel, addr: number): Steps<number> {
    return yield* constructed(this, yield* v5_2.p4d_alloc_one.call(this, addr));
  },

  *pte_free_kernel(this: Kernel, pte: number): Steps<void> {
    yield* destroy_table(this, pte);
  },
  *pmd_free(this: Kernel, pmd: number): Steps<void> {
    yield* destroy_table(this, pmd);
  },
  *pud_free(this: Kernel, pud: number): Steps<void> {
    yield* destroy_table(this, pud);
  },
  *p4d_free(this: Kernel, p4d: number): Steps<void> {
    yield* destroy_table(this, p4d);
  },
};
