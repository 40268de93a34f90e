import type { Steps } from '../../../steps/step.ts';
import { type EntryPointer, none, READ_ONCE } from '../../include/linux/pgtable.ts';
import type { Kernel } from '../../kernel.ts';
import { lock, unlock } from '../../ops.ts';

/** mm/memory.c: the kernel's own tables, allocated on first use. */

export const PTL = 'init_mm.page_table_lock';

/**
 * The page was allocated outside the lock. Under the lock the entry is read again, and the page is freed if another
 * thread was faster. The contents of the page are visible with the entry, because setting the entry is followed by a
 * barrier.
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
};
