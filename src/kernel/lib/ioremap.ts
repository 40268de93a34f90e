import { depthOf, entrySize } from '../../geometry/translation.ts';
import { CONT } from '../../hardware/descriptor/descriptor.ts';
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
import { trylock, unlock } from '../ops.ts';

/** lib/ioremap.c, from v5.13 on mm/vmalloc.c: physical ranges, by blocks where the architecture has huge vmaps. Tables are installed as in vmalloc(). */

const size_of = (k: Kernel, level: 'PMD' | 'PUD'): number => entrySize(k.c.t, depthOf(k.c.t, level));

const fits = (k: Kernel, level: 'PMD' | 'PUD', addr: number, end: number, phys: number): boolean =>
  end - addr === size_of(k, level) && phys % size_of(k, level) === 0;

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
    if (!(yield* this.arch_ioremap_pmd_supported()) || !fits(this, 'PMD', addr, end, phys)) return false;
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
    if (!(yield* this.arch_ioremap_pud_supported()) || !fits(this, 'PUD', addr, end, phys)) return false;
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

  /** Blocks of this level are not tried: arm64 has none. */
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
};

/** Whether a table could be freed and a block set in its place, under init_mm's mmap lock; without a wait for it. */
function* replace_table(free: Steps<boolean>, set: Steps<number>): Steps<boolean> {
  if (!(yield* trylock('init_mm.mmap_lock', 'rwsem', 'read'))) return false;
  const done = (yield* free) && (yield* set) === 1;
  yield* unlock('init_mm.mmap_lock', 'rwsem', 'read');
  return done;
}

/**
 * 6.12.117, 7.2.13: ptdump, which holds the lock for writing, is kept away while a block replaces a table
 * (vmap_try_huge_pmd(), vmap_try_huge_pud()); while it walks there is no block. 6.1.192 has this on other
 * architectures only.
 */
export const v6_12_117 = {
  *ioremap_try_huge_pmd(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
  ): Steps<boolean> {
    if (!(yield* this.arch_ioremap_pmd_supported()) || !fits(this, 'PMD', addr, end, phys)) return false;
    if (!present(this.c, yield* READ_ONCE(pmdp))) return (yield* this.pmd_set_huge(pmdp, phys, prot)) === 1;
    return yield* replace_table(this.pmd_free_pte_page(pmdp, addr), this.pmd_set_huge(pmdp, phys, prot));
  },

  *ioremap_try_huge_pud(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
  ): Steps<boolean> {
    if (!(yield* this.arch_ioremap_pud_supported()) || !fits(this, 'PUD', addr, end, phys)) return false;
    if (!present(this.c, yield* READ_ONCE(pudp))) return (yield* this.pud_set_huge(pudp, phys, prot)) === 1;
    return yield* replace_table(this.pud_free_pmd_page(pudp, addr), this.pud_set_huge(pudp, phys, prot));
  },
};

export const v6_16 = {
  /** Contiguous groups where they fit; the barriers come once, after the last page. */
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
      const size = yield* this.arch_vmap_pte_range_map_size(addr, end, phys);
      const nr = size / PAGE_SIZE;
      yield* this.__set_ptes_anysz(ptep, phys, nr > 1 ? prot | CONT : prot, nr);
      ptep += nr * 8;
      phys += size;
      addr += size;
    } while (addr !== end);
    yield* this.emit_pte_barriers();
    return 0;
  },
};
