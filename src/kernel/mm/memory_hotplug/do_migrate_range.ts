import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { change, operation } from '../../ops.ts';
import type { State } from '../../state.ts';
import { MIGRATE, type Page, page_migratetype, page_nid, page_use, USE, with_use } from '../page.ts';
import { access_pages, first_of_valid, page_operation } from '../page_access.ts';

/** One range that migration empties into free pages elsewhere. */
interface Move {
  readonly from: number;
  readonly to: number;
  readonly nr_pages: number;
}

/**
 * Targets for the LRU pages of the range: free pages that are not isolated, on other nodes or on the own node first.
 */
const plan_migration = page_operation({
  name: 'plan_migration',
  writes: false,
  first_unmapped: (state, start, end, _near: boolean, nr_pages: number) =>
    first_of_valid(state, start, end, nr_pages),
  run(state, start, end, near: boolean, _nr_pages: number): Move[] {
    const sources = [...state.pages.in(start, end)].filter(({ value }) => page_use(value) === USE.MOVABLE);
    if (sources.length === 0) return [];
    const nid = page_nid(sources[0]!.value);
    const own = (page: Page): boolean => (page_nid(page) === nid) !== near;
    const free = [...state.pages.in(0, Number.MAX_SAFE_INTEGER)]
      .filter(({ value }) => page_use(value) === USE.FREE && page_migratetype(value) !== MIGRATE.ISOLATE)
      .sort((a, b) => Number(own(a.value)) - Number(own(b.value)) || a.start - b.start);
    const moves: Move[] = [];
    let target = free.shift();
    for (const source of sources) {
      for (let from = source.start; from < source.end && target; ) {
        const nr_pages = Math.min(source.end - from, target.end - target.start);
        moves.push({ from, to: target.start, nr_pages });
        from += nr_pages;
        target.start += nr_pages;
        if (target.start === target.end) target = free.shift();
      }
    }
    return moves;
  },
});

const apply_migration = operation({
  name: 'apply_migration',
  obj: 'pages',
  writes: true,
  run(state: State, moves: readonly Move[]): void {
    for (const { from, to, nr_pages } of moves) {
      const use = page_use(state.pages.get(from));
      state.pages.update(to, to + nr_pages, (page) => with_use(page, use));
      state.pages.update(from, from + nr_pages, (page) => with_use(page, USE.FREE));
    }
  },
});

export const v5_2 = {
  /** Migrates as many pages as there is space for elsewhere; returns the number of pages moved. */
  *do_migrate_range(this: Kernel, start_pfn: number, end_pfn: number, near = false): Steps<number> {
    const where = near ? 'isolate_migratepages_block' : 'do_migrate_range';
    const section = this.c.PAGES_PER_SECTION;
    const moves = yield* access_pages(this, where, plan_migration, start_pfn, end_pfn, near, section);
    if (moves.length > 0) yield* change(apply_migration, moves);
    const moved = moves.reduce((sum, move) => sum + move.nr_pages, 0);
    return moved + (yield* this.$migrate_huge_pages(start_pfn, end_pfn));
  },
};
