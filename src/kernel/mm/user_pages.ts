import type { Steps } from '../../steps/step.ts';
import type { Config } from '../config.ts';
import type { Kernel } from '../kernel.ts';
import { change, operation } from '../ops.ts';
import { hex } from '../pfn.ts';
import type { State } from '../state.ts';
import { MIGRATE, page_migratetype, page_use, page_zonenum, USE, with_use } from './page.ts';
import { page_operation } from './page_access.ts';

/**
 * Pages of programs, one by one: what maps them, who else refers to them, whether they are on an LRU list. One address
 * space stands for all programs; of its page tables only the last level is there, an entry per page.
 */

/** One pin is so many references (include/linux/mm.h). */
export const GUP_PIN_COUNTING_BIAS = 1024;

const set_use = (state: State, pfn: number, use: number): void =>
  state.pages.update(pfn, pfn + 1, (page) => with_use(page, use));

const refs_of = (state: State, pfn: number): number => state.user_page.get(pfn)?.refs ?? 0;

/** Whether the page has references besides those of its mappings. */
export const is_pinned = (state: State, pfn: number): boolean =>
  refs_of(state, pfn) > 0 || page_use(state.pages.get(pfn)) === USE.PINNED;

/** On an LRU list again, or for the first time. */
const put_on_lru = (state: State, pfn: number): void =>
  set_use(state, pfn, refs_of(state, pfn) > 0 ? USE.PINNED : USE.MOVABLE);

const entries_of = (state: State, pfn: number) =>
  [...state.user_pte.values()].filter((entry) => entry.pfn === pfn);

/** The first free page for a program: of ZONE_MOVABLE if it may move, else, or if there is none, of another zone. */
export function free_user_page(state: State, c: Config, movable: boolean): number {
  const is_free = (zone_movable: boolean) => (page: number) =>
    page_use(page) === USE.FREE &&
    page_migratetype(page) !== MIGRATE.ISOLATE &&
    page_zonenum(page) !== c.ZONE_DEVICE &&
    (page_zonenum(page) === c.ZONE_MOVABLE) === zone_movable;
  const first = (zone_movable: boolean): number =>
    state.pages.first(0, Number.MAX_SAFE_INTEGER, is_free(zone_movable));
  const own = movable ? first(true) : -1;
  return own >= 0 ? own : first(false);
}

/** Maps a new page at an address; its pfn, or -1 without a free page. Nothing happens where a page is mapped. */
export const map_new_page = operation({
  name: 'map_new_page',
  obj: 'user_pte',
  writes: true,
  changes: ['pages', 'user_pte'],
  tell: ([, nr], pfn) => ({ kind: 'does', what: `set_pte_at() of user page ${nr}, pfn`, value: pfn }),
  run: (state: State, c: Config, nr: number, movable: boolean): number => {
    const known = state.user_pte.get(nr);
    if (known) return known.pfn;
    const pfn = free_user_page(state, c, movable);
    if (pfn < 0) return -1;
    set_use(state, pfn, USE.MOVABLE);
    state.user_pte.set(nr, { pfn, migration: false });
    return pfn;
  },
});

/** try_grab_page() under the lock of the page table: its pfn, -1 if nothing is mapped. Waits for a migration to end. */
export const grab_mapped_page = operation({
  name: 'grab_mapped_page',
  obj: 'user_pte',
  writes: true,
  changes: ['pages', 'user_pte', 'user_page'],
  ready: (state, nr) => state.user_pte.get(nr)?.migration !== true,
  tell: ([nr, refs], pfn) => ({
    kind: 'does',
    what: `try_grab_page() of user page ${nr}, ${refs === 1 ? 'FOLL_GET' : 'FOLL_PIN'}, pfn`,
    value: pfn,
  }),
  run: (state: State, nr: number, refs: number): number => {
    const entry = state.user_pte.get(nr);
    if (!entry) return -1;
    const { pfn } = entry;
    state.user_page.set(pfn, { refs: refs_of(state, pfn) + refs });
    if (page_use(state.pages.get(pfn)) === USE.MOVABLE) set_use(state, pfn, USE.PINNED);
    return pfn;
  },
});

/** A page without references and mappings is free. */
export const put_references = operation({
  name: 'put_references',
  obj: 'user_page',
  writes: true,
  changes: ['pages', 'user_page'],
  tell: ([pfn, refs]) => ({ kind: 'does', what: `page_ref_sub(pfn_to_page(${hex(pfn)}), ${refs})` }),
  run: (state: State, pfn: number, refs: number): void => {
    const left = refs_of(state, pfn) - refs;
    if (left > 0) state.user_page.set(pfn, { refs: left });
    else state.user_page.delete(pfn);
    if (left > 0 || page_use(state.pages.get(pfn)) !== USE.PINNED) return;
    set_use(state, pfn, entries_of(state, pfn).length > 0 ? USE.MOVABLE : USE.FREE);
  },
});

/** TestClearPageLRU(): whether the page was on an LRU list, from which it is taken. */
export const isolate_lru = page_operation({
  name: 'isolate_lru',
  writes: true,
  tell: ([pfn], isolated) => ({
    kind: 'does',
    what: `TestClearPageLRU(pfn_to_page(${hex(pfn)}))`,
    value: isolated,
  }),
  run: (state, pfn): boolean => {
    const use = page_use(state.pages.get(pfn));
    if (use !== USE.MOVABLE && use !== USE.PINNED) return false;
    set_use(state, pfn, USE.ISOLATED);
    return true;
  },
});

export const putback_lru = operation({
  name: 'putback_lru',
  obj: 'pages',
  writes: true,
  tell: ([pfn]) => ({ kind: 'does', what: `putback_lru_page(pfn_to_page(${hex(pfn)}))` }),
  run: (state: State, pfn: number): void => put_on_lru(state, pfn),
});

/** Migration entries replace the mappings of a page. */
const try_to_migrate = operation({
  name: 'try_to_migrate',
  obj: 'user_pte',
  writes: true,
  tell: ([pfn]) => ({ kind: 'does', what: `try_to_migrate(pfn_to_page(${hex(pfn)}))` }),
  run: (state: State, pfn: number): void => {
    for (const entry of entries_of(state, pfn)) entry.migration = true;
  },
});

/** folio_migrate_mapping() and remove_migration_ptes(): false if the page has other references. */
const move_to_new_page = operation({
  name: 'move_to_new_page',
  obj: 'user_pte',
  writes: true,
  changes: ['pages', 'user_pte'],
  tell: ([pfn, to], moved) => ({
    kind: 'does',
    what: `move_to_new_page(${hex(to)}, ${hex(pfn)})`,
    value: moved === false ? '-EAGAIN, it has other references' : 0,
  }),
  run: (state: State, pfn: number, to: number): boolean => {
    const moves = !is_pinned(state, pfn);
    for (const entry of entries_of(state, pfn)) {
      entry.migration = false;
      if (moves) entry.pfn = to;
    }
    if (moves) put_on_lru(state, to);
    set_use(state, moves ? pfn : to, USE.FREE);
    return moves;
  },
});

/** Moves a page that has been isolated to `to`, which has been allocated. */
export function* move_page(_k: Kernel, pfn: number, to: number): Steps<boolean> {
  yield* change(try_to_migrate, pfn);
  return yield* change(move_to_new_page, pfn, to);
}
