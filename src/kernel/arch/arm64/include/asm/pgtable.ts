import { entryIndex, type LevelName } from '../../../../../geometry/translation.ts';
import {
  CONT,
  type Descriptor,
  INVALID,
  isValid,
  TABLE_BIT,
} from '../../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import {
  type EntryPointer,
  leaf_entry,
  pgd_offset_pgd,
  READ_ONCE,
  table_page,
  WRITE_ONCE,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { DSB, ISB } from './barrier.ts';

/** arch/arm64/include/asm/pgtable.h: functions that find and set entries. */

/** pte_cont, pmd_cont */
export const cont = (d: Descriptor): boolean => (d.attr & CONT) !== 0;

/** pte_val without the table bit: mk_pXd_sect_prot of a page protection. */
export const mk_sect_prot = (prot: number): number => prot & ~TABLE_BIT;

const in_swapper_pgdir = (k: Kernel, p: EntryPointer): boolean =>
  p >= k.c.swapper_pg_dir && p < k.c.swapper_pg_dir + k.c.PAGE_SIZE;

/** The entry of a table that translates `addr`, after reading the parent entry again; a folded level is its parent. */
function* offset(k: Kernel, name: LevelName, parentp: EntryPointer, addr: number): Steps<EntryPointer> {
  const { t } = k.c;
  const depth = t.name.indexOf(name);
  if (depth < 0) return parentp;
  const d = yield* READ_ONCE(parentp);
  return table_page(k.c, d) + entryIndex(t, depth, addr) * 8;
}

/** Until v5.3 only a DSB: no ISB after a valid kernel entry (B23). */
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
  /** Thread-local: the root's address never changes. */
  *pgd_offset_k(this: Kernel, addr: number): Steps<EntryPointer> {
    return pgd_offset_pgd(this.c, this.c.swapper_pg_dir, addr);
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
  /** Reads *pmdp again, regardless of the caller's test (B15). */
  *pte_offset_kernel(this: Kernel, pmdp: EntryPointer, addr: number): Steps<EntryPointer> {
    return yield* offset(this, 'PTE', pmdp, addr);
  },

  *set_pte(this: Kernel, ptep: EntryPointer, pte: Descriptor): Steps<void> {
    yield* set_and_dsb(ptep, pte);
  },
  /** Here and above: if a level is folded, its entries are the root's. */
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

/** With five levels: the barriers come even if the entry becomes invalid (6.12.117). */
export const v6_12 = {
  *set_p4d(this: Kernel, p4dp: EntryPointer, p4d: Descriptor): Steps<void> {
    if (in_swapper_pgdir(this, p4dp)) {
      yield* this.set_swapper_pgd(p4dp, p4d);
      return;
    }
    yield* WRITE_ONCE(p4dp, p4d);
    yield* DSB('ishst');
    yield* ISB();
  },
};

/** v6.16: barriers wait for the end of a lazy MMU section, if it has made an entry valid. */
export const v6_16 = {
  /** Adjacent pages; in a lazy MMU section. */
  *__set_ptes_anysz(this: Kernel, ptep: EntryPointer, phys: number, prot: number, nr: number): Steps<void> {
    for (let i = 0; i < nr; i++)
      yield* WRITE_ONCE(ptep + i * 8, leaf_entry(this.c, phys + i * this.c.PAGE_SIZE, prot));
  },

  *emit_pte_barriers(this: Kernel): Steps<void> {
    yield* DSB('ishst');
    yield* ISB();
  },
};
