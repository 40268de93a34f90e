import { is_block } from '../../../hardware/descriptor.ts';
import type { Steps } from '../../../steps/step.ts';
import { addr_end, type EntryPointer, READ_ONCE } from '../../arch/arm64/include/asm/pgtable.ts';
import type { PageChange } from '../../arch/arm64/mm/pageattr.ts';
import type { Kernel } from '../../kernel.ts';
import { NULL_ENTRY } from './pgalloc.ts';

/**
 * mm/memory.c: every page of a range of the kernel's addresses, with tables where there are none; no lock. What is done to a
 * page is always pageattr.c's change here.
 */
export const v5_2 = {
  *apply_to_pte_range(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    change: PageChange,
  ): Steps<number> {
    let ptep = yield* this.pte_alloc_kernel(pmdp, addr, null);
    if (ptep === NULL_ENTRY) return -this.errno.ENOMEM;
    if (is_block(yield* READ_ONCE(pmdp))) yield* this.BUG('apply_to_pte_range');
    for (; addr !== end; addr += this.c.PAGE_SIZE, ptep += 8) {
      const err = yield* this.change_page_range(ptep, change);
      if (err) return err;
    }
    return 0;
  },

  *apply_to_pmd_range(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    change: PageChange,
  ): Steps<number> {
    if (is_block(yield* READ_ONCE(pudp))) yield* this.BUG('apply_to_pmd_range');
    let pmdp = yield* this.pmd_alloc(pudp, addr, null);
    if (pmdp === NULL_ENTRY) return -this.errno.ENOMEM;
    for (let next = addr; addr !== end; addr = next, pmdp += 8) {
      next = addr_end(this.c.t, 'PMD', addr, end);
      const err = yield* this.apply_to_pte_range(pmdp, addr, next, change);
      if (err) return err;
    }
    return 0;
  },

  *apply_to_pud_range(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    end: number,
    change: PageChange,
  ): Steps<number> {
    let pudp = yield* this.pud_alloc(p4dp, addr, null);
    if (pudp === NULL_ENTRY) return -this.errno.ENOMEM;
    for (let next = addr; addr !== end; addr = next, pudp += 8) {
      next = addr_end(this.c.t, 'PUD', addr, end);
      const err = yield* this.apply_to_pmd_range(pudp, addr, next, change);
      if (err) return err;
    }
    return 0;
  },

  *apply_to_p4d_range(
    this: Kernel,
    pgdp: EntryPointer,
    addr: number,
    end: number,
    change: PageChange,
  ): Steps<number> {
    let p4dp = yield* this.p4d_alloc(pgdp, addr, null);
    if (p4dp === NULL_ENTRY) return -this.errno.ENOMEM;
    for (let next = addr; addr !== end; addr = next, p4dp += 8) {
      next = addr_end(this.c.t, 'P4D', addr, end);
      const err = yield* this.apply_to_pud_range(p4dp, addr, next, change);
      if (err) return err;
    }
    return 0;
  },

  *apply_to_page_range(this: Kernel, addr: number, size: number, change: PageChange): Steps<number> {
    const end = addr + size;
    if (size <= 0) {
      yield* this.WARN('apply_to_page_range');
      return -this.errno.EINVAL;
    }
    let pgdp = yield* this.pgd_offset_k(addr);
    for (let next = addr; addr !== end; addr = next, pgdp += 8) {
      next = addr_end(this.c.t, 'PGD', addr, end);
      const err = yield* this.apply_to_p4d_range(pgdp, addr, next, change);
      if (err) return err;
    }
    return 0;
  },
};
