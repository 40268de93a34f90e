import { vaText } from '../../geometry/translation.ts';
import { VALID } from '../../hardware/descriptor/descriptor.ts';
import { x86Address } from '../../hardware/descriptor/format.ts';
import type { Mmu } from '../../hardware/index.ts';
import { translations } from '../../hardware/memory/access.ts';
import type { Runs } from '../../hardware/memory/runs.ts';
import type { Reach } from '../../hardware/tlb/reach.ts';
import type { Config } from '../../kernel/config.ts';
import { NO_PAGE, type Page, page_use, USE } from '../../kernel/mm/page.ts';
import type { State } from '../../kernel/state.ts';
import type { Monitor } from '../../schedule/monitors/monitor.ts';
import type { View } from '../../schedule/semantics/view.ts';
import type { Failure } from '../../steps/failure.ts';
import { regionOf } from '../region.ts';
import { allWays, stands, type Ways } from './ways.ts';

/**
 * Monitors of page tables, TLBs and freed pages in every state of a search, over a world that holds a kernel's state. A
 * world shares with its predecessor the parts of its state that a step leaves unchanged, and no part ever changes. A
 * result computed from two parts is therefore cached under these two.
 */

const stateOf = (view: View): State => view.world<{ readonly state: State }>().state;

/** A check of page tables and struct pages whose result is cached. */
function remembered<T>(look: (mmu: Mmu, pages: Runs<Page>) => T): (mmu: Mmu, pages: Runs<Page>) => T {
  const known = new WeakMap<Mmu, WeakMap<Runs<Page>, { readonly found: T }>>();
  return (mmu, pages) => {
    const ofMmu = known.get(mmu) ?? new WeakMap<Runs<Page>, { readonly found: T }>();
    known.set(mmu, ofMmu);
    const before = ofMmu.get(pages);
    if (before) return before.found;
    const found = look(mmu, pages);
    ofMmu.set(pages, { found });
    return found;
  };
}

/** The current struct page at a physical address. */
const pageAt = (pages: Runs<Page>, c: Config, pa: number) => {
  const pfn = pa / c.PAGE_SIZE;
  return { pfn, state: page_use(pages.get(pfn)) === USE.FREE ? 'free' : 'no page table' };
};

type PageAt = ReturnType<typeof pageAt>;
const pfnText = ({ pfn, state }: PageAt): string => `pfn 0x${pfn.toString(16)} is ${state}`;

const cpus = (list: readonly number[]): string => `CPU ${list.join()}`;

/**
 * Addresses that vmalloc has unmapped and not yet flushed. They are not allocated again before the flush, so what a TLB
 * holds there is harmless.
 */
const inLazyWindow = (state: State, { in_memory, va }: Reach): boolean =>
  !in_memory && state.vmap_areas.some((a) => a.vm === null && a.va_start <= va && va < a.va_end);

/** The subjects of a failure: the target of a path, and the page there. */
const about = (pages: Runs<Page>, c: Config, way: Reach) => ({
  ...pageAt(pages, c, way.pa),
  va: way.va,
  level: way.level,
  region: regionOf(c, way.va),
});

function reachedPage(pages: Runs<Page>, c: Config, way: Reach): Failure {
  const { held_by, level, va } = way;
  const what = way.in_memory ? 'mapped' : 'in a TLB';
  const who = way.in_memory ? 'is mapped' : `${cpus(held_by)} may hold it`;
  const page = about(pages, c, way);
  return {
    kind: 'free-pages',
    subjects: { what, ...page, ...(way.in_memory ? {} : { cpus: held_by }) },
    text: `${pfnText(page)} and ${who} at ${vaText(va)} (${level})`,
  };
}

const tableText = (page: PageAt, way: Reach, who: string): string =>
  `${pfnText(page)} and ${who} as the ${way.level} table of ${vaText(way.va)}`;

function walkedPage(pages: Runs<Page>, c: Config, way: Reach): Failure {
  const page = about(pages, c, way);
  return {
    kind: 'walk-caches',
    subjects: { what: 'in a walk cache', ...page, cpus: way.held_by },
    text: tableText(page, way, `${cpus(way.held_by)} may walk it`),
  };
}

function linkedPage(pages: Runs<Page>, c: Config, way: Reach): Failure {
  const page = about(pages, c, way);
  return {
    kind: 'free-tables',
    subjects: { what: 'linked', ...page },
    text: tableText(page, way, 'linked'),
  };
}

function filledPage(pages: Runs<Page>, c: Config, pa: number): Failure {
  const page = pageAt(pages, c, pa);
  return {
    kind: 'free-tables',
    subjects: { what: 'not empty', ...page },
    text: `${pfnText(page)} and holds live entries`,
  };
}

/**
 * The first free page that was a table and still has valid entries: a mapping was lost with it. On x86-64 an entry for a table that
 * is free already is none: 7.2.13 frees a table of PMDs as it is (pud_free_pmd_page).
 */
function firstFilled(mmu: Mmu, pages: Runs<Page>, c: Config): number {
  const x86 = c.arch === 'x86_64';
  const isFree = (pa: number): boolean => {
    const page = pages.get(Math.floor(pa / c.PAGE_SIZE));
    return page !== NO_PAGE && page_use(page) === USE.FREE;
  };
  for (const { start, end, value } of pages.in(0, Number.MAX_SAFE_INTEGER)) {
    if (page_use(value) !== USE.FREE) continue;
    const words = mmu.words.in(start * c.PAGE_SIZE, ((end - start) * c.PAGE_SIZE) / 8);
    const live = words.find((run) => (run.attr & VALID) !== 0 && !(x86 && isFree(x86Address(run))));
    if (live) return Math.floor(live.pa / c.PAGE_SIZE) * c.PAGE_SIZE;
  }
  return -1;
}

/** Whether a removal has freed, and not flushed yet, the target of a path or a table that a walk to it passes. */
function inRemoval({ mmu, unflushed }: State, { PAGE_SIZE }: Config, { pa, va }: Reach): boolean {
  const freed = (at: number): boolean => unflushed.get(Math.floor(at / PAGE_SIZE));
  if (freed(pa)) return true;
  const walked = (cpu: number) => translations({ ...mmu!, cpu }, va, false).tables;
  return mmu!.everyone.some((cpu) => walked(cpu).some((table) => freed(table.pa)));
}

export interface TableMonitors {
  /** No free page is mapped or in a TLB except by its linear alias, or in vmalloc's lazy window. */
  readonly free_pages: Monitor;
  /** No walk cache leads to a page that is no longer a table. */
  readonly walk_caches: Monitor;
  /** No live entry was changed, and no entry was set where a CPU may hold another translation. */
  readonly break_before_make: Monitor;
  /** A table page is unlinked and empty when it is freed. The machine itself checks that it is freed. */
  readonly free_tables: Monitor;
}

/**
 * The monitors of page tables that must hold at every step of every release. x86-64 frees tables and memmap before it unlinks and
 * flushes them, in every release (B12b, B13b, B41c, B42b): with `sparesRemoval` such a page, and what is reached through
 * it, counts only after the flush with which the removal ends.
 */
export function tableMonitors(c: Config, sparesRemoval = false): TableMonitors {
  const look = remembered((mmu, pages): Ways => {
    const { leaves, tables } = allWays(mmu, pages, c);
    const standing = (way: Reach): boolean => stands(mmu, way);
    return { leaves: leaves.filter(standing), tables: tables.filter(standing) };
  });
  const filled = remembered((mmu, pages) => firstFilled(mmu, pages, c));
  const counts = (state: State, way: Reach): boolean => !sparesRemoval || !inRemoval(state, c, way);
  return {
    free_pages: {
      name: 'free-pages',
      state(view) {
        const state = stateOf(view);
        const { leaves } = look(state.mmu!, state.pages);
        const way = leaves.find((l) => !inLazyWindow(state, l) && counts(state, l));
        return way && reachedPage(state.pages, c, way);
      },
    },
    walk_caches: {
      name: 'walk-caches',
      state(view) {
        const state = stateOf(view);
        const way = look(state.mmu!, state.pages).tables.find((t) => !t.in_memory && counts(state, t));
        return way && walkedPage(state.pages, c, way);
      },
    },
    break_before_make: {
      name: 'break-before-make',
      state(view) {
        const [first] = stateOf(view).mmu!.violations;
        return (
          first && {
            kind: 'break-before-make',
            subjects: { what: first.rule, va: first.va, region: regionOf(c, first.va), cpus: [first.cpu] },
            text: `${first.rule} at ${vaText(first.va)} by ${cpus([first.cpu])}`,
          }
        );
      },
    },
    free_tables: {
      name: 'free-tables',
      state(view) {
        const state = stateOf(view);
        const { mmu, pages } = state;
        const way = look(mmu!, pages).tables.find((t) => t.in_memory && counts(state, t));
        if (way) return linkedPage(pages, c, way);
        const pa = filled(mmu!, pages);
        return pa < 0 ? undefined : filledPage(pages, c, pa);
      },
    },
  };
}

/**
 * No instructions in flight may still use a free page: an ISB after the last invalidation ensures that. It must be
 * named to be used, since no release before v5.4 has that ISB (B22).
 */
export function flightMonitor(c: Config): Monitor {
  const look = remembered((mmu, pages) => {
    const { leaves, tables } = allWays(mmu, pages, c);
    return [...leaves, ...tables].find((way) => way.in_flight.length > 0 && !stands(mmu, way));
  });
  return {
    name: 'in-flight',
    state(view) {
      const state = stateOf(view);
      const way = look(state.mmu!, state.pages);
      if (way === undefined) return undefined;
      const as = way.as === 'table' ? `as the ${way.level} table of` : 'at';
      const page = about(state.pages, c, way);
      return {
        kind: 'in-flight',
        subjects: { what: way.as, ...page, cpus: way.in_flight },
        text: `${pfnText(page)} and instructions in flight on ${cpus(way.in_flight)} may use it ${as} ${vaText(way.va)}`,
      };
    },
  };
}
