import { type Descriptor, TABLE_BIT, VALID } from '../../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { type EntryPointer, table_entry } from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';

/**
 * arch/arm64/include/asm/pgalloc.h: puts a table, named by its physical address, under an entry; `prot` is added to the
 * entry.
 */

export const kernel_table = (k: Kernel, phys: number, prot: number): Descriptor =>
  table_entry(k.c, phys, VALID | TABLE_BIT | k.c.pgprot.TABLE | prot);

export const v5_2 = {
  *__pmd_populate(this: Kernel, pmdp: EntryPointer, ptep: number, prot: number): Steps<void> {
    yield* this.set_pmd(pmdp, kernel_table(this, ptep, prot));
  },
  *__pud_populate(this: Kernel, pudp: EntryPointer, pmdp: number, prot: number): Steps<void> {
    yield* this.set_pud(pudp, kernel_table(this, pmdp, prot));
  },
  *__p4d_populate(this: Kernel, p4dp: EntryPointer, pudp: number, prot: number): Steps<void> {
    yield* this.set_p4d(p4dp, kernel_table(this, pudp, prot));
  },
  *__pgd_populate(this: Kernel, pgdp: EntryPointer, p4dp: number, prot: number): Steps<void> {
    yield* this.set_pgd(pgdp, kernel_table(this, p4dp, prot));
  },

  *pmd_populate_kernel(this: Kernel, pmdp: EntryPointer, ptep: number): Steps<void> {
    yield* this.__pmd_populate(pmdp, ptep, 0);
  },
  *pud_populate(this: Kernel, pudp: EntryPointer, pmdp: number): Steps<void> {
    yield* this.__pud_populate(pudp, pmdp, 0);
  },
  *p4d_populate(this: Kernel, p4dp: EntryPointer, pudp: number): Steps<void> {
    yield* this.__p4d_populate(p4dp, pudp, 0);
  },
  *pgd_populate(this: Kernel, pgdp: EntryPointer, p4dp: number): Steps<void> {
    yield* this.__pgd_populate(pgdp, p4dp, 0);
  },
};
