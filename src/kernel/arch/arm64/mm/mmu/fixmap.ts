import { entry_index, type LevelName } from '../../../../../geometry/translation.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { type EntryPointer, READ_ONCE, table_page } from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { fix_to_ptr } from '../../../../mmu.ts';
import { change, lock, operation, unlock } from '../../../../ops.ts';
import type { State } from '../../../../state.ts';
import { DSB } from '../../include/asm/barrier.ts';
import { FIX } from '../../include/asm/fixmap.ts';

/** The fixmap slots through which __create_pgd_mapping writes table pages: one a level, shared by all who map (B39). */

const set_slot = operation({
  name: 'set_slot',
  obj: 'mmu',
  writes: true,
  changes: ['fixmap'],
  tables: () => 'any',
  run: (state: State, slot: number, phys: number): void => {
    state.fixmap = state.fixmap.with(slot, phys);
  },
});

type Slotted = keyof typeof FIX;

export const v5_2 = {
  /** pXd_set_fixmap_offset: a pointer to the entry for `addr` through the slot; the parent itself where the level is folded. */
  *set_fixmap_offset(
    this: Kernel,
    name: Slotted & LevelName,
    parentp: EntryPointer,
    addr: number,
  ): Steps<EntryPointer> {
    const { t } = this.c;
    const depth = t.name.indexOf(name);
    if (depth < 0) return parentp;
    const d = yield* READ_ONCE(parentp);
    yield* change(set_slot, FIX[name], table_page(this.c, d));
    yield* DSB('ishst');
    return fix_to_ptr(FIX[name]) + entry_index(t, depth, addr) * 8;
  },

  /** pXd_clear_fixmap */
  *clear_fixmap(this: Kernel, name: Slotted): Steps<void> {
    if (this.c.t.name.indexOf(name) < 0) return;
    yield* change(set_slot, FIX[name], 0);
    yield* this.flush_fixmap_slot();
  },

  /** No lock until v5.18. */
  *fixmap_lock(this: Kernel): Steps<void> {},
  *fixmap_unlock(this: Kernel): Steps<void> {},
};

export const v5_18 = {
  *fixmap_lock(this: Kernel): Steps<void> {
    yield* lock('fixmap_lock', 'mutex');
  },
  *fixmap_unlock(this: Kernel): Steps<void> {
    yield* unlock('fixmap_lock', 'mutex');
  },
};
