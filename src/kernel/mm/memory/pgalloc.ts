import { isFolded } from '../../../geometry/blocks.ts';
import type { LevelName } from '../../../geometry/translation.ts';
import type { Steps } from '../../../steps/step.ts';
import { type EntryPointer, NULL_ENTRY, none, READ_ONCE } from '../../include/linux/pgtable.ts';
import type { Kernel } from '../../kernel.ts';
import { lock, unlock } from '../../ops.ts';

/** include/linux/mm.h, mm/memory.c: the kernel's own tables, taken when somebody first needs them. */

export const PTL = 'init_mm.page_table_lock';

/** Whether a table is to be put under the entry. */
export function* lacks_table(k: Kernel, level: LevelName, parentp: EntryPointer): Steps<boolean> {
  return !isFolded(k.c.t, level) && none(yield* READ_ONCE(parentp));
}

/**
 * The page was taken outside the lock; under it the entry is read again, and the page given back when somebody was faster. What is
 * in the page is visible with the entry: setting that is followed by a barrier.
 */
function* install(
  k: Kernel,
  parentp: EntryPointer,
  table: number,
  populate: (this: Kernel, parentp: EntryPointer, table: number) => Steps<void>,
  give_back: (this: Kernel, table: number) => Steps<void>,
): Steps<number> {
  if (table < 0) return -k.errno.ENOMEM;
  yield* lock(PTL, 'spinlock');
  const free = none(yield* READ_ONCE(parentp));
  if (free) yield* populate.call(k, parentp, table);
  yield* unlock(PTL, 'spinlock');
  if (!free) yield* give_back.call(k, table);
  return 0;
}

export const v5_2 = {
  /** Here and in the next three: 0 or -ENOMEM. */
  *__p4d_alloc(this: Kernel, pgdp: EntryPointer, addr: number): Steps<number> {
    const table = yield* this.p4d_alloc_one(addr);
    return yield* install(this, pgdp, table, this.pgd_populate, this.p4d_free);
  },
  *__pud_alloc(this: Kernel, p4dp: EntryPointer, addr: number): Steps<number> {
    const table = yield* this.pud_alloc_one(addr);
    return yield* install(this, p4dp, table, this.p4d_populate, this.pud_free);
  },
  *__pmd_alloc(this: Kernel, pudp: EntryPointer, addr: number): Steps<number> {
    const table = yield* this.pmd_alloc_one(addr);
    return yield* install(this, pudp, table, this.pud_populate, this.pmd_free);
  },
  *__pte_alloc_kernel(this: Kernel, pmdp: EntryPointer): Steps<number> {
    const table = yield* this.pte_alloc_one_kernel();
    return yield* install(this, pmdp, table, this.pmd_populate_kernel, this.pte_free_kernel);
  },

  /** The entry for `addr` in the table below, by a fresh read of its parent; NULL_ENTRY without memory for a table. */
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
