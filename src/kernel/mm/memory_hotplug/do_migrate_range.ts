import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { change, look, operation, pr_warn } from '../../ops.ts';
import { hex } from '../../pfn.ts';
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

/** The parts of a move whose pages are still movable, and whose targets are still free. */
function still(state: State, from: number, to: number, nr_pages: number): { at: number; pages: number }[] {
  const is_not = (use: number) => (page: Page) => page_use(page) !== use;
  const parts: { at: number; pages: number }[] = [];
  for (let at = 0; at < nr_pages; ) {
    const stuck = [
      state.pages.first(from + at, from + nr_pages, is_not(USE.MOVABLE)) - from,
      state.pages.first(
        to + at,
        to + nr_pages,
        (page) => is_not(USE.FREE)(page) || page_migratetype(page) === MIGRATE.ISOLATE,
      ) - to,
    ].filter((n) => n >= 0);
    const end = Math.min(nr_pages, ...stuck);
    if (end > at) parts.push({ at, pages: end - at });
    at = end + 1;
  }
  return parts;
}

/** Pages of the range that are on LRU lists and have other references than those of mappings. */
const pinned_pages = operation({
  name: 'pinned_pages',
  obj: 'pages',
  writes: false,
  tell: ([start, end], found) => ({
    kind: 'reads',
    what: `page_count() of the LRU pages of ${hex(start)}-${hex(end - 1)}`,
    value: found && found.nr_pages > 0 ? `too high, of ${found.nr_pages}` : 'as expected',
  }),
  run: (state: State, start: number, end: number): { readonly pfn: number; readonly nr_pages: number } => {
    const is_pinned = (page: Page): boolean => page_use(page) === USE.PINNED;
    return {
      pfn: state.pages.first(start, end, is_pinned),
      nr_pages: state.pages.total(start, end, is_pinned),
    };
  },
});

const apply_migration = operation({
  name: 'apply_migration',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'user_pte'],
  /** A page that has got another use meanwhile stays, and so does one whose target has. */
  run(state: State, moves: readonly Move[]): void {
    for (const { from, to, nr_pages } of moves)
      for (const n of still(state, from, to, nr_pages)) {
        const use = page_use(state.pages.get(from + n.at));
        state.pages.update(to + n.at, to + n.at + n.pages, (page) => with_use(page, use));
        state.pages.update(from + n.at, from + n.at + n.pages, (page) => with_use(page, USE.FREE));
        for (const entry of state.user_pte.values())
          if (from + n.at <= entry.pfn && entry.pfn < from + n.at + n.pages) entry.pfn += to - from;
      }
  },
  tell: ([moves]) => ({
    kind: 'does',
    what: `migrate_pages(): ${moves.map(({ from, to }) => `${hex(from)} -> ${hex(to)}`).join(', ')}`,
  }),
});

export const v5_2 = {
  /** Migrates as many pages as there is space for elsewhere; returns the number of pages moved. */
  *do_migrate_range(this: Kernel, start_pfn: number, end_pfn: number, near = false): Steps<number> {
    const where = near ? 'isolate_migratepages_block' : 'do_migrate_range';
    const section = this.c.PAGES_PER_SECTION;
    const moves = yield* access_pages(this, where, plan_migration, start_pfn, end_pfn, near, section);
    if (moves.length > 0) yield* change(apply_migration, moves);
    const stay = yield* look(pinned_pages, start_pfn, end_pfn);
    if (stay.nr_pages > 0 && !near) {
      yield* pr_warn(`migrating pfn ${stay.pfn.toString(16)} failed ret:${stay.nr_pages}`);
      yield* this.dump_page(stay.pfn, 'migration failure');
    }
    const moved = moves.reduce((sum, move) => sum + move.nr_pages, 0);
    return moved + (yield* this.$migrate_huge_pages(start_pfn, end_pfn));
  },
};
