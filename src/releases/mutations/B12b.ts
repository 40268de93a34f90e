import { depthOf, entryIndex } from '../../geometry/translation.ts';
import { free_memmap } from '../../kernel/arch/x86/mm/init_64/free_pages.ts';
import { locked } from '../../kernel/arch/x86/mm/init_64/kernel_physical_mapping_init.ts';
import { is_empty, type RemovePagetable } from '../../kernel/arch/x86/mm/init_64/remove_pagetable.ts';
import { uncount_table } from '../../kernel/include/asm-generic/pgalloc.ts';
import {
  type EntryPointer,
  leaf_address,
  pmd_addr_end,
  pmd_leaf,
  present,
  READ_ONCE,
  table_page,
} from '../../kernel/include/linux/pgtable.ts';
import type { Kernel as AnyKernel, vmem_altmap } from '../../kernel/kernel.ts';
import { change } from '../../kernel/ops.ts';
import { PFN_DOWN } from '../../kernel/pfn.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { v7_2 } from '../mainline/v7.2.ts';

type Kernel = AnyKernel & RemovePagetable;

/** An empty table, in the order of arm64: it is unlinked, all CPUs forget it, and then it is freed. */
function* free_table(
  k: Kernel,
  p: EntryPointer,
  clear: (this: Kernel, p: EntryPointer) => Steps<void>,
): Steps<void> {
  const pfn = PFN_DOWN(k.c, table_page(k.c, yield* READ_ONCE(p)));
  yield* locked(clear.call(k, p));
  yield* k.flush_tlb_all();
  yield* change(uncount_table, pfn, 1);
  yield* k.free_pagetable(pfn, 0);
}

/** B12b, B13b, B41c, B42b: what x86-64 would need so that nothing is free that a CPU may still reach. */
export const B12b_cure = defineRelease({
  name: 'v7.2-B12b',
  base: v7_2,
  about: '7.2.13 with tables and memmap of x86-64 unlinked, flushed, and then freed',
  arch: {
    x86_64: {
      *free_pte_table(this: Kernel, pte_start: EntryPointer, pmd: EntryPointer): Steps<void> {
        if (yield* is_empty(this, 'PTE', pte_start)) yield* free_table(this, pmd, this.pmd_clear);
      },
      *free_pmd_table(this: Kernel, pmd_start: EntryPointer, pud: EntryPointer): Steps<void> {
        if (yield* is_empty(this, 'PMD', pmd_start)) yield* free_table(this, pud, this.pud_clear);
      },
      *free_pud_table(this: Kernel, pud_start: EntryPointer, p4d: EntryPointer): Steps<void> {
        if (yield* is_empty(this, 'PUD', pud_start)) yield* free_table(this, p4d, this.p4d_clear);
      },
      *remove_pte_table(
        this: Kernel,
        pte_start: EntryPointer,
        addr: number,
        end: number,
        direct: boolean,
      ): Steps<void> {
        const { t, PAGE_SIZE } = this.c;
        const pages: number[] = [];
        let ptep = pte_start + entryIndex(t, depthOf(t, 'PTE'), addr) * 8;
        for (; addr < end; addr += PAGE_SIZE, ptep += 8) {
          const pte = yield* READ_ONCE(ptep);
          if (!present(this.c, pte)) continue;
          yield* locked(this.pte_clear(ptep));
          pages.push(PFN_DOWN(this.c, leaf_address(this.c, pte)));
        }
        yield* this.flush_tlb_all();
        if (!direct) for (const pfn of pages) yield* free_memmap(this, pfn, 0);
      },
      *remove_pmd_table(
        this: Kernel,
        pmd_start: EntryPointer,
        addr: number,
        end: number,
        direct: boolean,
        altmap: vmem_altmap | null,
      ): Steps<void> {
        const { t, PMD_SIZE } = this.c;
        let pmdp = pmd_start + entryIndex(t, depthOf(t, 'PMD'), addr) * 8;
        for (let next = addr; addr < end; addr = next, pmdp += 8) {
          next = pmd_addr_end(this.c, addr, end);
          const pmd = yield* READ_ONCE(pmdp);
          if (!present(this.c, pmd)) continue;
          if (!pmd_leaf(this.c, pmd)) {
            const pte_base = table_page(this.c, yield* READ_ONCE(pmdp));
            yield* this.remove_pte_table(pte_base, addr, next, direct);
            yield* this.free_pte_table(pte_base, pmdp);
            continue;
          }
          const whole = addr % PMD_SIZE === 0 && next % PMD_SIZE === 0;
          if (!whole && (direct || !(yield* this.vmemmap_pmd_is_unused(addr, next)))) continue;
          yield* locked(this.pmd_clear(pmdp));
          if (direct) continue;
          yield* this.flush_tlb_all();
          yield* this.free_hugepage_table(PFN_DOWN(this.c, leaf_address(this.c, pmd)), altmap);
        }
      },
    },
  },
});
