import { isFolded } from '../../../geometry/blocks.ts';
import { depthOf, entrySize, type LevelName } from '../../../geometry/translation.ts';
import { INVALID } from '../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../steps/step.ts';
import {
  addr_end,
  bad,
  type EntryPointer,
  none,
  present,
  READ_ONCE,
  XCHG,
} from '../../include/linux/pgtable.ts';
import type { Kernel } from '../../kernel.ts';
import { pr_err } from '../../ops.ts';
import { bad_entry_text } from '../pgtable-generic.ts';

/** mm/vmalloc.c: unmapping. Tables stay, no TLBI is issued, no lock is held. */

/** pXd_none_or_clear_bad: two reads. If the level below is folded, both tests are constants. */
function* none_or_clear_bad(
  k: Kernel,
  level: 'pgd' | 'p4d' | 'pud' | 'pmd',
  below: LevelName,
  p: EntryPointer,
): Steps<boolean> {
  if (isFolded(k.c.t, below)) return false;
  if (none(yield* READ_ONCE(p))) return true;
  const d = yield* READ_ONCE(p);
  if (!bad(k.c, d)) return false;
  yield* pr_err(bad_entry_text(k, level, d));
  yield* k[`${level}_clear`](p);
  return true;
}

const pgd_none_or_clear_bad = (k: Kernel, p: EntryPointer): Steps<boolean> =>
  none_or_clear_bad(k, 'pgd', 'P4D', p);
const p4d_none_or_clear_bad = (k: Kernel, p: EntryPointer): Steps<boolean> =>
  none_or_clear_bad(k, 'p4d', 'PUD', p);
const pud_none_or_clear_bad = (k: Kernel, p: EntryPointer): Steps<boolean> =>
  none_or_clear_bad(k, 'pud', 'PMD', p);
const pmd_none_or_clear_bad = (k: Kernel, p: EntryPointer): Steps<boolean> =>
  none_or_clear_bad(k, 'pmd', 'PTE', p);

const size_of = (k: Kernel, level: 'PMD' | 'PUD'): number => entrySize(k.c.t, depthOf(k.c.t, level));

export const v5_2 = {
  /** ptep_get_and_clear, entry by entry, including the guard page's. */
  *vunmap_pte_range(this: Kernel, pmdp: EntryPointer, addr: number, end: number): Steps<void> {
    const { PAGE_SIZE } = this.c;
    let ptep = yield* this.pte_offset_kernel(pmdp, addr);
    do {
      const ptent = yield* XCHG(ptep, INVALID);
      if (!none(ptent) && !present(this.c, ptent)) yield* this.WARN('vunmap_pte_range');
      ptep += 8;
      addr += PAGE_SIZE;
    } while (addr !== end);
  },

  *vunmap_pmd_range(this: Kernel, pudp: EntryPointer, addr: number, end: number): Steps<void> {
    let pmdp = yield* this.pmd_offset(pudp, addr);
    do {
      const next = addr_end(this.c.t, 'PMD', addr, end);
      const gone = (yield* this.pmd_clear_huge(pmdp)) || (yield* pmd_none_or_clear_bad(this, pmdp));
      if (!gone) yield* this.vunmap_pte_range(pmdp, addr, next);
      pmdp += 8;
      addr = next;
    } while (addr !== end);
  },

  *vunmap_pud_range(this: Kernel, p4dp: EntryPointer, addr: number, end: number): Steps<void> {
    let pudp = yield* this.pud_offset(p4dp, addr);
    do {
      const next = addr_end(this.c.t, 'PUD', addr, end);
      const gone = (yield* this.pud_clear_huge(pudp)) || (yield* pud_none_or_clear_bad(this, pudp));
      if (!gone) yield* this.vunmap_pmd_range(pudp, addr, next);
      pudp += 8;
      addr = next;
    } while (addr !== end);
  },

  *vunmap_p4d_range(this: Kernel, pgdp: EntryPointer, addr: number, end: number): Steps<void> {
    let p4dp = yield* this.p4d_offset(pgdp, addr);
    do {
      const next = addr_end(this.c.t, 'P4D', addr, end);
      if (!(yield* p4d_none_or_clear_bad(this, p4dp))) yield* this.vunmap_pud_range(p4dp, addr, next);
      p4dp += 8;
      addr = next;
    } while (addr !== end);
  },

  *vunmap_page_range(this: Kernel, addr: number, end: number): Steps<void> {
    if (addr >= end) yield* this.BUG('vunmap_page_range');
    do {
      const next = addr_end(this.c.t, 'PGD', addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      if (!(yield* pgd_none_or_clear_bad(this, pgdp))) yield* this.vunmap_p4d_range(pgdp, addr, next);
      addr = next;
    } while (addr !== end);
  },
};

export const v6_16 = {
  /** Here and above: a warning of a block of which only a part is in the range; all of it is unmapped. */
  *vunmap_pmd_range(this: Kernel, pudp: EntryPointer, addr: number, end: number): Steps<void> {
    let pmdp = yield* this.pmd_offset(pudp, addr);
    do {
      const next = addr_end(this.c.t, 'PMD', addr, end);
      if (yield* this.pmd_clear_huge(pmdp)) {
        if (next - addr < size_of(this, 'PMD')) yield* this.WARN('vunmap_pmd_range');
      } else if (!(yield* pmd_none_or_clear_bad(this, pmdp))) yield* this.vunmap_pte_range(pmdp, addr, next);
      pmdp += 8;
      addr = next;
    } while (addr !== end);
  },

  *vunmap_pud_range(this: Kernel, p4dp: EntryPointer, addr: number, end: number): Steps<void> {
    let pudp = yield* this.pud_offset(p4dp, addr);
    do {
      const next = addr_end(this.c.t, 'PUD', addr, end);
      if (yield* this.pud_clear_huge(pudp)) {
        if (next - addr < size_of(this, 'PUD')) yield* this.WARN('vunmap_pud_range');
      } else if (!(yield* pud_none_or_clear_bad(this, pudp))) yield* this.vunmap_pmd_range(pudp, addr, next);
      pudp += 8;
      addr = next;
    } while (addr !== end);
  },

  /** Contiguous groups as a whole, even if only a part of one is in the range. */
  *vunmap_pte_range(this: Kernel, pmdp: EntryPointer, addr: number, end: number): Steps<void> {
    const { PAGE_SIZE } = this.c;
    let ptep = yield* this.pte_offset_kernel(pmdp, addr);
    do {
      let size = yield* this.arch_vmap_pte_range_unmap_size(ptep);
      const inside = ((addr % size) + size) % size;
      if (inside !== 0) {
        yield* this.WARN('vunmap_pte_range');
        addr -= inside;
        ptep -= (inside / PAGE_SIZE) * 8;
      }
      const ptent = yield* XCHG(ptep, INVALID);
      for (let i = 1; i < size / PAGE_SIZE; i++) yield* XCHG(ptep + i * 8, INVALID);
      if (end - addr < size) {
        yield* this.WARN('vunmap_pte_range');
        size = end - addr;
      }
      if (!none(ptent) && !present(this.c, ptent)) yield* this.WARN('vunmap_pte_range');
      ptep += (size / PAGE_SIZE) * 8;
      addr += size;
    } while (addr !== end);
  },
};
