import { isFolded } from '../../../../../geometry/blocks.ts';
import { depthOf, entrySize } from '../../../../../geometry/translation.ts';
import type { Steps } from '../../../../../steps/step.ts';
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
} from '../../../../include/linux/pgtable.ts';
import type { Kernel, vmem_altmap } from '../../../../kernel.ts';
import { cont } from '../../include/asm/pgtable.ts';
import { before } from './unsigned.ts';

/**
 * arch/arm64/mm/mmu.c: the first pass of a tear-down, which removes leaves. A block is removed completely, even if only
 * a part of it is in the range (B27).
 */

const PUD_SIZE = (k: Kernel): number => entrySize(k.c.t, depthOf(k.c.t, 'PUD'));

export const arm64_v6 = {
  *unmap_hotplug_range(
    this: Kernel,
    addr: number,
    end: number,
    sparse_vmap: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pgd_addr_end(this.c, addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      const pgd = yield* READ_ONCE(pgdp);
      if (none(pgd)) continue;
      if (!present(this.c, pgd)) yield* this.WARN('unmap_hotplug_range');
      yield* this.unmap_hotplug_p4d_range(pgdp, addr, next, sparse_vmap, altmap);
    }
  },

  *unmap_hotplug_p4d_range(
    this: Kernel,
    pgdp: EntryPointer,
    addr: number,
    end: number,
    sparse_vmap: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    if (isFolded(this.c.t, 'P4D')) {
      yield* this.unmap_hotplug_pud_range(pgdp, addr, end, sparse_vmap, altmap);
      return;
    }
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = p4d_addr_end(this.c, addr, end);
      const p4dp = yield* this.p4d_offset(pgdp, addr);
      const p4d = yield* READ_ONCE(p4dp);
      if (!none(p4d)) yield* this.unmap_hotplug_pud_range(p4dp, addr, next, sparse_vmap, altmap);
    }
  },

  *unmap_hotplug_pud_range(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    end: number,
    sparse_vmap: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pud_addr_end(this.c, addr, end);
      const pudp = yield* this.pud_offset(p4dp, addr);
      const pud = yield* READ_ONCE(pudp);
      if (none(pud)) continue;
      if (!present(this.c, pud)) yield* this.WARN('unmap_hotplug_pud_range');
      if (pud_leaf(this.c, pud)) {
        yield* this.pud_clear(pudp);
        yield* this.flush_tlb_kernel_range(addr, next);
        if (sparse_vmap)
          yield* this.free_hotplug_page_range(leaf_address(this.c, pud), PUD_SIZE(this), altmap);
        continue;
      }
      yield* this.unmap_hotplug_pmd_range(pudp, addr, next, sparse_vmap, altmap);
    }
  },

  *unmap_hotplug_pmd_range(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    sparse_vmap: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pmd_addr_end(this.c, addr, end);
      const pmdp = yield* this.pmd_offset(pudp, addr);
      const pmd = yield* READ_ONCE(pmdp);
      if (none(pmd)) continue;
      if (!present(this.c, pmd)) yield* this.WARN('unmap_hotplug_pmd_range');
      if (pmd_leaf(this.c, pmd)) {
        yield* this.pmd_clear(pmdp);
        yield* this.flush_tlb_kernel_range(addr, next);
        if (sparse_vmap)
          yield* this.free_hotplug_page_range(leaf_address(this.c, pmd), this.c.PMD_SIZE, altmap);
        continue;
      }
      yield* this.unmap_hotplug_pte_range(pmdp, addr, next, sparse_vmap, altmap);
    }
  },

  *unmap_hotplug_pte_range(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    sparse_vmap: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    const { PAGE_SIZE } = this.c;
    for (let more = true; more; addr += PAGE_SIZE, more = before(addr, end)) {
      const ptep = yield* this.pte_offset_kernel(pmdp, addr);
      const pte = yield* READ_ONCE(ptep);
      if (none(pte)) continue;
      if (!present(this.c, pte)) yield* this.WARN('unmap_hotplug_pte_range');
      yield* this.pte_clear(ptep);
      yield* this.flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
      if (sparse_vmap) yield* this.free_hotplug_page_range(leaf_address(this.c, pte), PAGE_SIZE, altmap);
    }
  },
};

/** One invalidation anywhere in a block is sufficient. */
export const v5_7 = {
  *unmap_hotplug_pud_range(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    end: number,
    free_mapped: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pud_addr_end(this.c, addr, end);
      const pudp = yield* this.pud_offset(p4dp, addr);
      const pud = yield* READ_ONCE(pudp);
      if (none(pud)) continue;
      if (!present(this.c, pud)) yield* this.WARN('unmap_hotplug_pud_range');
      if (pud_leaf(this.c, pud)) {
        yield* this.pud_clear(pudp);
        yield* this.flush_tlb_kernel_range(addr, addr + this.c.PAGE_SIZE);
        if (free_mapped)
          yield* this.free_hotplug_page_range(leaf_address(this.c, pud), PUD_SIZE(this), altmap);
        continue;
      }
      yield* this.unmap_hotplug_pmd_range(pudp, addr, next, free_mapped, altmap);
    }
  },

  *unmap_hotplug_pmd_range(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    free_mapped: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pmd_addr_end(this.c, addr, end);
      const pmdp = yield* this.pmd_offset(pudp, addr);
      const pmd = yield* READ_ONCE(pmdp);
      if (none(pmd)) continue;
      if (!present(this.c, pmd)) yield* this.WARN('unmap_hotplug_pmd_range');
      if (pmd_leaf(this.c, pmd)) {
        yield* this.pmd_clear(pmdp);
        yield* this.flush_tlb_kernel_range(addr, addr + this.c.PAGE_SIZE);
        if (free_mapped)
          yield* this.free_hotplug_page_range(leaf_address(this.c, pmd), this.c.PMD_SIZE, altmap);
        continue;
      }
      yield* this.unmap_hotplug_pte_range(pmdp, addr, next, free_mapped, altmap);
    }
  },
};

/** 6.1.192, 6.12.117, v7.1 (48478b9f7913): the leaves of the linear map are flushed at once, after the last (B26). */
export const v6_1_192 = {
  *unmap_hotplug_range(
    this: Kernel,
    addr: number,
    end: number,
    free_mapped: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    if (!free_mapped && altmap) yield* this.WARN('unmap_hotplug_range');
    yield* arm64_v6.unmap_hotplug_range.call(this, addr, end, free_mapped, altmap);
    if (!free_mapped) yield* this.flush_tlb_kernel_range(addr, end);
  },

  *unmap_hotplug_pud_range(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    end: number,
    free_mapped: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pud_addr_end(this.c, addr, end);
      const pudp = yield* this.pud_offset(p4dp, addr);
      const pud = yield* READ_ONCE(pudp);
      if (none(pud)) continue;
      if (!present(this.c, pud)) yield* this.WARN('unmap_hotplug_pud_range');
      if (pud_leaf(this.c, pud)) {
        yield* this.pud_clear(pudp);
        if (free_mapped) {
          yield* this.flush_tlb_kernel_range(addr, addr + this.c.PAGE_SIZE);
          yield* this.free_hotplug_page_range(leaf_address(this.c, pud), PUD_SIZE(this), altmap);
        }
        continue;
      }
      yield* this.unmap_hotplug_pmd_range(pudp, addr, next, free_mapped, altmap);
    }
  },

  *unmap_hotplug_pmd_range(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    free_mapped: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pmd_addr_end(this.c, addr, end);
      const pmdp = yield* this.pmd_offset(pudp, addr);
      const pmd = yield* READ_ONCE(pmdp);
      if (none(pmd)) continue;
      if (!present(this.c, pmd)) yield* this.WARN('unmap_hotplug_pmd_range');
      if (pmd_leaf(this.c, pmd)) {
        yield* this.pmd_clear(pmdp);
        if (free_mapped) {
          if (cont(pmd)) yield* this.WARN('unmap_hotplug_pmd_range');
          yield* this.flush_tlb_kernel_range(addr, addr + this.c.PAGE_SIZE);
          yield* this.free_hotplug_page_range(leaf_address(this.c, pmd), this.c.PMD_SIZE, altmap);
        }
        continue;
      }
      yield* this.unmap_hotplug_pte_range(pmdp, addr, next, free_mapped, altmap);
    }
  },

  *unmap_hotplug_pte_range(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    free_mapped: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    const { PAGE_SIZE } = this.c;
    for (let more = true; more; addr += PAGE_SIZE, more = before(addr, end)) {
      const ptep = yield* this.pte_offset_kernel(pmdp, addr);
      const pte = yield* READ_ONCE(ptep);
      if (none(pte)) continue;
      if (!present(this.c, pte)) yield* this.WARN('unmap_hotplug_pte_range');
      yield* this.pte_clear(ptep);
      if (free_mapped) {
        if (cont(pte)) yield* this.WARN('unmap_hotplug_pte_range');
        yield* this.flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
        yield* this.free_hotplug_page_range(leaf_address(this.c, pte), PAGE_SIZE, altmap);
      }
    }
  },
};

/** 5.10.262: as 6.1.192, but a block of the memmap is flushed page by page. */
export const v5_10_262 = {
  ...v6_1_192,

  *unmap_hotplug_pud_range(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    end: number,
    free_mapped: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pud_addr_end(this.c, addr, end);
      const pudp = yield* this.pud_offset(p4dp, addr);
      const pud = yield* READ_ONCE(pudp);
      if (none(pud)) continue;
      if (!present(this.c, pud)) yield* this.WARN('unmap_hotplug_pud_range');
      if (pud_leaf(this.c, pud)) {
        yield* this.pud_clear(pudp);
        if (free_mapped) {
          yield* this.flush_tlb_kernel_range(addr, addr + PUD_SIZE(this));
          yield* this.free_hotplug_page_range(leaf_address(this.c, pud), PUD_SIZE(this), altmap);
        }
        continue;
      }
      yield* this.unmap_hotplug_pmd_range(pudp, addr, next, free_mapped, altmap);
    }
  },

  *unmap_hotplug_pmd_range(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    free_mapped: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
      next = pmd_addr_end(this.c, addr, end);
      const pmdp = yield* this.pmd_offset(pudp, addr);
      const pmd = yield* READ_ONCE(pmdp);
      if (none(pmd)) continue;
      if (!present(this.c, pmd)) yield* this.WARN('unmap_hotplug_pmd_range');
      if (pmd_leaf(this.c, pmd)) {
        yield* this.pmd_clear(pmdp);
        if (free_mapped) {
          if (cont(pmd)) yield* this.WARN('unmap_hotplug_pmd_range');
          yield* this.flush_tlb_kernel_range(addr, addr + this.c.PMD_SIZE);
          yield* this.free_hotplug_page_range(leaf_address(this.c, pmd), this.c.PMD_SIZE, altmap);
        }
        continue;
      }
      yield* this.unmap_hotplug_pte_range(pmdp, addr, next, free_mapped, altmap);
    }
  },
};
