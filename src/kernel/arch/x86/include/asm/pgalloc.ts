import type { Steps } from '../../../../../steps/step.ts';
import { type EntryPointer, table_entry } from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';

/** arch/x86/include/asm/pgalloc.h: puts a table, named by its physical address, under an entry. */

const table = (k: Kernel, phys: number) => table_entry(k.c, phys, k.c.pgprot.TABLE);

export const v5_2 = {
  *pmd_populate_kernel(this: Kernel, pmdp: EntryPointer, ptep: number): Steps<void> {
    yield* this.set_pmd(pmdp, table(this, ptep));
  },
  *pud_populate(this: Kernel, pudp: EntryPointer, pmdp: number): Steps<void> {
    yield* this.set_pud(pudp, table(this, pmdp));
  },
  *p4d_populate(this: Kernel, p4dp: EntryPointer, pudp: number): Steps<void> {
    yield* this.set_p4d(p4dp, table(this, pudp));
  },
  *pgd_populate(this: Kernel, pgdp: EntryPointer, p4dp: number): Steps<void> {
    yield* this.set_pgd(pgdp, table(this, p4dp));
  },
};
