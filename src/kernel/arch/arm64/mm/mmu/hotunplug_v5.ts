import { depthOf, entrySize } from '../../../../../geometry/translation.ts';
import type { Steps } from '../../../../../steps/step.ts';
import {
  type EntryPointer,
  leaf_address,
  none,
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
import { lock, unlock } from '../../../../ops.ts';

/**
 * "arm64/mm: Enable memory hot remove", V5 (29 May 2019): taking down a range of the kernel's tables in one pass under
 * init_mm's page_table_lock. What a leaf maps is freed before the leaf is cleared, blocks are never invalidated, and PTEs
 * only after the last of a table (B10 to B13). The lock keeps off those who install tables, not those who write leaves (B14
 * to B16).
 */

/** x86-64 has functions of the same names with other arguments. */
export interface HotunplugV5 {
  remove_pagetable(start: number, end: number, sparse_vmap: boolean): Steps<void>;
  remove_pud_table(pgdp: EntryPointer, addr: number, end: number, sparse_vmap: boolean): Steps<void>;
  remove_pmd_table(pudp: EntryPointer, addr: number, end: number, sparse_vmap: boolean): Steps<void>;
  remove_pte_table(pmdp: EntryPointer, addr: number, end: number, sparse_vmap: boolean): Steps<void>;
  free_pte_table(ptep: EntryPointer, pmdp: EntryPointer, addr: number): Steps<void>;
  free_pmd_table(pmdp: EntryPointer, pudp: EntryPointer, addr: number): Steps<void>;
  free_pud_table(pudp: EntryPointer, pgdp: EntryPointer, addr: number): Steps<void>;
}

/** A kernel of V5. */
type Kernel = AnyKernel & HotunplugV5;

const PTL = 'init_mm.page_table_lock';

/** addr < end, for unsigned longs: a range that ends with the address space is empty. */
const before = (addr: number, end: number): boolean => end !== 0 && addr < end;

/** ptep[i], plain reads: whether a table has no entries. */
export function* is_empty(k: Kernel, level: 'PTE' | 'PMD' | 'PUD', table: EntryPointer): Steps<boolean> {
  const entries = k.c.t.entries[depthOf(k.c.t, level)]!;
  for (let i = 0; i < entries; i++) if (!none(yield* READ_ONCE(table + i * 8))) return false;
  return true;
}

export const arm64_v5 = {
  *remove_pagetable(this: Kernel, start: number, end: number, sparse_vmap: boolean): Steps<void> {
    yield* lock(PTL, 'spinlock');
    for (let addr = start; before(addr, end); ) {
      const next = pgd_addr_end(this.c, addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      const pgd = yield* READ_ONCE(pgdp);
      if (!none(pgd)) {
        if (!present(this.c, pgd)) yield* this.WARN('remove_pagetable');
        const pudp_base = yield* this.pud_offset(pgdp, 0);
        yield* this.remove_pud_table(pgdp, addr, next, sparse_vmap);
        yield* this.free_pud_table(pudp_base, pgdp, addr);
      }
      addr = next;
    }
    yield* unlock(PTL, 'spinlock');
  },

  *remove_pud_table(
    this: Kernel,
    pgdp: EntryPointer,
    addr: number,
    end: number,
    sparse_vmap: boolean,
  ): Steps<void> {
    const { t } = this.c;
    while (before(addr, end)) {
      const next = pud_addr_end(this.c, addr, end);
      const pudp = yield* this.pud_offset(pgdp, addr);
      const pud = yield* READ_ONCE(pudp);
      if (!none(pud)) {
        if (!present(this.c, pud)) yield* this.WARN('remove_pud_table');
        if (pud_leaf(this.c, pud)) {
          const size = entrySize(t, depthOf(t, 'PUD'));
          if (sparse_vmap) yield* this.free_hotplug_page_range(leaf_address(this.c, pud), size, null);
          yield* this.pud_clear(pudp);
        } else {
          const pmdp_base = yield* this.pmd_offset(pudp, 0);
          yield* this.remove_pmd_table(pudp, addr, next, sparse_vmap);
          yield* this.free_pmd_table(pmdp_base, pudp, addr);
        }
      }
      addr = next;
    }
  },

  *remove_pmd_table(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    sparse_vmap: boolean,
  ): Steps<void> {
    const { t } = this.c;
    while (before(addr, end)) {
      const next = pmd_addr_end(this.c, addr, end);
      const pmdp = yield* this.pmd_offset(pudp, addr);
      const pmd = yield* READ_ONCE(pmdp);
      if (!none(pmd)) {
        if (!present(this.c, pmd)) yield* this.WARN('remove_pmd_table');
        if (pmd_leaf(this.c, pmd)) {
          const size = entrySize(t, depthOf(t, 'PMD'));
          if (sparse_vmap) yield* this.free_hotplug_page_range(leaf_address(this.c, pmd), size, null);
          yield* this.pmd_clear(pmdp);
        } else {
          const ptep_base = yield* this.pte_offset_kernel(pmdp, 0);
          yield* this.remove_pte_table(pmdp, addr, next, sparse_vmap);
          yield* this.free_pte_table(ptep_base, pmdp, addr);
        }
      }
      addr = next;
    }
  },

  *remove_pte_table(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    sparse_vmap: boolean,
  ): Steps<void> {
    const { PAGE_SIZE } = this.c;
    const start = addr;
    for (; before(addr, end); addr += PAGE_SIZE) {
      const ptep = yield* this.pte_offset_kernel(pmdp, addr);
      const pte = yield* READ_ONCE(ptep);
      if (none(pte)) continue;
      if (!present(this.c, pte)) yield* this.WARN('remove_pte_table');
      if (sparse_vmap) yield* this.free_hotplug_page_range(leaf_address(this.c, pte), PAGE_SIZE, null);
      yield* this.pte_clear(ptep);
    }
    yield* this.flush_tlb_kernel_range(start, end);
  },

  /** Frees the page to which the entry points now. */
  *free_pte_table(this: Kernel, ptep: EntryPointer, pmdp: EntryPointer, addr: number): Steps<void> {
    if (!(yield* is_empty(this, 'PTE', ptep))) return;
    const page = table_page(this.c, yield* READ_ONCE(pmdp));
    yield* this.pmd_clear(pmdp);
    yield* this.__flush_tlb_kernel_pgtable(addr);
    yield* this.free_hotplug_pgtable_page(page);
  },

  *free_pmd_table(this: Kernel, pmdp: EntryPointer, pudp: EntryPointer, addr: number): Steps<void> {
    if (this.c.t.levels <= 2) return;
    if (!(yield* is_empty(this, 'PMD', pmdp))) return;
    const page = table_page(this.c, yield* READ_ONCE(pudp));
    yield* this.pud_clear(pudp);
    yield* this.__flush_tlb_kernel_pgtable(addr);
    yield* this.free_hotplug_pgtable_page(page);
  },

  *free_pud_table(this: Kernel, pudp: EntryPointer, pgdp: EntryPointer, addr: number): Steps<void> {
    if (this.c.t.levels <= 3) return;
    if (!(yield* is_empty(this, 'PUD', pudp))) return;
    const page = table_page(this.c, yield* READ_ONCE(pgdp));
    yield* this.pgd_clear(pgdp);
    yield* this.__flush_tlb_kernel_pgtable(addr);
    yield* this.free_hotplug_pgtable_page(page);
  },

  *__remove_pgd_mapping(this: Kernel, start: number, size: number): Steps<void> {
    yield* this.remove_pagetable(start, start + size, false);
  },

  *vmemmap_free(this: Kernel, start: number, end: number, _altmap: vmem_altmap | null): Steps<void> {
    yield* this.remove_pagetable(start, end, true);
  },
};
