import { entrySize } from '../../../../../geometry/translation.ts';
import { type Descriptor, VALID } from '../../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { none, READ_ONCE } from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { change, lock, operation, unlock } from '../../../../ops.ts';
import type { pgd, State } from '../../../../state.ts';

/**
 * arch/x86/mm/init_64.c: entries of the root that are new, copied into the roots of processes. A process walks from its own root,
 * so what a new entry maps is not there for it before. Tables below are shared. Entries of the root never go.
 */

export const PGD_LOCK = 'pgd_lock';
/** Of the root. */
export const ENTRIES = 512;

/** Index of the entry of the root that translates an address. */
export const pgd_index = (k: Pick<Kernel, 'c'>, addr: number): number =>
  ENTRIES + Math.floor(addr / entrySize(k.c.t, 0));

/** set_pgd() or set_p4d() in each root of pgd_list that has nothing there. None has another table (BUG_ON). */
const set_pgds = operation({
  name: 'set_pgds',
  obj: 'pgd_list',
  writes: true,
  tell: ([index]) => ({ kind: 'does', what: `set_pgd(pgd + ${index}) for pgd_list` }),
  run(state: State, index: number, { addr, attr }: Descriptor): void {
    state.pgd_list = (state.pgd_list ?? []).map(({ mm, entries }) => {
      if (entries.some((one) => one.index === index)) return { mm, entries };
      return { mm, entries: [...entries, { index, addr, attr }].sort((a, b) => a.index - b.index) };
    });
  },
});

/** The present entries of the kernel's half of swapper_pg_dir. */
export function kernel_entries(state: State): pgd['entries'] {
  const { words, root } = state.mmu!;
  const half = root + (ENTRIES / 2) * 8;
  return words.in(half, ENTRIES / 2).flatMap(({ pa, n, addr, stride, attr }) =>
    attr & VALID
      ? Array.from({ length: n }, (_, i) => ({
          index: (pa - root) / 8 + i,
          addr: addr + i * stride,
          attr,
        }))
      : [],
  );
}

export const v5_2 = {
  /** With four levels the entries are p4d entries. `end` is inclusive. */
  *sync_global_pgds(this: Kernel, start: number, end: number): Steps<void> {
    const size = entrySize(this.c.t, 0);
    for (let addr = start; addr <= end; addr = (Math.floor(addr / size) + 1) * size) {
      const pgd_ref = yield* this.pgd_offset_k(addr);
      const ref = yield* READ_ONCE(pgd_ref);
      if (none(ref)) continue;
      yield* lock(PGD_LOCK, 'spinlock');
      yield* change(set_pgds, pgd_index(this, addr), ref);
      yield* unlock(PGD_LOCK, 'spinlock');
    }
  },
};

/** v6.17, 6.1.192, 6.12.117 */
export const v6_17 = {
  *arch_sync_kernel_mappings(this: Kernel, start: number, end: number): Steps<void> {
    yield* this.sync_global_pgds(start, end);
  },
};
