import type { Steps } from '../../../steps/step.ts';
import {
  addr_end,
  type EntryPointer,
  leaf_entry,
  NULL_ENTRY,
  none,
  READ_ONCE,
} from '../../include/linux/pgtable.ts';
import type { Kernel } from '../../kernel.ts';
import { PFN_PHYS } from '../../pfn.ts';

/**
 * mm/vmalloc.c: mapping pages. No lock is held between reading a table's address and writing the last leaf in it, and no
 * TLBI is issued: entries only become valid.
 */

/** int *nr: how many of the pages are mapped; private to one caller. */
export interface Mapped {
  nr: number;
}

export const v5_2 = {
  *vmap_pte_range(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    prot: number,
    pages: readonly number[],
    mapped: Mapped,
  ): Steps<number> {
    const { PAGE_SIZE } = this.c;
    let ptep = yield* this.pte_alloc_kernel(pmdp, addr);
    if (ptep === NULL_ENTRY) return -this.errno.ENOMEM;
    do {
      if (!none(yield* READ_ONCE(ptep))) {
        yield* this.WARN('vmap_pte_range');
        return -this.errno.EBUSY;
      }
      yield* this.set_pte(ptep, leaf_entry(this.c, PFN_PHYS(this.c, pages[mapped.nr]!), prot));
      mapped.nr++;
      ptep += 8;
      addr += PAGE_SIZE;
    } while (addr !== end);
    return 0;
  },

  /** Here and above every failure becomes -ENOMEM. */
  *vmap_pmd_range(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    prot: number,
    pages: readonly number[],
    mapped: Mapped,
  ): Steps<number> {
    let pmdp = yield* this.pmd_alloc(pudp, addr);
    if (pmdp === NULL_ENTRY) return -this.errno.ENOMEM;
    do {
      const next = addr_end(this.c.t, 'PMD', addr, end);
      if (yield* this.vmap_pte_range(pmdp, addr, next, prot, pages, mapped)) return -this.errno.ENOMEM;
      pmdp += 8;
      addr = next;
    } while (addr !== end);
    return 0;
  },

  *vmap_pud_range(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    end: number,
    prot: number,
    pages: readonly number[],
    mapped: Mapped,
  ): Steps<number> {
    let pudp = yield* this.pud_alloc(p4dp, addr);
    if (pudp === NULL_ENTRY) return -this.errno.ENOMEM;
    do {
      const next = addr_end(this.c.t, 'PUD', addr, end);
      if (yield* this.vmap_pmd_range(pudp, addr, next, prot, pages, mapped)) return -this.errno.ENOMEM;
      pudp += 8;
      addr = next;
    } while (addr !== end);
    return 0;
  },

  *vmap_p4d_range(
    this: Kernel,
    pgdp: EntryPointer,
    addr: number,
    end: number,
    prot: number,
    pages: readonly number[],
    mapped: Mapped,
  ): Steps<number> {
    let p4dp = yield* this.p4d_alloc(pgdp, addr);
    if (p4dp === NULL_ENTRY) return -this.errno.ENOMEM;
    do {
      const next = addr_end(this.c.t, 'P4D', addr, end);
      if (yield* this.vmap_pud_range(p4dp, addr, next, prot, pages, mapped)) return -this.errno.ENOMEM;
      p4dp += 8;
      addr = next;
    } while (addr !== end);
    return 0;
  },

  /** The number of pages mapped, or -ENOMEM with everything mapped so far left in place. */
  *vmap_page_range_noflush(
    this: Kernel,
    start: number,
    end: number,
    prot: number,
    pages: readonly number[],
  ): Steps<number> {
    if (start >= end) yield* this.BUG('vmap_page_range_noflush');
    const mapped: Mapped = { nr: 0 };
    for (let addr = start; addr !== end; ) {
      const next = addr_end(this.c.t, 'PGD', addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      const err = yield* this.vmap_p4d_range(pgdp, addr, next, prot, pages, mapped);
      if (err) return err;
      addr = next;
    }
    return mapped.nr;
  },

  /** arm64's flush_cache_vmap does nothing. */
  *vmap_page_range(
    this: Kernel,
    start: number,
    end: number,
    prot: number,
    pages: readonly number[],
  ): Steps<number> {
    return yield* this.vmap_page_range_noflush(start, end, prot, pages);
  },
};

/** v6.16: a lazy MMU section, whose barriers come once, after the last page. */
export const v6_16 = {
  *vmap_pte_range(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    prot: number,
    pages: readonly number[],
    mapped: Mapped,
  ): Steps<number> {
    const { PAGE_SIZE } = this.c;
    let ptep = yield* this.pte_alloc_kernel(pmdp, addr);
    if (ptep === NULL_ENTRY) return -this.errno.ENOMEM;
    let ret = 0;
    let set = false;
    do {
      if (!none(yield* READ_ONCE(ptep))) {
        yield* this.WARN('vmap_pte_range');
        ret = -this.errno.EBUSY;
        break;
      }
      yield* this.__set_ptes_anysz(ptep, PFN_PHYS(this.c, pages[mapped.nr]!), prot, 1);
      set = true;
      mapped.nr++;
      ptep += 8;
      addr += PAGE_SIZE;
    } while (addr !== end);
    if (set) yield* this.emit_pte_barriers();
    return ret;
  },
};
