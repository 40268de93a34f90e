import { entryIndex, type LevelName } from '../../../../../geometry/translation.ts';
import {
  AP_RDONLY,
  CONT,
  DBM,
  type Descriptor,
  INVALID,
  isValid,
  PXN,
  TABLE_BIT,
} from '../../../../../hardware/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import {
  type EntryPointer,
  none,
  READ_ONCE,
  table_page,
  WRITE_ONCE,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { lock, unlock } from '../../../../ops.ts';
import { DSB, ISB } from './barrier.ts';
import { flush_fixmap_slot } from './fixmap.ts';

/** arch/arm64/include/asm/pgtable.h: how entries are found and set. */

/** pte_cont, pmd_cont */
export const cont = (d: Descriptor): boolean => (d.attr & CONT) !== 0;

/** pte_val with the table bit off: what mk_pXd_sect_prot makes of a page protection. */
export const mk_sect_prot = (prot: number): number => prot & ~TABLE_BIT;

const in_swapper_pgdir = (k: Kernel, p: EntryPointer): boolean =>
  p >= k.c.swapper_pg_dir && p < k.c.swapper_pg_dir + k.c.PAGE_SIZE;

/** The entry of a table that translates `addr`, by a fresh read of the parent entry; a folded level is its parent. */
function* offset(k: Kernel, name: LevelName, parentp: EntryPointer, addr: number): Steps<EntryPointer> {
  const { t } = k.c;
  const depth = t.name.indexOf(name);
  if (depth < 0) return parentp;
  const d = yield* READ_ONCE(parentp);
  return table_page(k.c, d) + entryIndex(t, depth, addr) * 8;
}

const NG_BIT = 1 << 11;
const MEMORY_TYPE = 7 << 2;
const memory_type = (d: Descriptor): number => (d.attr & MEMORY_TYPE) >> 2;
const same_but = (old: Descriptor, now: Descriptor, mask: number): boolean =>
  old.addr === now.addr && ((old.attr ^ now.attr) & ~mask) === 0;
const PERMISSIONS = PXN | AP_RDONLY | DBM | NG_BIT;

/** Until v5.3 the DSB alone: no ISB behind a valid kernel entry (B23). */
function* set_and_dsb(p: EntryPointer, d: Descriptor): Steps<void> {
  yield* WRITE_ONCE(p, d);
  if (isValid(d)) yield* DSB('ishst');
}

function* set_and_dsb_isb(p: EntryPointer, d: Descriptor): Steps<void> {
  yield* WRITE_ONCE(p, d);
  if (!isValid(d)) return;
  yield* DSB('ishst');
  yield* ISB();
}

export const v5_2 = {
  /** What may change in a live entry without break-before-make (arch/arm64/mm/mmu.c). Thread-local. */
  *pgattr_change_is_safe(this: Kernel, old: Descriptor, now: Descriptor): Steps<boolean> {
    if (none(old) || none(now)) return true;
    if ((old.attr | now.attr) & CONT || old.attr & ~now.attr & NG_BIT) return false;
    return same_but(old, now, PERMISSIONS);
  },

  /** Thread-local: the root's address never changes. */
  *pgd_offset_k(this: Kernel, addr: number): Steps<EntryPointer> {
    return this.c.swapper_pg_dir + entryIndex(this.c.t, 0, addr) * 8;
  },
  *p4d_offset(this: Kernel, pgdp: EntryPointer, addr: number): Steps<EntryPointer> {
    return yield* offset(this, 'P4D', pgdp, addr);
  },
  *pud_offset(this: Kernel, p4dp: EntryPointer, addr: number): Steps<EntryPointer> {
    return yield* offset(this, 'PUD', p4dp, addr);
  },
  *pmd_offset(this: Kernel, pudp: EntryPointer, addr: number): Steps<EntryPointer> {
    return yield* offset(this, 'PMD', pudp, addr);
  },
  /** Reads *pmdp again, whatever the caller has tested (B15). */
  *pte_offset_kernel(this: Kernel, pmdp: EntryPointer, addr: number): Steps<EntryPointer> {
    return yield* offset(this, 'PTE', pmdp, addr);
  },

  /** Every write to the root goes through a fixmap slot of its own, whose flush gives the barriers. */
  *set_swapper_pgd(this: Kernel, pgdp: EntryPointer, pgd: Descriptor): Steps<void> {
    yield* lock('swapper_pgdir_lock', 'spinlock');
    yield* WRITE_ONCE(pgdp, pgd);
    yield* flush_fixmap_slot();
    yield* unlock('swapper_pgdir_lock', 'spinlock');
  },

  *set_pte(this: Kernel, ptep: EntryPointer, pte: Descriptor): Steps<void> {
    yield* set_and_dsb(ptep, pte);
  },
  /** Here and above, where a level is folded, its entries are the root's. */
  *set_pmd(this: Kernel, pmdp: EntryPointer, pmd: Descriptor): Steps<void> {
    if (in_swapper_pgdir(this, pmdp)) yield* this.set_swapper_pgd(pmdp, pmd);
    else yield* set_and_dsb(pmdp, pmd);
  },
  *set_pud(this: Kernel, pudp: EntryPointer, pud: Descriptor): Steps<void> {
    if (in_swapper_pgdir(this, pudp)) yield* this.set_swapper_pgd(pudp, pud);
    else yield* set_and_dsb(pudp, pud);
  },
  *set_p4d(this: Kernel, p4dp: EntryPointer, p4d: Descriptor): Steps<void> {
    if (in_swapper_pgdir(this, p4dp)) yield* this.set_swapper_pgd(p4dp, p4d);
    else yield* set_and_dsb(p4dp, p4d);
  },
  *set_pgd(this: Kernel, pgdp: EntryPointer, pgd: Descriptor): Steps<void> {
    yield* this.set_swapper_pgd(pgdp, pgd);
  },

  *pte_clear(this: Kernel, ptep: EntryPointer): Steps<void> {
    yield* this.set_pte(ptep, INVALID);
  },
  *pmd_clear(this: Kernel, pmdp: EntryPointer): Steps<void> {
    yield* this.set_pmd(pmdp, INVALID);
  },
  *pud_clear(this: Kernel, pudp: EntryPointer): Steps<void> {
    yield* this.set_pud(pudp, INVALID);
  },
  *p4d_clear(this: Kernel, p4dp: EntryPointer): Steps<void> {
    yield* this.set_p4d(p4dp, INVALID);
  },
  *pgd_clear(this: Kernel, pgdp: EntryPointer): Steps<void> {
    yield* this.set_pgd(pgdp, INVALID);
  },
};

/** The ISB is back. */
export const v5_3 = {
  *set_pte(this: Kernel, ptep: EntryPointer, pte: Descriptor): Steps<void> {
    yield* set_and_dsb_isb(ptep, pte);
  },
  *set_pmd(this: Kernel, pmdp: EntryPointer, pmd: Descriptor): Steps<void> {
    if (in_swapper_pgdir(this, pmdp)) yield* this.set_swapper_pgd(pmdp, pmd);
    else yield* set_and_dsb_isb(pmdp, pmd);
  },
  *set_pud(this: Kernel, pudp: EntryPointer, pud: Descriptor): Steps<void> {
    if (in_swapper_pgdir(this, pudp)) yield* this.set_swapper_pgd(pudp, pud);
    else yield* set_and_dsb_isb(pudp, pud);
  },
  *set_p4d(this: Kernel, p4dp: EntryPointer, p4d: Descriptor): Steps<void> {
    if (in_swapper_pgdir(this, p4dp)) yield* this.set_swapper_pgd(p4dp, p4d);
    else yield* set_and_dsb_isb(p4dp, p4d);
  },
};

export const v5_10 = {
  /** Normal and Normal-Tagged may replace each other. */
  *pgattr_change_is_safe(this: Kernel, old: Descriptor, now: Descriptor): Steps<boolean> {
    if (none(old) || none(now)) return true;
    if ((old.attr | now.attr) & CONT || old.attr & ~now.attr & NG_BIT) return false;
    const normal = [this.c.pgprot.MT_NORMAL, this.c.pgprot.MT_NORMAL_TAGGED];
    const either = normal.includes(memory_type(old)) && normal.includes(memory_type(now));
    return same_but(old, now, PERMISSIONS | (either ? MEMORY_TYPE : 0));
  },
};
