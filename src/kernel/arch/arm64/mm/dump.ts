import { isFolded } from '../../../../geometry/blocks.ts';
import type { Steps } from '../../../../steps/step.ts';
import {
  addr_end,
  bad,
  type EntryPointer,
  none,
  pmd_leaf,
  pud_leaf,
  READ_ONCE,
} from '../../../include/linux/pgtable.ts';
import type { PtdumpNote } from '../../../include/linux/ptdump.ts';
import type { Kernel } from '../../../kernel.ts';
import { report_wx } from './ptdump.ts';

/**
 * arch/arm64/mm/dump.c: who reads all of the kernel's tables, through the linear map and without the lock of
 * anybody who changes them. What is in a table that was freed under the walk is taken for entries (B19).
 */

export const v5_2 = {
  *walk_pte(this: Kernel, notes: PtdumpNote[], pmdp: EntryPointer, start: number, end: number): Steps<void> {
    const { PAGE_SIZE } = this.c;
    let ptep = yield* this.pte_offset_kernel(pmdp, start);
    for (let addr = start; addr !== end; addr += PAGE_SIZE, ptep += 8) {
      const { attr } = yield* READ_ONCE(ptep);
      notes.push({ addr, end: addr + PAGE_SIZE, level: 'PTE', attr });
    }
  },

  *walk_pmd(this: Kernel, notes: PtdumpNote[], pudp: EntryPointer, start: number, end: number): Steps<void> {
    const { t } = this.c;
    let pmdp = yield* this.pmd_offset(pudp, start);
    for (let addr = start; addr !== end; ) {
      const pmd = yield* READ_ONCE(pmdp);
      const next = addr_end(t, 'PMD', addr, end);
      if (none(pmd) || pmd_leaf(this.c, pmd)) notes.push({ addr, end: next, level: 'PMD', attr: pmd.attr });
      else {
        if (bad(this.c, pmd)) yield* this.BUG('walk_pmd');
        yield* this.walk_pte(notes, pmdp, addr, next);
      }
      pmdp += 8;
      addr = next;
    }
  },

  *walk_pud(this: Kernel, notes: PtdumpNote[], p4dp: EntryPointer, start: number, end: number): Steps<void> {
    const { t } = this.c;
    // where a level is folded, its entries are the next one's to judge
    const folded = isFolded(t, 'PMD');
    let pudp = yield* this.pud_offset(p4dp, start);
    for (let addr = start; addr !== end; ) {
      const next = addr_end(t, 'PUD', addr, end);
      const pud = folded ? null : yield* READ_ONCE(pudp);
      if (pud && (none(pud) || pud_leaf(this.c, pud)))
        notes.push({ addr, end: next, level: 'PUD', attr: pud.attr });
      else {
        if (pud && bad(this.c, pud)) yield* this.BUG('walk_pud');
        yield* this.walk_pmd(notes, pudp, addr, next);
      }
      pudp += 8;
      addr = next;
    }
  },

  *walk_p4d(this: Kernel, notes: PtdumpNote[], pgdp: EntryPointer, start: number, end: number): Steps<void> {
    const { t } = this.c;
    const folded = isFolded(t, 'PUD');
    let p4dp = yield* this.p4d_offset(pgdp, start);
    for (let addr = start; addr !== end; ) {
      const next = addr_end(t, 'P4D', addr, end);
      const p4d = folded ? null : yield* READ_ONCE(p4dp);
      if (p4d && none(p4d)) notes.push({ addr, end: next, level: 'P4D', attr: 0 });
      else {
        if (p4d && bad(this.c, p4d)) yield* this.BUG('walk_p4d');
        yield* this.walk_pud(notes, p4dp, addr, next);
      }
      p4dp += 8;
      addr = next;
    }
  },

  /** `end` 0 is the wrap: the whole of the kernel's half ends there. */
  *walk_pgd(this: Kernel, notes: PtdumpNote[], start: number, end: number): Steps<void> {
    const { t } = this.c;
    const folded = isFolded(t, 'P4D');
    for (let addr = start; addr !== end; ) {
      const next = addr_end(t, 'PGD', addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      const pgd = folded ? null : yield* READ_ONCE(pgdp);
      if (pgd && none(pgd)) notes.push({ addr, end: next, level: 'PGD', attr: 0 });
      else {
        if (pgd && bad(this.c, pgd)) yield* this.BUG('walk_pgd');
        yield* this.walk_p4d(notes, pgdp, addr, next);
      }
      addr = next;
    }
  },

  /** All entries of [start, end). No lock. */
  *ptdump_walk_pgd(this: Kernel, start: number, end: number): Steps<PtdumpNote[]> {
    const notes: PtdumpNote[] = [];
    yield* this.walk_pgd(notes, start, end);
    return notes;
  },

  /** At boot, and from debugfs later on. */
  *ptdump_check_wx(this: Kernel, start: number, end: number): Steps<boolean> {
    return yield* report_wx(this, yield* this.ptdump_walk_pgd(start, end));
  },
};
