import { isFolded } from '../../geometry/blocks.ts';
import type { Steps } from '../../steps/step.ts';
import type { mm_walk, mm_walk_ops } from '../include/linux/pagewalk.ts';
import {
  addr_end,
  bad,
  type EntryPointer,
  none,
  pmd_leaf,
  present,
  pud_leaf,
  READ_ONCE,
} from '../include/linux/pgtable.ts';
import type { PtdumpNote } from '../include/linux/ptdump.ts';
import type { Kernel } from '../kernel.ts';
import { pr_err } from '../ops.ts';
import { bad_entry_text } from './pgtable-generic.ts';

/**
 * mm/pagewalk.c: a walk of the kernel's own tables, which no vma covers. It takes no lock, and reads an entry again for each
 * question. The entries of a folded level are those of the level below.
 */

/** pgd_none_or_clear_bad(), p4d_none_or_clear_bad() */
function* none_or_clear_bad(k: Kernel, name: 'pgd' | 'p4d', p: EntryPointer): Steps<boolean> {
  const d = yield* READ_ONCE(p);
  if (none(d)) return true;
  if (!bad(k.c, d)) return false;
  yield* pr_err(bad_entry_text(k, name, d));
  if (name === 'pgd') yield* k.pgd_clear(p);
  else yield* k.p4d_clear(p);
  return true;
}

export const v5_7 = {
  *walk_pte_range(this: Kernel, pmdp: EntryPointer, addr: number, end: number, walk: mm_walk): Steps<void> {
    const { PAGE_SIZE } = this.c;
    let ptep = yield* this.pte_offset_kernel(pmdp, addr);
    for (; addr !== end; addr += PAGE_SIZE, ptep += 8)
      yield* this[walk.ops.pte_entry](ptep, addr, addr + PAGE_SIZE, walk);
  },

  *walk_pmd_range(this: Kernel, pudp: EntryPointer, addr: number, end: number, walk: mm_walk): Steps<void> {
    let pmdp = yield* this.pmd_offset(pudp, addr);
    for (let next = addr; addr !== end; addr = next, pmdp += 8) {
      next = addr_end(this.c.t, 'PMD', addr, end);
      if (none(yield* READ_ONCE(pmdp))) {
        yield* this[walk.ops.pte_hole](addr, next, 'PMD', walk);
        continue;
      }
      walk.action = 'ACTION_SUBTREE';
      yield* this[walk.ops.pmd_entry](pmdp, addr, next, walk);
      const pmd = yield* READ_ONCE(pmdp);
      if (pmd_leaf(this.c, pmd) || !present(this.c, pmd) || walk.action !== 'ACTION_SUBTREE') continue;
      yield* this.walk_pte_range(pmdp, addr, next, walk);
    }
  },

  *walk_pud_range(this: Kernel, p4dp: EntryPointer, addr: number, end: number, walk: mm_walk): Steps<void> {
    const folded = isFolded(this.c.t, 'PMD');
    let pudp = yield* this.pud_offset(p4dp, addr);
    for (let next = addr; addr !== end; addr = next, pudp += 8) {
      next = addr_end(this.c.t, 'PUD', addr, end);
      if (!folded) {
        if (none(yield* READ_ONCE(pudp))) {
          yield* this[walk.ops.pte_hole](addr, next, 'PUD', walk);
          continue;
        }
        walk.action = 'ACTION_SUBTREE';
        yield* this[walk.ops.pud_entry](pudp, addr, next, walk);
        const pud = yield* READ_ONCE(pudp);
        if (pud_leaf(this.c, pud) || !present(this.c, pud) || walk.action !== 'ACTION_SUBTREE') continue;
      }
      yield* this.walk_pmd_range(pudp, addr, next, walk);
    }
  },

  *walk_p4d_range(this: Kernel, pgdp: EntryPointer, addr: number, end: number, walk: mm_walk): Steps<void> {
    const folded = isFolded(this.c.t, 'PUD');
    let p4dp = yield* this.p4d_offset(pgdp, addr);
    for (let next = addr; addr !== end; addr = next, p4dp += 8) {
      next = addr_end(this.c.t, 'P4D', addr, end);
      if (!folded) {
        if (yield* none_or_clear_bad(this, 'p4d', p4dp)) {
          yield* this[walk.ops.pte_hole](addr, next, 'P4D', walk);
          continue;
        }
        yield* this[walk.ops.p4d_entry](p4dp, addr, next, walk);
      }
      yield* this.walk_pud_range(p4dp, addr, next, walk);
    }
  },

  *walk_pgd_range(this: Kernel, addr: number, end: number, walk: mm_walk): Steps<void> {
    const folded = isFolded(this.c.t, 'P4D');
    let pgdp = yield* this.pgd_offset_k(addr);
    for (let next = addr; addr !== end; addr = next, pgdp += 8) {
      next = addr_end(this.c.t, 'PGD', addr, end);
      if (!folded) {
        if (yield* none_or_clear_bad(this, 'pgd', pgdp)) {
          yield* this[walk.ops.pte_hole](addr, next, 'PGD', walk);
          continue;
        }
        yield* this[walk.ops.pgd_entry](pgdp, addr, next, walk);
      }
      yield* this.walk_p4d_range(pgdp, addr, next, walk);
    }
  },

  /** `end` 0 is the wrap: the whole of the kernel's half ends there. */
  *walk_page_range_novma(
    this: Kernel,
    start: number,
    end: number,
    ops: mm_walk_ops,
    notes: PtdumpNote[],
  ): Steps<void> {
    yield* this.walk_pgd_range(start, end, { ops, private: notes, action: 'ACTION_SUBTREE' });
  },
};
