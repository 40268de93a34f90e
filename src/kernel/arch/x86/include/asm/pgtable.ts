import { entryIndex, type LevelName } from '../../../../../geometry/translation.ts';
import { type Descriptor, INVALID } from '../../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import {
  type EntryPointer,
  pgd_offset_pgd,
  READ_ONCE,
  table_page,
  WRITE_ONCE,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';

/**
 * arch/x86/include/asm/pgtable.h, pgtable_64.h: functions that find and set entries. An entry is set by one store, and
 * no barrier follows. With four levels a p4d is the pgd.
 */

/** The entry of a table that translates `addr`, after reading the parent entry again; a folded level is its parent. */
function* offset(k: Kernel, name: LevelName, parentp: EntryPointer, addr: number): Steps<EntryPointer> {
  const { t } = k.c;
  const depth = t.name.indexOf(name);
  if (depth < 0) return parentp;
  const d = yield* READ_ONCE(parentp);
  return table_page(k.c, d) + entryIndex(t, depth, addr) * 8;
}

export const v5_2 = {
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
  *pte_offset_kernel(this: Kernel, pmdp: EntryPointer, addr: number): Steps<EntryPointer> {
    return yield* offset(this, 'PTE', pmdp, addr);
  },

  *set_pte(this: Kernel, ptep: EntryPointer, pte: Descriptor): Steps<void> {
    yield* WRITE_ONCE(ptep, pte);
  },
  *set_pmd(this: Kernel, pmdp: EntryPointer, pmd: Descriptor): Steps<void> {
    yield* WRITE_ONCE(pmdp, pmd);
  },
  *set_pud(this: Kernel, pudp: EntryPointer, pud: Descriptor): Steps<void> {
    yield* WRITE_ONCE(pudp, pud);
  },
  *set_p4d(this: Kernel, p4dp: EntryPointer, p4d: Descriptor): Steps<void> {
    yield* WRITE_ONCE(p4dp, p4d);
  },
  *set_pgd(this: Kernel, pgdp: EntryPointer, pgd: Descriptor): Steps<void> {
    yield* WRITE_ONCE(pgdp, pgd);
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
