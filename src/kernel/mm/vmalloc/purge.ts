import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { change, lock, look, operation, unlock } from '../../ops.ts';
import type { State, vmap_area } from '../../state.ts';

/**
 * mm/vmalloc.c: areas that are unmapped and not yet flushed. Their pages are free at once, their addresses only after
 * flush_tlb_kernel_range(). vm_map_ram() and its per-cpu blocks are not modelled.
 */

const PURGE = 'vmap_purge_lock';

const add_lazy = operation({
  name: 'add_lazy',
  obj: 'vmap_lazy_nr',
  writes: true,
  tell: ([pages], nr) => ({
    kind: 'does',
    what: `atomic_long_add_return(${pages}, &vmap_lazy_nr)`,
    value: nr,
  }),
  run: (state: State, pages: number): number => {
    state.vmap_lazy_nr += pages;
    return state.vmap_lazy_nr;
  },
});

const llist_add = operation({
  name: 'llist_add',
  obj: 'vmap_purge_list',
  writes: true,
  tell: () => ({ kind: 'does', what: 'llist_add(&va->purge_list, &vmap_purge_list)' }),
  run: (state: State, va_start: number): void => {
    state.vmap_purge_list = [va_start, ...state.vmap_purge_list];
  },
});

/** llist_del_all; returns the areas that were on the list. */
const llist_del_all = operation({
  name: 'llist_del_all',
  obj: 'vmap_purge_list',
  writes: true,
  tell: () => ({ kind: 'does', what: 'llist_del_all(&vmap_purge_list)' }),
  run: (state: State): readonly vmap_area[] => {
    const list = state.vmap_purge_list;
    state.vmap_purge_list = [];
    return list.map((va_start) => state.vmap_areas.find((area) => area.va_start === va_start)!);
  },
});

const cpus = operation({
  name: 'cpus',
  obj: 'cpus',
  writes: false,
  tell: (_, n) => ({ kind: 'reads', what: 'num_online_cpus()', value: n }),
  run: (state: State): number => state.mmu!.cpus,
});

/** The empty range: ULONG_MAX to 0. */
const NOTHING = { start: Number.POSITIVE_INFINITY, end: Number.NEGATIVE_INFINITY };

export const v5_2 = {
  /** 32M of pages per power of two of CPUs, and 32M more. */
  *lazy_max_pages(this: Kernel): Steps<number> {
    const log = Math.floor(Math.log2(yield* look(cpus))) + 1;
    return (log * 32 * 1024 * 1024) / this.c.PAGE_SIZE;
  },

  /** One flush from the lowest to the highest address of all areas and of [start, end); false if there was no area. */
  *__purge_vmap_area_lazy(this: Kernel, start: number, end: number): Steps<boolean> {
    const areas = yield* change(llist_del_all);
    if (areas.length === 0) return false;
    const low = Math.min(start, ...areas.map((va) => va.va_start));
    const high = Math.max(end, ...areas.map((va) => va.va_end));
    yield* this.flush_tlb_kernel_range(low, high);
    yield* lock('vmap_area_lock', 'spinlock');
    for (const { va_start, va_end } of areas) {
      yield* this.__free_vmap_area(va_start);
      yield* change(add_lazy, (va_start - va_end) / this.c.PAGE_SIZE);
    }
    yield* unlock('vmap_area_lock', 'spinlock');
    return true;
  },

  /** Returns at once if another thread is purging. */
  *try_purge_vmap_area_lazy(this: Kernel): Steps<void> {
    const taken = yield { op: 'lock', lock: PURGE, kind: 'mutex', mode: 'write', try: true };
    if (!taken) return;
    yield* this.__purge_vmap_area_lazy(NOTHING.start, NOTHING.end);
    yield* unlock(PURGE, 'mutex');
  },

  *purge_vmap_area_lazy(this: Kernel): Steps<void> {
    yield* lock(PURGE, 'mutex');
    yield* this.__purge_vmap_area_lazy(NOTHING.start, NOTHING.end);
    yield* unlock(PURGE, 'mutex');
  },

  *free_vmap_area_noflush(this: Kernel, va_start: number, va_end: number): Steps<void> {
    const nr_lazy = yield* change(add_lazy, (va_end - va_start) / this.c.PAGE_SIZE);
    yield* change(llist_add, va_start);
    if (nr_lazy > (yield* this.lazy_max_pages())) yield* this.try_purge_vmap_area_lazy();
  },

  *free_unmap_vmap_area(this: Kernel, va_start: number, va_end: number): Steps<void> {
    yield* this.vunmap_page_range(va_start, va_end);
    if (this.c.debug_pagealloc) yield* this.flush_tlb_kernel_range(va_start, va_end);
    yield* this.free_vmap_area_noflush(va_start, va_end);
  },

  /** `flush`: flush [start, end) even if there is no area to purge. */
  *_vm_unmap_aliases(this: Kernel, start: number, end: number, flush: boolean): Steps<void> {
    yield* lock(PURGE, 'mutex');
    const purged = yield* this.__purge_vmap_area_lazy(start, end);
    if (!purged && flush) yield* this.flush_tlb_kernel_range(start, end);
    yield* unlock(PURGE, 'mutex');
  },

  *vm_unmap_aliases(this: Kernel): Steps<void> {
    yield* this._vm_unmap_aliases(NOTHING.start, NOTHING.end, false);
  },
};
