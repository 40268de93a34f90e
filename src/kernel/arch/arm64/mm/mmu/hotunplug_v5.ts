import { depth_of, entry_size } from '../../../../../geometry/translation.ts';
import { INVALID } from '../../../../../hardware/descriptor.ts';
import type { WordRun } from '../../../../../hardware/words.ts';
import type { Steps } from '../../../../../steps/step.ts';
import {
  addr_end,
  type EntryPointer,
  leaf_address,
  none,
  pmd_leaf,
  present,
  pud_leaf,
  READ_ONCE,
  READ_RUN,
  table_page,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel, vmem_altmap } from '../../../../kernel.ts';
import { lock, unlock } from '../../../../ops.ts';

/**
 * V5 of arm64 memory hot-remove (May 2019): taking down a range of the kernel's tables in one pass under init_mm's page_table_lock (FACTS 2.6). What a leaf
 * maps is freed before the leaf is cleared, blocks are never invalidated, and PTEs only after the last of a table
 * (B10 to B13). The lock keeps off those who install tables, not those who write leaves (B14 to B16).
 */

const PTL = 'init_mm.page_table_lock';

/** addr < end, of unsigned longs: a range that ends with the address space is empty. */
const before = (addr: number, end: number): boolean => end !== 0 && addr < end;

/** Free what a run of PTEs maps. */
function* free_mapped(k: Kernel, run: WordRun): Steps<void> {
  const { PAGE_SIZE } = k.c;
  const together = run.n === 1 || run.stride === PAGE_SIZE;
  for (let i = 0; i < run.n; i += together ? run.n : 1) {
    const phys = leaf_address(k.c, { addr: run.addr + i * run.stride, attr: run.attr });
    yield* k.free_hotplug_page_range(phys, (together ? run.n : 1) * PAGE_SIZE, null);
  }
}

/** ptep[i], plain reads: whether all of a table is none. */
export function* is_empty(k: Kernel, level: 'PTE' | 'PMD' | 'PUD', base: EntryPointer): Steps<boolean> {
  const entries = k.c.t.entries[depth_of(k.c.t, level)]!;
  for (let i = 0; i < entries; ) {
    const run = yield* READ_RUN(base + i * 8, Math.min(k.c.run_limit, entries - i));
    if (!none(run)) return false;
    i += run.n;
  }
  return true;
}

/** Unlink a table and free it: the page is the one its entry names now. */
function* free_table(k: Kernel, level: 'PTE' | 'PMD' | 'PUD', p: EntryPointer, addr: number): Steps<void> {
  const page = table_page(k.c, yield* READ_ONCE(p));
  yield* k.set_pxd(p, INVALID);
  yield* k.__flush_tlb_kernel_pgtable(addr);
  yield* k.free_hotplug_pgtable_page(level, page);
}

export const S1 = {
  *remove_pagetable(this: Kernel, start: number, end: number, sparse_vmap: boolean): Steps<void> {
    yield* lock(PTL, 'spinlock');
    for (let addr = start; before(addr, end); ) {
      const next = addr_end(this.c.t, 'PGD', addr, end);
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
      const next = addr_end(t, 'PUD', addr, end);
      const pudp = yield* this.pud_offset(pgdp, addr);
      const pud = yield* READ_ONCE(pudp);
      if (!none(pud)) {
        if (!present(this.c, pud)) yield* this.WARN('remove_pud_table');
        if (pud_leaf(this.c, pud)) {
          const size = entry_size(t, depth_of(t, 'PUD'));
          if (sparse_vmap) yield* this.free_hotplug_page_range(leaf_address(this.c, pud), size, null);
          yield* this.set_pxd(pudp, INVALID);
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
      const next = addr_end(t, 'PMD', addr, end);
      const pmdp = yield* this.pmd_offset(pudp, addr);
      const pmd = yield* READ_ONCE(pmdp);
      if (!none(pmd)) {
        if (!present(this.c, pmd)) yield* this.WARN('remove_pmd_table');
        if (pmd_leaf(this.c, pmd)) {
          const size = entry_size(t, depth_of(t, 'PMD'));
          if (sparse_vmap) yield* this.free_hotplug_page_range(leaf_address(this.c, pmd), size, null);
          yield* this.set_pxd(pmdp, INVALID);
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
    const { PAGE_SIZE, run_limit } = this.c;
    const start = addr;
    while (before(addr, end)) {
      const ptep = yield* this.pte_offset_kernel(pmdp, addr);
      const run = yield* READ_RUN(ptep, Math.min(run_limit, Math.ceil((end - addr) / PAGE_SIZE)));
      if (!none(run)) {
        if (!present(this.c, run)) yield* this.WARN('remove_pte_table');
        if (sparse_vmap) yield* free_mapped(this, run);
        yield* this.set_pte(ptep, INVALID, run.n);
      }
      addr += run.n * PAGE_SIZE;
    }
    yield* this.flush_tlb_kernel_range(start, end);
  },

  *free_pte_table(this: Kernel, ptep: EntryPointer, pmdp: EntryPointer, addr: number): Steps<void> {
    if (yield* is_empty(this, 'PTE', ptep)) yield* free_table(this, 'PTE', pmdp, addr);
  },

  *free_pmd_table(this: Kernel, pmdp: EntryPointer, pudp: EntryPointer, addr: number): Steps<void> {
    if (this.c.t.levels <= 2) return;
    if (yield* is_empty(this, 'PMD', pmdp)) yield* free_table(this, 'PMD', pudp, addr);
  },

  *free_pud_table(this: Kernel, pudp: EntryPointer, pgdp: EntryPointer, addr: number): Steps<void> {
    if (this.c.t.levels <= 3) return;
    if (yield* is_empty(this, 'PUD', pudp)) yield* free_table(this, 'PUD', pgdp, addr);
  },

  *__remove_pgd_mapping(this: Kernel, start: number, size: number): Steps<void> {
    yield* this.remove_pagetable(start, start + size, false);
  },

  *arch_vmemmap_free(this: Kernel, start: number, end: number, _altmap: vmem_altmap | null): Steps<void> {
    yield* this.remove_pagetable(start, end, true);
  },
};
