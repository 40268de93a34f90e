import { depthOf, entryIndex, entrySize, type LevelName } from '../../../../../geometry/translation.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { uncount_table } from '../../../../include/asm-generic/pgalloc.ts';
import {
  type EntryPointer,
  leaf_address,
  none,
  p4d_addr_end,
  pgd_addr_end,
  pmd_addr_end,
  pmd_leaf,
  present,
  pud_addr_end,
  pud_leaf,
  READ_ONCE,
  table_page,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel as AnyKernel, vmem_altmap } from '../../../../kernel.ts';
import { count_pages, set_pages } from '../../../../mm/memmap.ts';
import { NO_PAGE } from '../../../../mm/page.ts';
import { change, look } from '../../../../ops.ts';
import { PFN_DOWN, phys_to_virt } from '../../../../pfn.ts';
import { flushed, free_memmap } from './free_pages.ts';
import { locked } from './kernel_physical_mapping_init.ts';

/**
 * arch/x86/mm/init_64.c: remove_pagetable(). An entry is read anew for every question. Pages are freed before their entries are
 * cleared, and everything is invalidated at the end.
 */

/** The functions whose arguments differ from those of the same names elsewhere. */
export interface RemovePagetable {
  remove_pagetable(start: number, end: number, direct: boolean, altmap: vmem_altmap | null): Steps<void>;
  remove_pud_table(
    pud_start: EntryPointer,
    addr: number,
    end: number,
    altmap: vmem_altmap | null,
    direct: boolean,
  ): Steps<void>;
  remove_pmd_table(
    pmd_start: EntryPointer,
    addr: number,
    end: number,
    direct: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void>;
  remove_pte_table(pte_start: EntryPointer, addr: number, end: number, direct: boolean): Steps<void>;
  free_pte_table(pte_start: EntryPointer, pmd: EntryPointer): Steps<void>;
  free_pmd_table(pmd_start: EntryPointer, pud: EntryPointer): Steps<void>;
  free_pud_table(pud_start: EntryPointer, p4d: EntryPointer): Steps<void>;
}

type Kernel = AnyKernel & RemovePagetable;

const index_of = (k: Kernel, level: LevelName, va: number): number =>
  entryIndex(k.c.t, depthOf(k.c.t, level), va);
const aligned = (k: Kernel, level: LevelName, ...values: readonly number[]): boolean =>
  values.every((va) => va % entrySize(k.c.t, depthOf(k.c.t, level)) === 0);

/** The pfns whose struct pages lie in [start, end) of the memmap. */
const described = (k: Kernel, start: number, end: number): [number, number] => [
  (start - k.c.VMEMMAP_START) / 64,
  (end - k.c.VMEMMAP_START) / 64,
];

/** pte_page(*p), pmd_page(*p) */
function* leaf_pfn(k: Kernel, p: EntryPointer): Steps<number> {
  return PFN_DOWN(k.c, leaf_address(k.c, yield* READ_ONCE(p)));
}

/** Plain reads of all entries until one is not empty. */
export function* is_empty(k: Kernel, level: LevelName, table: EntryPointer): Steps<boolean> {
  const entries = k.c.t.entries[depthOf(k.c.t, level)]!;
  for (let i = 0; i < entries; i++) if (!none(yield* READ_ONCE(table + i * 8))) return false;
  return true;
}

/** A table that has become empty. */
export function* free_table(
  k: Kernel,
  p: EntryPointer,
  clear: (this: Kernel, p: EntryPointer) => Steps<void>,
): Steps<void> {
  const pfn = PFN_DOWN(k.c, table_page(k.c, yield* READ_ONCE(p)));
  yield* change(uncount_table, pfn, 1);
  yield* k.free_pagetable(pfn, 0);
  yield* locked(clear.call(k, p));
}

export const v5_2 = {
  *free_pte_table(this: Kernel, pte_start: EntryPointer, pmd: EntryPointer): Steps<void> {
    if (yield* is_empty(this, 'PTE', pte_start)) yield* free_table(this, pmd, this.pmd_clear);
  },
  *free_pmd_table(this: Kernel, pmd_start: EntryPointer, pud: EntryPointer): Steps<void> {
    if (yield* is_empty(this, 'PMD', pmd_start)) yield* free_table(this, pud, this.pud_clear);
  },
  *free_pud_table(this: Kernel, pud_start: EntryPointer, p4d: EntryPointer): Steps<void> {
    if (yield* is_empty(this, 'PUD', pud_start)) yield* free_table(this, p4d, this.p4d_clear);
  },

  /** The test for the identity map of the first gigabyte is left out: it adds a kernel address, and never holds. */
  *remove_pte_table(
    this: Kernel,
    pte_start: EntryPointer,
    addr: number,
    end: number,
    direct: boolean,
  ): Steps<void> {
    let ptep = pte_start + index_of(this, 'PTE', addr) * 8;
    for (; addr < end; addr += this.c.PAGE_SIZE, ptep += 8) {
      if (!present(this.c, yield* READ_ONCE(ptep))) continue;
      if (!direct) yield* free_memmap(this, yield* leaf_pfn(this, ptep), 0);
      yield* locked(this.pte_clear(ptep));
    }
    yield* this.flush_tlb_all();
  },

  *remove_pmd_table(
    this: Kernel,
    pmd_start: EntryPointer,
    addr: number,
    end: number,
    direct: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    let pmdp = pmd_start + index_of(this, 'PMD', addr) * 8;
    for (let next = addr; addr < end; addr = next, pmdp += 8) {
      next = pmd_addr_end(this.c, addr, end);
      if (!present(this.c, yield* READ_ONCE(pmdp))) continue;
      if (pmd_leaf(this.c, yield* READ_ONCE(pmdp))) {
        const whole = aligned(this, 'PMD', addr, next);
        if (!whole && (direct || !(yield* this.vmemmap_pmd_is_unused(addr, next)))) continue;
        if (!direct) yield* this.free_hugepage_table(yield* leaf_pfn(this, pmdp), altmap);
        yield* locked(this.pmd_clear(pmdp));
        continue;
      }
      const pte_base = table_page(this.c, yield* READ_ONCE(pmdp));
      yield* this.remove_pte_table(pte_base, addr, next, direct);
      yield* this.free_pte_table(pte_base, pmdp);
    }
  },

  /** A leaf of which a part goes stays. The kernel fills that part with PAGE_INUSE, as if it were memmap. */
  *remove_pud_table(
    this: Kernel,
    pud_start: EntryPointer,
    addr: number,
    end: number,
    altmap: vmem_altmap | null,
    direct: boolean,
  ): Steps<void> {
    let pudp = pud_start + index_of(this, 'PUD', addr) * 8;
    for (let next = addr; addr < end; addr = next, pudp += 8) {
      next = pud_addr_end(this.c, addr, end);
      if (!present(this.c, yield* READ_ONCE(pudp))) continue;
      if (pud_leaf(this.c, yield* READ_ONCE(pudp))) {
        if (aligned(this, 'PUD', addr, next)) yield* locked(this.pud_clear(pudp));
        continue;
      }
      const pmd_base = yield* this.pmd_offset(pudp, 0);
      yield* this.remove_pmd_table(pmd_base, addr, next, direct, altmap);
      yield* this.free_pmd_table(pmd_base, pudp);
    }
  },

  /** With four levels the table of PUDs stays: processes share it through their own roots. */
  *remove_p4d_table(
    this: Kernel,
    p4d_start: EntryPointer,
    addr: number,
    end: number,
    altmap: vmem_altmap | null,
    direct: boolean,
  ): Steps<void> {
    const five = this.c.t.levels === 5;
    let p4dp = five ? p4d_start + index_of(this, 'P4D', addr) * 8 : p4d_start;
    for (let next = addr; addr < end; addr = next, p4dp += 8) {
      next = p4d_addr_end(this.c, addr, end);
      if (!present(this.c, yield* READ_ONCE(p4dp))) continue;
      const pud_base = yield* this.pud_offset(p4dp, 0);
      yield* this.remove_pud_table(pud_base, addr, next, altmap, direct);
      if (five) yield* this.free_pud_table(pud_base, p4dp);
    }
  },

  /** Without any lock but that of memory hotplug. */
  *remove_pagetable(
    this: Kernel,
    start: number,
    end: number,
    direct: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    for (let addr = start; addr < end; ) {
      const next = pgd_addr_end(this.c, addr, end);
      const pgd = yield* this.pgd_offset_k(addr);
      if (present(this.c, yield* READ_ONCE(pgd))) {
        const p4d = yield* this.p4d_offset(pgd, 0);
        yield* this.remove_p4d_table(p4d, addr, next, altmap, direct);
      }
      addr = next;
    }
    yield* this.flush_tlb_all();
    if (!this.alone) yield* change(flushed);
  },

  *vmemmap_free(this: Kernel, start: number, end: number, altmap: vmem_altmap | null): Steps<void> {
    yield* this.remove_pagetable(start, end, false, altmap);
  },

  *kernel_physical_mapping_remove(this: Kernel, start: number, end: number): Steps<void> {
    yield* this.remove_pagetable(phys_to_virt(this.c, start), phys_to_virt(this.c, end), true, null);
  },

  /**
   * Fills the struct pages of a part of a block with PAGE_UNUSED, and finds whether all of it is (memchr_inv). Such
   * struct pages count as missing in the model, whoever reads them. Until v5.13 the function is not one of its own.
   */
  *vmemmap_pmd_is_unused(this: Kernel, addr: number, end: number): Steps<boolean> {
    yield* change(set_pages, ...described(this, addr, end), NO_PAGE);
    const first = Math.floor(addr / this.c.PMD_SIZE) * this.c.PMD_SIZE;
    return (yield* look(count_pages, ...described(this, first, first + this.c.PMD_SIZE))) === 0;
  },
};

export const v6_1 = {
  /** A leaf of which a part goes is taken for a table (69ccfe74e16b, v5.13). */
  *remove_pud_table(
    this: Kernel,
    pud_start: EntryPointer,
    addr: number,
    end: number,
    altmap: vmem_altmap | null,
    direct: boolean,
  ): Steps<void> {
    let pudp = pud_start + index_of(this, 'PUD', addr) * 8;
    for (let next = addr; addr < end; addr = next, pudp += 8) {
      next = pud_addr_end(this.c, addr, end);
      if (!present(this.c, yield* READ_ONCE(pudp))) continue;
      if (pud_leaf(this.c, yield* READ_ONCE(pudp)) && aligned(this, 'PUD', addr, next)) {
        yield* locked(this.pud_clear(pudp));
        continue;
      }
      const pmd_base = yield* this.pmd_offset(pudp, 0);
      yield* this.remove_pmd_table(pmd_base, addr, next, direct, altmap);
      yield* this.free_pmd_table(pmd_base, pudp);
    }
  },
};
