import { mk_sect_prot } from '../../kernel/arch/arm64/include/asm/pgtable.ts';
import { type EntryPointer, leaf_entry, READ_ONCE, table_page } from '../../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { v5_2 } from '../mainline/v5.2.ts';

/** B41: a block in the vmalloc region over a table of PTEs, as it was before pmd_free_pte_page() did its work. */

/** Up to v4.15: over the live entry. The table is lost. */
export const B41a_mutant = defineRelease({
  name: 'v5.2-B41a',
  base: v5_2,
  about: '5.2.1 with blocks written over tables, as before v4.16',
  arch: {
    arm64: {
      *pmd_free_pte_page(this: Kernel, _pmdp: EntryPointer, _addr: number): Steps<boolean> {
        return true;
      },
      *pmd_set_huge(this: Kernel, pmdp: EntryPointer, phys: number, prot: number): Steps<number> {
        const block = leaf_entry(this.c, phys, mk_sect_prot(prot));
        yield* this.set_pmd(pmdp, block);
        return 1;
      },
    },
  },
});

/** The table is freed, and the walk caches are not told. */
export const B41b_mutant = defineRelease({
  name: 'v5.2-B41b',
  base: v5_2,
  about: '5.2.1 without __flush_tlb_kernel_pgtable() in pmd_free_pte_page()',
  arch: {
    arm64: {
      *pmd_free_pte_page(this: Kernel, pmdp: EntryPointer, _addr: number): Steps<boolean> {
        const table = table_page(this.c, yield* READ_ONCE(pmdp));
        yield* this.pmd_clear(pmdp);
        yield* this.pte_free_kernel(table);
        return true;
      },
    },
  },
});
