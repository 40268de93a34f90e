import { depthOf, entrySize } from '../../geometry/translation.ts';
import type { Steps } from '../../steps/step.ts';
import {
  addr_end,
  type EntryPointer,
  leaf_entry,
  NULL_ENTRY,
  none,
  present,
  READ_ONCE,
} from '../include/linux/pgtable.ts';
import type { Kernel } from '../kernel.ts';
import { PFN_DOWN } from '../pfn.ts';
import { VM } from '../state.ts';

/**
 * lib/ioremap.c and arch/arm64/mm/ioremap.c: physical ranges in the vmalloc region, by blocks where the architecture has huge
 * vmaps. Tables are installed as in vmalloc().
 */

const size_of = (k: Kernel, level: 'PMD' | 'PUD'): number => entrySize(k.c.t, depthOf(k.c.t, level));

export const v5_2 = {
  *ioremap_pte_range(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
  ): Steps<number> {
    const { PAGE_SIZE } = this.c;
    let ptep = yield* this.pte_alloc_kernel(pmdp, addr);
    if (ptep === NULL_ENTRY) return -this.errno.ENOMEM;
    do {
      if (!none(yield* READ_ONCE(ptep))) yield* this.BUG('ioremap_pte_range');
      yield* this.set_pte(ptep, leaf_entry(this.c, phys, prot));
      ptep += 8;
      phys += PAGE_SIZE;
      addr += PAGE_SIZE;
    } while (addr !== end);
    return 0;
  },

  *ioremap_try_huge_pmd(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
  ): Steps<boolean> {
    if (!(yield* this.arch_ioremap_pmd_supported())) return false;
    const size = size_of(this, 'PMD');
    if (end - addr !== size || phys % size !== 0) return false;
    if (present(this.c, yield* READ_ONCE(pmdp)) && !(yield* this.pmd_free_pte_page(pmdp, addr))) return false;
    return (yield* this.pmd_set_huge(pmdp, phys, prot)) === 1;
  },

  *ioremap_pmd_range(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
  ): Steps<number> {
    let pmdp = yield* this.pmd_alloc(pudp, addr);
    if (pmdp === NULL_ENTRY) return -this.errno.ENOMEM;
    do {
      const next = addr_end(this.c.t, 'PMD', addr, end);
      if (
        !(yield* this.ioremap_try_huge_pmd(pmdp, addr, next, phys, prot)) &&
        (yield* this.ioremap_pte_range(pmdp, addr, next, phys, prot))
      )
        return -this.errno.ENOMEM;
      pmdp += 8;
      phys += next - addr;
      addr = next;
    } while (addr !== end);
    return 0;
  },

  *ioremap_try_huge_pud(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
  ): Steps<boolean> {
    if (!(yield* this.arch_ioremap_pud_supported())) return false;
    const size = size_of(this, 'PUD');
    if (end - addr !== size || phys % size !== 0) return false;
    if (present(this.c, yield* READ_ONCE(pudp)) && !(yield* this.pud_free_pmd_page(pudp, addr))) return false;
    return (yield* this.pud_set_huge(pudp, phys, prot)) === 1;
  },

  *ioremap_pud_range(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
  ): Steps<number> {
    let pudp = yield* this.pud_alloc(p4dp, addr);
    if (pudp === NULL_ENTRY) return -this.errno.ENOMEM;
    do {
      const next = addr_end(this.c.t, 'PUD', addr, end);
      if (
        !(yield* this.ioremap_try_huge_pud(pudp, addr, next, phys, prot)) &&
        (yield* this.ioremap_pmd_range(pudp, addr, next, phys, prot))
      )
        return -this.errno.ENOMEM;
      pudp += 8;
      phys += next - addr;
      addr = next;
    } while (addr !== end);
    return 0;
  },

  /** Blocks of this level are never tried: arm64 has none. */
  *ioremap_p4d_range(
    this: Kernel,
    pgdp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
  ): Steps<number> {
    let p4dp = yield* this.p4d_alloc(pgdp, addr);
    if (p4dp === NULL_ENTRY) return -this.errno.ENOMEM;
    do {
      const next = addr_end(this.c.t, 'P4D', addr, end);
      if (yield* this.ioremap_pud_range(p4dp, addr, next, phys, prot)) return -this.errno.ENOMEM;
      p4dp += 8;
      phys += next - addr;
      addr = next;
    } while (addr !== end);
    return 0;
  },

  *ioremap_page_range(this: Kernel, addr: number, end: number, phys: number, prot: number): Steps<number> {
    if (addr >= end) yield* this.BUG('ioremap_page_range');
    do {
      const next = addr_end(this.c.t, 'PGD', addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      const err = yield* this.ioremap_p4d_range(pgdp, addr, next, phys, prot);
      if (err) return err;
      phys += next - addr;
      addr = next;
    } while (addr !== end);
    return 0;
  },

  /** The address of `phys`, or 0. Not for RAM. An area is aligned to its size, at most to the largest block. */
  *__ioremap(this: Kernel, phys: number, size: number, prot: number): Steps<number> {
    const { PAGE_SIZE, layout } = this.c;
    const start = Math.floor(phys / PAGE_SIZE) * PAGE_SIZE;
    const bytes = Math.ceil((phys + size - start) / PAGE_SIZE) * PAGE_SIZE;
    if (yield* this.pfn_valid(PFN_DOWN(this.c, start))) {
      yield* this.WARN('__ioremap_caller');
      return 0;
    }
    const largest = size_of(this, this.c.PAGE_SHIFT === 12 ? 'PUD' : 'PMD');
    const align = Math.min(largest, 2 ** Math.ceil(Math.log2(bytes)));
    const area = yield* this.__get_vm_area_node(
      bytes,
      align,
      VM.IOREMAP,
      layout.VMALLOC_START,
      layout.VMALLOC_END,
    );
    if (area === null) return 0;
    if (yield* this.ioremap_page_range(area, area + bytes, start, prot)) {
      yield* this.vunmap(area);
      return 0;
    }
    return area + (phys - start);
  },

  *iounmap(this: Kernel, addr: number): Steps<void> {
    yield* this.vunmap(Math.floor(addr / this.c.PAGE_SIZE) * this.c.PAGE_SIZE);
  },
};
