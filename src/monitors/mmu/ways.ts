import { entrySize } from '../../geometry/translation.ts';
import { target } from '../../hardware/descriptor/format.ts';
import type { Mmu } from '../../hardware/index.ts';
import { translations } from '../../hardware/memory/access.ts';
import type { Runs } from '../../hardware/memory/runs.ts';
import { type Reach, reaches } from '../../hardware/tlb/reach.ts';
import type { Config } from '../../kernel/config.ts';
import { NO_PAGE, type Page, PageReserved, page_use, USE } from '../../kernel/mm/page.ts';
import { phys_to_virt } from '../../kernel/pfn.ts';
import type { State } from '../../kernel/state.ts';

/** Paths to pages that no CPU should have. */
export interface Ways {
  /** Leaves, other than the linear alias, that lead to free pages. */
  readonly leaves: readonly Reach[];
  /** Walks that use a page as a table although it is not, or no longer, a table. */
  readonly tables: readonly Reach[];
}

const isFree = (page: Page): boolean => page_use(page) === USE.FREE;
/**
 * Whether the page may be a table. Boot's tables belong to memblock; a pfn without struct page may belong to the kernel
 * image with the root table.
 */
const mayBeTable = (page: Page): boolean =>
  page === NO_PAGE || PageReserved(page) || page_use(page) === USE.TABLE;

/** All such paths of any CPU, including those of instructions in flight; ascending by page. */
export function allWays(mmu: Mmu, pages: Runs<Page>, c: Config): Ways {
  const { PAGE_SIZE } = c;
  const leaves: Reach[] = [];
  const tables: Reach[] = [];
  for (const { start, end, value } of pages.in(0, Number.MAX_SAFE_INTEGER)) {
    if (mayBeTable(value)) continue;
    for (const way of reaches(mmu, start * PAGE_SIZE, (end - start) * PAGE_SIZE)) {
      if (way.as === 'table') tables.push(way);
      else if (isFree(value) && way.va !== phys_to_virt(c, way.pa)) leaves.push(way);
    }
  }
  return { leaves, tables };
}

/**
 * Whether a CPU has the path through memory, its TLB or its walk cache, at any level, and not only through instructions
 * in flight.
 */
export function stands(mmu: Mmu, way: Reach): boolean {
  if (!way.in_memory && way.held_by.length === 0) return false;
  return mmu.everyone.some((cpu) => {
    const { leaves, tables } = translations({ ...mmu, cpu }, way.va, false);
    if (way.as === 'table') return tables.some(({ pa, kept }) => kept && pa === way.pa);
    return leaves.some(({ depth, d, kept }) => {
      const size = entrySize(mmu.t, depth);
      return kept && target(mmu.t, d) + (way.va - Math.floor(way.va / size) * size) === way.pa;
    });
  });
}

/** Such paths, other than the linear map, through which some CPU may reach free pages. */
export function stray(state: State, c: Config): Reach[] {
  const { leaves, tables } = allWays(state.mmu!, state.pages, c);
  const free = (way: Reach): boolean => isFree(state.pages.get(way.pa / c.PAGE_SIZE));
  const way = [...leaves, ...tables.filter(free)].filter((w) => stands(state.mmu!, w));
  return way.sort((a, b) => a.pa - b.pa || a.va - b.va);
}
