import { va_text } from '../../geometry/translation.ts';
import { VALID } from '../../hardware/descriptor.ts';
import type { Mmu } from '../../hardware/index.ts';
import type { Reach } from '../../hardware/reach.ts';
import type { Runs } from '../../hardware/runs.ts';
import type { Config } from '../../kernel/config.ts';
import { type Page, page_use, USE } from '../../kernel/mm/page.ts';
import type { State } from '../../kernel/state.ts';
import type { Monitor } from '../../schedule/monitors/monitor.ts';
import type { View } from '../../schedule/semantics/view.ts';
import { all_ways, stands, type Ways } from './ways.ts';

/**
 * FACTS section 7, 1 to 4, in every state of a search, over a world that holds a kernel's state. A world shares the parts of
 * its state that a step leaves alone with the one before, and no part ever changes: what was found out about two parts
 * is looked up by them.
 */

const state_of = (view: View): State => view.world<{ readonly state: State }>().state;

/** A look at page tables and struct pages that is not taken twice. */
function remembered<T>(look: (mmu: Mmu, pages: Runs<Page>) => T): (mmu: Mmu, pages: Runs<Page>) => T {
  const known = new WeakMap<Mmu, WeakMap<Runs<Page>, { readonly found: T }>>();
  return (mmu, pages) => {
    const of_mmu = known.get(mmu) ?? new WeakMap<Runs<Page>, { readonly found: T }>();
    known.set(mmu, of_mmu);
    const before = of_mmu.get(pages);
    if (before) return before.found;
    const found = look(mmu, pages);
    of_mmu.set(pages, { found });
    return found;
  };
}

/** What stands at a page now, in words. */
const pfn_text = (pages: Runs<Page>, c: Config, pa: number): string => {
  const pfn = pa / c.PAGE_SIZE;
  const what = page_use(pages.get(pfn)) === USE.FREE ? 'free' : 'no page table';
  return `pfn 0x${pfn.toString(16)} is ${what}`;
};

const cpus = (list: readonly number[]): string => `CPU ${list.join()}`;

/** Addresses that vmalloc has unmapped and not yet flushed: nobody is given them, so what a TLB holds there is harmless. */
const in_lazy_window = (state: State, { in_memory, va }: Reach): boolean =>
  !in_memory && state.vmap_areas.some((a) => a.vm === null && a.va_start <= va && va < a.va_end);

function leaf_text(pages: Runs<Page>, c: Config, way: Reach): string {
  const who = way.in_memory ? 'is mapped' : `${cpus(way.held_by)} may hold it`;
  return `${pfn_text(pages, c, way.pa)} and ${who} at ${va_text(way.va)} (${way.level})`;
}

const table_text = (pages: Runs<Page>, c: Config, way: Reach, who: string): string =>
  `${pfn_text(pages, c, way.pa)} and ${who} as the ${way.level} table of ${va_text(way.va)}`;

/** A table page in the allocator's hands with valid entries in it: someone's mapping went with it. */
function first_filled(mmu: Mmu, pages: Runs<Page>, c: Config): number {
  for (const { start, end, value } of pages.in(0, Number.MAX_SAFE_INTEGER)) {
    if (page_use(value) !== USE.FREE) continue;
    const words = mmu.words.in(start * c.PAGE_SIZE, ((end - start) * c.PAGE_SIZE) / 8);
    const live = words.find((run) => (run.attr & VALID) !== 0);
    if (live) return Math.floor(live.pa / c.PAGE_SIZE) * c.PAGE_SIZE;
  }
  return -1;
}

export interface TableMonitors {
  /** 7.1: no free page is mapped or in a TLB but by its linear alias; vmalloc's lazy window is excepted. */
  readonly free_pages: Monitor;
  /** 7.2: no walk cache leads to a page that is no table any more. */
  readonly walk_caches: Monitor;
  /** 7.3: no live entry was changed, and none set where a CPU may hold another. */
  readonly break_before_make: Monitor;
  /** 7.4: a table page is unlinked and empty when it is freed. That it is freed once the machine sees to. */
  readonly free_tables: Monitor;
}

/** All that must hold of page tables at every step of every release. */
export function table_monitors(c: Config): TableMonitors {
  const look = remembered((mmu, pages): Ways => {
    const { leaves, tables } = all_ways(mmu, pages, c);
    const standing = (way: Reach): boolean => stands(mmu, way);
    return { leaves: leaves.filter(standing), tables: tables.filter(standing) };
  });
  const filled = remembered((mmu, pages) => first_filled(mmu, pages, c));
  return {
    free_pages: {
      name: 'free-pages',
      state(view) {
        const state = state_of(view);
        const { leaves } = look(state.mmu!, state.pages);
        const way = leaves.find((l) => !in_lazy_window(state, l));
        return way && leaf_text(state.pages, c, way);
      },
    },
    walk_caches: {
      name: 'walk-caches',
      state(view) {
        const { mmu, pages } = state_of(view);
        const way = look(mmu!, pages).tables.find((t) => !t.in_memory);
        return way && table_text(pages, c, way, `${cpus(way.held_by)} may walk it`);
      },
    },
    break_before_make: {
      name: 'break-before-make',
      state(view) {
        const [first] = state_of(view).mmu!.violations;
        return first && `${first.rule} at ${va_text(first.va)} by ${cpus([first.cpu])}`;
      },
    },
    free_tables: {
      name: 'free-tables',
      state(view) {
        const { mmu, pages } = state_of(view);
        const way = look(mmu!, pages).tables.find((t) => t.in_memory);
        if (way) return table_text(pages, c, way, 'linked');
        const pa = filled(mmu!, pages);
        return pa < 0 ? undefined : `${pfn_text(pages, c, pa)} and holds live entries`;
      },
    },
  };
}

/**
 * No instructions in flight may still go by a page that is free: what an ISB behind the last invalidation sees to. Asked for by
 * name, since no release before v5.4 has it (B22).
 */
export function flight_monitor(c: Config): Monitor {
  const look = remembered((mmu, pages) => {
    const { leaves, tables } = all_ways(mmu, pages, c);
    return [...leaves, ...tables].find((way) => way.in_flight.length > 0 && !stands(mmu, way));
  });
  return {
    name: 'in-flight',
    state(view) {
      const state = state_of(view);
      const way = look(state.mmu!, state.pages);
      if (way === undefined) return undefined;
      const what = way.as === 'table' ? `as the ${way.level} table of` : 'at';
      return `${pfn_text(state.pages, c, way.pa)} and instructions in flight on ${cpus(way.in_flight)} may use it ${what} ${va_text(way.va)}`;
    },
  };
}
