import { isFolded } from '../../../../geometry/blocks.ts';
import type { LevelName } from '../../../../geometry/translation.ts';
import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { type EntryPointer, NULL_ENTRY, none, READ_ONCE } from '../pgtable.ts';

/** include/linux/mm.h: the entry for an address, with a new table if there is none. */

/** Whether the entry needs a table. */
export function* lacks_table(k: Kernel, level: LevelName, parentp: EntryPointer): Steps<boolean> {
  return !isFolded(k.c.t, level) && none(yield* READ_ONCE(parentp));
}

export const v5_2 = {
  /** The entry for `addr` in the table below, after reading its parent again; NULL_ENTRY without memory for a table. */
  *p4d_alloc(this: Kernel, pgdp: EntryPointer, addr: number): Steps<EntryPointer> {
    if ((yield* lacks_table(this, 'P4D', pgdp)) && (yield* this.__p4d_alloc(pgdp, addr))) return NULL_ENTRY;
    return yield* this.p4d_offset(pgdp, addr);
  },
  *pud_alloc(this: Kernel, p4dp: EntryPointer, addr: number): Steps<EntryPointer> {
    if ((yield* lacks_table(this, 'PUD', p4dp)) && (yield* this.__pud_alloc(p4dp, addr))) return NULL_ENTRY;
    return yield* this.pud_offset(p4dp, addr);
  },
  *pmd_alloc(this: Kernel, pudp: EntryPointer, addr: number): Steps<EntryPointer> {
    if ((yield* lacks_table(this, 'PMD', pudp)) && (yield* this.__pmd_alloc(pudp, addr))) return NULL_ENTRY;
    return yield* this.pmd_offset(pudp, addr);
  },
  /** Reads *pmdp twice (B15). */
  *pte_alloc_kernel(this: Kernel, pmdp: EntryPointer, addr: number): Steps<EntryPointer> {
    if ((yield* lacks_table(this, 'PTE', pmdp)) && (yield* this.__pte_alloc_kernel(pmdp))) return NULL_ENTRY;
    return yield* this.pte_offset_kernel(pmdp, addr);
  },
};
