import { is_folded } from '../../../geometry/blocks.ts';
import type { LevelName } from '../../../geometry/translation.ts';
import { INVALID, to_word } from '../../../hardware/descriptor.ts';
import type { Steps } from '../../../steps/step.ts';
import {
  addr_end,
  bad,
  type EntryPointer,
  none,
  present,
  READ_ONCE,
  XCHG_RUN,
} from '../../include/linux/pgtable.ts';
import type { Kernel } from '../../kernel.ts';
import { pr_err } from '../../ops.ts';

/** mm/vmalloc.c: unmapping. Tables stay, TLBs are told nothing, no lock is held (FACTS 2.20). */

/** pXd_none_or_clear_bad: two reads. Where the level below is folded, both tests are constants. */
function* none_or_clear_bad(
  k: Kernel,
  level: 'PGD' | 'P4D' | 'PUD' | 'PMD',
  p: EntryPointer,
): Steps<boolean> {
  const below: LevelName = ({ PGD: 'P4D', P4D: 'PUD', PUD: 'PMD', PMD: 'PTE' } as const)[level];
  if (is_folded(k.c.t, below)) return false;
  if (none(yield* READ_ONCE(p))) return true;
  const d = yield* READ_ONCE(p);
  if (!bad(k.c, d)) return false;
  yield* pr_err(
    `mm/pgtable-generic.c: bad ${level.toLowerCase()} ${to_word(d).toString(16).padStart(16, '0')}.`,
  );
  yield* k.set_pxd(p, INVALID);
  return true;
}

export const v5_2 = {
  /** ptep_get_and_clear, entry by entry: of the guard page, too. */
  *vunmap_pte_range(this: Kernel, pmdp: EntryPointer, addr: number, end: number): Steps<void> {
    const { PAGE_SIZE, run_limit } = this.c;
    let ptep = yield* this.pte_offset_kernel(pmdp, addr);
    do {
      const ptent = yield* XCHG_RUN(ptep, Math.min(run_limit, (end - addr) / PAGE_SIZE), INVALID);
      if (!none(ptent) && !present(this.c, ptent)) yield* this.WARN('vunmap_pte_range');
      ptep += ptent.n * 8;
      addr += ptent.n * PAGE_SIZE;
    } while (addr !== end);
  },

  *vunmap_pmd_range(this: Kernel, pudp: EntryPointer, addr: number, end: number): Steps<void> {
    let pmdp = yield* this.pmd_offset(pudp, addr);
    do {
      const next = addr_end(this.c.t, 'PMD', addr, end);
      const gone = (yield* this.pmd_clear_huge(pmdp)) || (yield* none_or_clear_bad(this, 'PMD', pmdp));
      if (!gone) yield* this.vunmap_pte_range(pmdp, addr, next);
      pmdp += 8;
      addr = next;
    } while (addr !== end);
  },

  *vunmap_pud_range(this: Kernel, p4dp: EntryPointer, addr: number, end: number): Steps<void> {
    let pudp = yield* this.pud_offset(p4dp, addr);
    do {
      const next = addr_end(this.c.t, 'PUD', addr, end);
      const gone = (yield* this.pud_clear_huge(pudp)) || (yield* none_or_clear_bad(this, 'PUD', pudp));
      if (!gone) yield* this.vunmap_pmd_range(pudp, addr, next);
      pudp += 8;
      addr = next;
    } while (addr !== end);
  },

  *vunmap_p4d_range(this: Kernel, pgdp: EntryPointer, addr: number, end: number): Steps<void> {
    let p4dp = yield* this.p4d_offset(pgdp, addr);
    do {
      const next = addr_end(this.c.t, 'P4D', addr, end);
      if (!(yield* none_or_clear_bad(this, 'P4D', p4dp))) yield* this.vunmap_pud_range(p4dp, addr, next);
      p4dp += 8;
      addr = next;
    } while (addr !== end);
  },

  *vunmap_page_range(this: Kernel, addr: number, end: number): Steps<void> {
    if (addr >= end) yield* this.BUG('vunmap_page_range');
    do {
      const next = addr_end(this.c.t, 'PGD', addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      if (!(yield* none_or_clear_bad(this, 'PGD', pgdp))) yield* this.vunmap_p4d_range(pgdp, addr, next);
      addr = next;
    } while (addr !== end);
  },
};
