import { is_folded } from '../../../geometry/blocks.ts';
import type { LevelName } from '../../../geometry/translation.ts';
import { TABLE_BIT, VALID } from '../../../hardware/descriptor.ts';
import type { Steps } from '../../../steps/step.ts';
import { type EntryPointer, NULL_ENTRY, none, READ_ONCE, table_entry } from '../../include/linux/pgtable.ts';
import type { Kernel } from '../../kernel.ts';
import { lock, unlock } from '../../ops.ts';

/** include/linux/mm.h, mm/memory.c: the kernel's own tables, taken when somebody first needs them (FACTS 2.20). */

export const PTL = 'init_mm.page_table_lock';

/** A table page that a walk under the page table lock was given, and the level of the one it would have needed. */
export interface TableSupply {
  page: { readonly level: LevelName; readonly phys: number } | null;
  wanted: LevelName | null;
}

/** Whether the entry has a table; one is put there if not. False without memory. */
function* has_table(
  k: Kernel,
  level: LevelName,
  parentp: EntryPointer,
  supply: TableSupply | null,
): Steps<boolean> {
  if (is_folded(k.c.t, level) || !none(yield* READ_ONCE(parentp))) return true;
  return (yield* k.__pgtable_alloc(level, parentp, supply)) === 0;
}

export const v5_2 = {
  /**
   * __p4d_alloc, __pud_alloc, __pmd_alloc and __pte_alloc_kernel: the page is taken outside the lock, the entry read again
   * under it, and the page given back when somebody was faster. What is in the page is visible with the entry: setting
   * that is followed by a DSB. 0 or -ENOMEM.
   */
  *__pgtable_alloc(
    this: Kernel,
    level: LevelName,
    parentp: EntryPointer,
    _supply: TableSupply | null,
  ): Steps<number> {
    const { phys } = yield* this.pgtable_alloc(level, 1);
    if (phys < 0) return -this.errno.ENOMEM;
    yield* lock(PTL, 'spinlock');
    const free = none(yield* READ_ONCE(parentp));
    if (free) yield* this.set_pxd(parentp, table_entry(this.c, phys, VALID | TABLE_BIT));
    yield* unlock(PTL, 'spinlock');
    if (!free) yield* this.pgtable_free(level, phys);
    return 0;
  },

  /** The entry for `addr` in the table below, by a fresh read of its parent; NULL_ENTRY without memory for a table. */
  *p4d_alloc(
    this: Kernel,
    pgdp: EntryPointer,
    addr: number,
    supply: TableSupply | null,
  ): Steps<EntryPointer> {
    return (yield* has_table(this, 'P4D', pgdp, supply)) ? yield* this.p4d_offset(pgdp, addr) : NULL_ENTRY;
  },
  *pud_alloc(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    supply: TableSupply | null,
  ): Steps<EntryPointer> {
    return (yield* has_table(this, 'PUD', p4dp, supply)) ? yield* this.pud_offset(p4dp, addr) : NULL_ENTRY;
  },
  *pmd_alloc(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    supply: TableSupply | null,
  ): Steps<EntryPointer> {
    return (yield* has_table(this, 'PMD', pudp, supply)) ? yield* this.pmd_offset(pudp, addr) : NULL_ENTRY;
  },
  /** Reads *pmdp twice (B15). */
  *pte_alloc_kernel(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    supply: TableSupply | null,
  ): Steps<EntryPointer> {
    return (yield* has_table(this, 'PTE', pmdp, supply))
      ? yield* this.pte_offset_kernel(pmdp, addr)
      : NULL_ENTRY;
  },
};
