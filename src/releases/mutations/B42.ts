import * as hotunplug_v5 from '../../kernel/arch/arm64/mm/mmu/hotunplug_v5.ts';
import { type EntryPointer, READ_ONCE, table_page } from '../../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { arm64_v5 } from '../series/arm64-v5.ts';

/**
 * B42: V5 after the template of x86 ("not the best", its reviewer says): the table page is freed and then unlinked. The only flush is the
 * one behind the leaves.
 */
export const B42_mutant = defineRelease({
  name: 'arm64-v5-B42',
  base: arm64_v5,
  about: 'V5 in the order of x86: table pages are freed before they are unlinked',
  arch: {
    arm64: {
      *free_pte_table(this: Kernel, ptep: EntryPointer, pmdp: EntryPointer, _addr: number): Steps<void> {
        if (!(yield* hotunplug_v5.is_empty(this, 'PTE', ptep))) return;
        yield* this.free_hotplug_pgtable_page(table_page(this.c, yield* READ_ONCE(pmdp)));
        yield* this.pmd_clear(pmdp);
      },
      *free_pmd_table(this: Kernel, pmdp: EntryPointer, pudp: EntryPointer, _addr: number): Steps<void> {
        if (this.c.t.levels <= 2) return;
        if (!(yield* hotunplug_v5.is_empty(this, 'PMD', pmdp))) return;
        yield* this.free_hotplug_pgtable_page(table_page(this.c, yield* READ_ONCE(pudp)));
        yield* this.pud_clear(pudp);
      },
      *free_pud_table(this: Kernel, pudp: EntryPointer, pgdp: EntryPointer, _addr: number): Steps<void> {
        if (this.c.t.levels <= 3) return;
        if (!(yield* hotunplug_v5.is_empty(this, 'PUD', pudp))) return;
        yield* this.free_hotplug_pgtable_page(table_page(this.c, yield* READ_ONCE(pgdp)));
        yield* this.pgd_clear(pgdp);
      },
    },
  },
});
