import type { Failure } from '../../../steps/failure.ts';
import type { Steps } from '../../../steps/step.ts';
import type { Config } from '../../config.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';
import { change, operation } from '../../ops.ts';
import { hexpad } from '../../pfn.ts';
import type { State } from '../../state.ts';
import {
  MEMMAP,
  MIGRATE,
  NO_PAGE,
  type Page,
  PageHWPoison,
  PageReserved,
  page_memmap,
  page_migratetype,
  page_nid,
  page_use,
  page_zonenum,
  USE,
  with_use,
} from '../page.ts';
import { access_pages, PAGE_OFFSET_OF, page_operation } from '../page_access.ts';

/**
 * Pages that the kernel allocates for itself. The model's allocator takes the lowest free pages of a kernel zone, on
 * the requested node if it has any. In real kernels they differ from run to run, so nothing may depend on the choice.
 */

/** Adjacent pages. */
export interface PageRange {
  readonly pfn: number;
  readonly nr_pages: number;
}

/** Whether the kernel may take the page for itself. */
export const usable = (c: Config, page: Page): boolean =>
  page_use(page) === USE.FREE &&
  page_migratetype(page) !== MIGRATE.ISOLATE &&
  page_zonenum(page) !== c.ZONE_MOVABLE &&
  page_zonenum(page) !== c.ZONE_DEVICE &&
  !PageHWPoison(page);

/** The first free pages that begin at a multiple of `align`: at most `most`, at least `least`. */
function find_pages(
  state: State,
  c: Config,
  nid: number,
  least: number,
  most: number,
  align: number,
): PageRange | null {
  for (const run of state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
    if (!usable(c, run.value) || (nid >= 0 && page_nid(run.value) !== nid)) continue;
    const pfn = Math.ceil(run.start / align) * align;
    if (run.end - pfn >= least) return { pfn, nr_pages: Math.min(most, run.end - pfn) };
  }
  return null;
}

/** What {@link take_pages} takes: a node or -1, pages at least, pages at most, their alignment, their use. */
type Taking = [c: Config, nid: number, least: number, most: number, align: number, use: number];

const take_pages = operation({
  name: 'take_pages',
  obj: 'pages',
  writes: true,
  tell: ([, , , , , use]: Taking, pages: PageRange | null = null) => ({ kind: 'taken', pages, use }),
  run(state: State, ...[c, nid, least, most, align, use]: Taking): PageRange | null {
    const found =
      find_pages(state, c, nid, least, most, align) ??
      (nid >= 0 ? find_pages(state, c, -1, least, most, align) : null);
    if (!found) return null;
    state.pages.update(found.pfn, found.pfn + found.nr_pages, (page) => with_use(page, use));
    return found;
  },
});

/** The allocator never owned the page: it is memblock's, or its struct page is not initialised (B77). */
const foreign = (page: Page): boolean => PageReserved(page) || page_memmap(page) !== MEMMAP.INIT;

/**
 * Freed pages that are already free or never belonged to the allocator: a fault here; a kernel at most reports a bad
 * page.
 */
function foreign_page(state: State, start: number, end: number): Failure | undefined {
  const pfn = state.pages.first(
    start,
    end,
    (page) => page === NO_PAGE || PageReserved(page) || page_use(page) === USE.FREE,
  );
  if (pfn < 0) return undefined;
  const page = state.pages.get(pfn);
  const name = `pfn 0x${pfn.toString(16)}`;
  const about = { what: 'page', access: 'free', pfn } as const;
  if (page === NO_PAGE)
    return {
      kind: 'wild-access',
      subjects: { ...about, state: 'no memory' },
      text: `${name}, which is not memory, is freed`,
    };
  if (PageReserved(page))
    return {
      kind: 'bug',
      subjects: { ...about, state: "memblock's" },
      text: `${name}, which is memblock's, is freed`,
    };
  return { kind: 'double-free', subjects: { ...about, state: 'free' }, text: `${name} is freed twice` };
}

/** Frees pages; returns whether a page of the range does not belong to the allocator. */
const give_back = page_operation({
  name: 'give_back',
  writes: true,
  offset: PAGE_OFFSET_OF._refcount,
  fault: foreign_page,
  about: (state, pfn) => ({ kind: 'pages', use: page_use(state.pages.get(pfn)) }),
  tell: ([pfn, end]) => ({ kind: 'freed', pages: { pfn, nr_pages: end - pfn } }),
  run(state, start, end): boolean {
    const bad = (page: Page): boolean => foreign(page) || page_use(page) === USE.FREE;
    const first = state.pages.first(start, end, bad);
    state.pages.update(start, end, (page) => (foreign(page) ? page : with_use(page, USE.FREE)));
    return first >= 0;
  },
});

/**
 * The first of `nr_pfns` pages of an altmap, naturally aligned, or -1: altmap_alloc_block_buf() of mm/sparse-vmemmap.c.
 * The position is computed from the counts, even if pages there are in use.
 */
export function vmem_altmap_alloc(altmap: vmem_altmap, nr_pfns: number): number {
  const next = altmap.base_pfn + altmap.reserve + altmap.alloc + altmap.align;
  const padding = nr_pfns > 1 ? (nr_pfns - (next % nr_pfns)) % nr_pfns : 0;
  if (altmap.alloc + altmap.align + nr_pfns + padding > altmap.free) return -1;
  altmap.alloc += nr_pfns;
  altmap.align += padding;
  return next + padding;
}

export const v5_2 = {
  /**
   * Zeroed pages for the kernel itself: `most` adjacent ones, or fewer, down to `least`. Null if there are none, or if
   * a failure is injected.
   */
  *$alloc_pages(
    this: Kernel,
    site: string,
    nid: number,
    least: number,
    most: number,
    align: number,
    use: number,
  ): Steps<PageRange | null> {
    const failure = yield* this.$failure(site);
    if (failure === 'now') return null;
    // allocations that are about to fail are counted one by one
    const n = failure === 'later' ? least : most;
    return yield* change(take_pages, this.c, nid, least, n, align, use);
  },

  /** free_pages: pages that memblock still owns stay reserved, and the allocator reports them (B35). */
  *free_pages(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    if (yield* access_pages(this, '__free_pages', give_back, pfn, pfn + nr_pages)) {
      yield {
        op: 'printk',
        level: 1,
        text: `BUG: Bad page state in process swapper  pfn:${hexpad(pfn, 5)}`,
      };
    }
  },
};
