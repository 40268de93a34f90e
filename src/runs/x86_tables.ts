import { depthOf, entryIndex, type LevelName } from '../geometry/translation.ts';
import { INVALID } from '../hardware/descriptor/descriptor.ts';
import { v5_2 as pgtable } from '../kernel/arch/x86/include/asm/pgtable.ts';
import { free_memmap, v5_2 as free_pages } from '../kernel/arch/x86/mm/init_64/free_pages.ts';
import { v5_2 as mapping } from '../kernel/arch/x86/mm/init_64/kernel_physical_mapping_init.ts';
import { free_table, v5_2 as removing } from '../kernel/arch/x86/mm/init_64/remove_pagetable.ts';
import {
  type EntryPointer,
  leaf_address,
  leaf_entry,
  none,
  present,
} from '../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { PFN_DOWN, phys_to_virt } from '../kernel/pfn.ts';
import type { Steps } from '../steps/step.ts';
import { READ_RUN, WRITE_RUN } from './entries.ts';
import { type BatchForm, form } from './form.ts';

/** x86-64: the entries of one table by runs. */

const { set_pte, pte_clear } = pgtable;
const { free_pagetable } = free_pages;

/** Whether a table has no entries. */
function* is_empty(k: Kernel, level: LevelName, table: EntryPointer): Steps<boolean> {
  const entries = k.c.t.entries[depthOf(k.c.t, level)]!;
  const run = yield* READ_RUN(table, entries);
  return none(run) && run.n === entries;
}

export const forms: readonly BatchForm[] = [
  form({
    name: 'phys_pte_init',
    exact: mapping.phys_pte_init,
    instead_of: { set_pte },
    *batch(pte_page, paddr, paddr_end, prot) {
      const { PAGE_SIZE, PMD_SIZE, t } = this.c;
      const end = Math.min(paddr_end, (Math.floor(paddr / PMD_SIZE) + 1) * PMD_SIZE);
      let paddr_last = paddr_end;
      while (paddr < end) {
        const index = entryIndex(t, t.levels - 1, phys_to_virt(this.c, paddr));
        const run = yield* READ_RUN(pte_page + index * 8, Math.ceil((end - paddr) / PAGE_SIZE));
        if (none(run)) {
          yield* WRITE_RUN(pte_page + index * 8, run.n, leaf_entry(this.c, paddr, prot), PAGE_SIZE);
          paddr_last = paddr + run.n * PAGE_SIZE;
        }
        paddr += run.n * PAGE_SIZE;
      }
      return paddr_last;
    },
  }),
  form({
    name: 'remove_pte_table',
    exact: removing.remove_pte_table,
    instead_of: { set_pte, pte_clear, free_pagetable },
    *batch(this: Kernel, pte_start: EntryPointer, addr: number, end: number, direct: boolean) {
      const { PAGE_SIZE, t } = this.c;
      let ptep = pte_start + entryIndex(t, t.levels - 1, addr) * 8;
      while (addr < end) {
        const run = yield* READ_RUN(ptep, Math.ceil((end - addr) / PAGE_SIZE));
        if (present(this.c, run)) {
          for (let i = 0; !direct && i < run.n; i++) {
            const pte = { addr: run.addr + i * run.stride, attr: run.attr };
            yield* free_memmap(this, PFN_DOWN(this.c, leaf_address(this.c, pte)), 0);
          }
          yield* WRITE_RUN(ptep, run.n, INVALID);
        }
        ptep += run.n * 8;
        addr += run.n * PAGE_SIZE;
      }
      yield* this.flush_tlb_all();
    },
  }),
  form({
    name: 'free_pte_table',
    exact: removing.free_pte_table,
    *batch(this: Kernel, pte_start: EntryPointer, pmd: EntryPointer) {
      if (yield* is_empty(this, 'PTE', pte_start)) yield* free_table(this, pmd, this.pmd_clear);
    },
  }),
  form({
    name: 'free_pmd_table',
    exact: removing.free_pmd_table,
    *batch(this: Kernel, pmd_start: EntryPointer, pud: EntryPointer) {
      if (yield* is_empty(this, 'PMD', pmd_start)) yield* free_table(this, pud, this.pud_clear);
    },
  }),
  form({
    name: 'free_pud_table',
    exact: removing.free_pud_table,
    *batch(this: Kernel, pud_start: EntryPointer, p4d: EntryPointer) {
      if (yield* is_empty(this, 'PUD', pud_start)) yield* free_table(this, p4d, this.p4d_clear);
    },
  }),
];
