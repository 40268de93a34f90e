import type { Steps } from '../../../steps/step.ts';
import {
  addr_end,
  type EntryPointer,
  NULL_ENTRY,
  pmd_leaf,
  pud_leaf,
  READ_ONCE,
} from '../../include/linux/pgtable.ts';
import type { Kernel } from '../../kernel.ts';

/**
 * mm/memory.c: calls a function for every page of a range of kernel addresses, with tables allocated as needed; no
 * lock.
 */

/** pte_fn_t: called for a page's entry; a result other than 0 ends the walk. */
export type PteFn<Data> = (this: Kernel, ptep: EntryPointer, addr: number, data: Data) => Steps<number>;

export const v5_2 = {
  *apply_to_pte_range<Data>(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    fn: PteFn<Data>,
    data: Data,
  ): Steps<number> {
    let ptep = yield* this.pte_alloc_kernel(pmdp, addr);
    if (ptep === NULL_ENTRY) return -this.errno.ENOMEM;
    if (pmd_leaf(this.c, yield* READ_ONCE(pmdp))) yield* this.BUG('apply_to_pte_range');
    for (; addr !== end; addr += this.c.PAGE_SIZE, ptep += 8) {
      const err = yield* fn.call(this, ptep, addr, data);
      if (err) return err;
    }
    return 0;
  },

  *apply_to_pmd_range<Data>(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    fn: PteFn<Data>,
    data: Data,
  ): Steps<number> {
    if (pud_leaf(this.c, yield* READ_ONCE(pudp))) yield* this.BUG('apply_to_pmd_range');
    let pmdp = yield* this.pmd_alloc(pudp, addr);
    if (pmdp === NULL_ENTRY) return -this.errno.ENOMEM;
    for (let next = addr; addr !== end; addr = next, pmdp += 8) {
      next = addr_end(this.c.t, 'PMD', addr, end);
      const err = yield* this.apply_to_pte_range(pmdp, addr, next, fn, data);
      if (err) return err;
    }
    return 0;
  },

  *apply_to_pud_range<Data>(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    end: number,
    fn: PteFn<Data>,
    data: Data,
  ): Steps<number> {
    let pudp = yield* this.pud_alloc(p4dp, addr);
    if (pudp === NULL_ENTRY) return -this.errno.ENOMEM;
    for (let next = addr; addr !== end; addr = next, pudp += 8) {
      next = addr_end(this.c.t, 'PUD', addr, end);
      const err = yield* this.apply_to_pmd_range(pudp, addr, next, fn, data);
      if (err) return err;
    }
    return 0;
  },

  *apply_to_p4d_range<Data>(
    this: Kernel,
    pgdp: EntryPointer,
    addr: number,
    end: number,
    fn: PteFn<Data>,
    data: Data,
  ): Steps<number> {
    let p4dp = yield* this.p4d_alloc(pgdp, addr);
    if (p4dp === NULL_ENTRY) return -this.errno.ENOMEM;
    for (let next = addr; addr !== end; addr = next, p4dp += 8) {
      next = addr_end(this.c.t, 'P4D', addr, end);
      const err = yield* this.apply_to_pud_range(p4dp, addr, next, fn, data);
      if (err) return err;
    }
    return 0;
  },

  *apply_to_page_range<Data>(
    this: Kernel,
    addr: number,
    size: number,
    fn: PteFn<Data>,
    data: Data,
  ): Steps<number> {
    const end = addr + size;
    if (size <= 0) {
      yield* this.WARN('apply_to_page_range');
      return -this.errno.EINVAL;
    }
    let pgdp = yield* this.pgd_offset_k(addr);
    for (let next = addr; addr !== end; addr = next, pgdp += 8) {
      next = addr_end(this.c.t, 'PGD', addr, end);
      const err = yield* this.apply_to_p4d_range(pgdp, addr, next, fn, data);
      if (err) return err;
    }
    return 0;
  },
};
