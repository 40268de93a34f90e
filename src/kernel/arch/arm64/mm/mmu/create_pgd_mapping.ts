import { contSize, isFolded } from '../../../../../geometry/blocks.ts';
import { depthOf, entrySize } from '../../../../../geometry/translation.ts';
import { CONT, type Descriptor } from '../../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import {
  bad,
  type EntryPointer,
  leaf_entry,
  none,
  p4d_addr_end,
  pgd_addr_end,
  pgd_offset_pgd,
  pmd_addr_end,
  pmd_leaf,
  pud_addr_end,
  pud_leaf,
  READ_ONCE,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { lock, unlock } from '../../../../ops.ts';
import {
  p4d_clear_fixmap,
  p4d_set_fixmap_offset,
  pmd_clear_fixmap,
  pmd_set_fixmap_offset,
  pte_clear_fixmap,
  pte_set_fixmap_offset,
  pud_clear_fixmap,
  pud_set_fixmap_offset,
} from '../../include/asm/fixmap.ts';

/** arch/arm64/mm/mmu.c: __create_pgd_mapping(). */

export const NO_BLOCK_MAPPINGS = 1;
export const NO_CONT_MAPPINGS = 2;
export const NO_EXEC_MAPPINGS = 4;

/** The allocator of zeroed pages for tables: a function pointer in the kernel, here the function's name. */
export type PgtableAlloc = 'early_pgtable_alloc' | '__pgd_pgtable_alloc';

export const aligned = (size: number, ...values: readonly number[]): boolean =>
  values.every((v) => v % size === 0);

const same = (a: Descriptor, b: Descriptor): boolean => a.addr === b.addr && a.attr === b.attr;

/** PXD_TABLE_PXN, if nothing below may be executed. */
export const table_prot = (k: Kernel, flags: number): number =>
  flags & NO_EXEC_MAPPINGS ? k.c.pgprot.TABLE_NOEXEC : 0;

/** pXd_cont_addr_end. On a level without groups it is the end of the range. */
export function cont_addr_end(k: Kernel, name: 'PTE' | 'PMD', addr: number, end: number): number {
  const depth = depthOf(k.c.t, name);
  const size = contSize(k.c.t, depth);
  if (size === entrySize(k.c.t, depth)) return end;
  const boundary = (Math.floor(addr / size) + 1) * size;
  return boundary - 1 < end - 1 ? boundary : end;
}

/** The protection of a piece: with the contiguous hint if the whole piece is one group. */
export function cont_prot(
  k: Kernel,
  name: 'PTE' | 'PMD',
  [addr, next, phys]: readonly [number, number, number],
  prot: number,
  flags: number,
): number {
  const depth = depthOf(k.c.t, name);
  const size = contSize(k.c.t, depth);
  const hint = size > entrySize(k.c.t, depth) && aligned(size, addr, next, phys);
  return hint && (flags & NO_CONT_MAPPINGS) === 0 ? prot | CONT : prot;
}

const size_of = (k: Kernel, level: 'PMD' | 'PUD'): number => entrySize(k.c.t, depthOf(k.c.t, level));

type Mapping = [
  p4dp: EntryPointer,
  addr: number,
  end: number,
  phys: number,
  prot: number,
  pgtable_alloc: PgtableAlloc,
  flags: number,
];

/** alloc_init_pud(): the table. */
function* pud_table(
  k: Kernel,
  p4dp: EntryPointer,
  pgtable_alloc: PgtableAlloc,
  flags: number,
): Steps<number> {
  if (isFolded(k.c.t, 'PUD')) return 0;
  const p4d = yield* READ_ONCE(p4dp);
  if (none(p4d)) {
    const pud_phys = yield* k[pgtable_alloc]('PUD');
    if (pud_phys < 0) return -k.errno.ENOMEM;
    yield* k.__p4d_populate(p4dp, pud_phys, table_prot(k, flags));
  } else if (bad(k.c, p4d)) yield* k.BUG('alloc_init_pud');
  return 0;
}

/** alloc_init_pud(): the entries. 1G blocks with 4K pages only. */
function* init_puds(
  k: Kernel,
  ...[p4dp, from, end, phys, prot, pgtable_alloc, flags]: Mapping
): Steps<number> {
  const use_1G_block = k.c.PAGE_SHIFT === 12 && !(flags & NO_BLOCK_MAPPINGS);
  let addr = from;
  let pudp = yield* pud_set_fixmap_offset(k, p4dp, addr);
  for (let next = addr; addr !== end; addr = next, pudp += 8) {
    const old = yield* READ_ONCE(pudp);
    next = pud_addr_end(k.c, addr, end);
    if (use_1G_block && aligned(size_of(k, 'PUD'), addr, next, phys)) {
      yield* k.pud_set_huge(pudp, phys, prot);
      if (!(yield* k.pgattr_change_is_safe(old, yield* READ_ONCE(pudp)))) yield* k.BUG('alloc_init_pud');
    } else {
      const ret = yield* k.alloc_init_cont_pmd(pudp, addr, next, phys, prot, pgtable_alloc, flags);
      if (ret) return ret;
      if (!none(old) && !same(old, yield* READ_ONCE(pudp))) yield* k.BUG('alloc_init_pud');
    }
    phys += next - addr;
  }
  yield* pud_clear_fixmap(k);
  return 0;
}

export const v5_2 = {
  *init_pte(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
  ): Steps<void> {
    const { PAGE_SIZE } = this.c;
    let ptep = yield* pte_set_fixmap_offset(this, pmdp, addr);
    do {
      const old = yield* READ_ONCE(ptep);
      const pte = leaf_entry(this.c, phys, prot);
      yield* this.set_pte(ptep, pte);
      if (!(yield* this.pgattr_change_is_safe(old, pte))) yield* this.BUG('init_pte');
      phys += PAGE_SIZE;
      ptep += 8;
      addr += PAGE_SIZE;
    } while (addr !== end);
    yield* pte_clear_fixmap(this);
  },

  /** Here and above: 0 or -ENOMEM. */
  *alloc_init_cont_pte(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
    pgtable_alloc: PgtableAlloc,
    flags: number,
  ): Steps<number> {
    const pmd = yield* READ_ONCE(pmdp);
    if (pmd_leaf(this.c, pmd)) yield* this.BUG('alloc_init_cont_pte');
    if (none(pmd)) {
      const pte_phys = yield* this[pgtable_alloc]('PTE');
      if (pte_phys < 0) return -this.errno.ENOMEM;
      yield* this.__pmd_populate(pmdp, pte_phys, table_prot(this, flags));
    } else if (bad(this.c, pmd)) yield* this.BUG('alloc_init_cont_pte');
    for (let next = addr; addr !== end; addr = next) {
      next = cont_addr_end(this, 'PTE', addr, end);
      const piece = cont_prot(this, 'PTE', [addr, next, phys], prot, flags);
      yield* this.init_pte(pmdp, addr, next, phys, piece);
      phys += next - addr;
    }
    return 0;
  },

  *init_pmd(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
    pgtable_alloc: PgtableAlloc,
    flags: number,
  ): Steps<number> {
    let pmdp = yield* pmd_set_fixmap_offset(this, pudp, addr);
    for (let next = addr; addr !== end; addr = next, pmdp += 8) {
      const old = yield* READ_ONCE(pmdp);
      next = pmd_addr_end(this.c, addr, end);
      if (aligned(size_of(this, 'PMD'), addr, next, phys) && !(flags & NO_BLOCK_MAPPINGS)) {
        yield* this.pmd_set_huge(pmdp, phys, prot);
        if (!(yield* this.pgattr_change_is_safe(old, yield* READ_ONCE(pmdp)))) yield* this.BUG('init_pmd');
      } else {
        const ret = yield* this.alloc_init_cont_pte(pmdp, addr, next, phys, prot, pgtable_alloc, flags);
        if (ret) return ret;
        if (!none(old) && !same(old, yield* READ_ONCE(pmdp))) yield* this.BUG('init_pmd');
      }
      phys += next - addr;
    }
    yield* pmd_clear_fixmap(this);
    return 0;
  },

  *alloc_init_cont_pmd(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
    pgtable_alloc: PgtableAlloc,
    flags: number,
  ): Steps<number> {
    let pud = yield* READ_ONCE(pudp);
    if (pud_leaf(this.c, pud)) yield* this.BUG('alloc_init_cont_pmd');
    if (!isFolded(this.c.t, 'PMD')) {
      if (none(pud)) {
        const pmd_phys = yield* this[pgtable_alloc]('PMD');
        if (pmd_phys < 0) return -this.errno.ENOMEM;
        yield* this.__pud_populate(pudp, pmd_phys, table_prot(this, flags));
        pud = yield* READ_ONCE(pudp);
      }
      if (bad(this.c, pud)) yield* this.BUG('alloc_init_cont_pmd');
    }
    for (let next = addr; addr !== end; addr = next) {
      next = cont_addr_end(this, 'PMD', addr, end);
      const piece = cont_prot(this, 'PMD', [addr, next, phys], prot, flags);
      const ret = yield* this.init_pmd(pudp, addr, next, phys, piece, pgtable_alloc, flags);
      if (ret) return ret;
      phys += next - addr;
    }
    return 0;
  },

  *alloc_init_pud(this: Kernel, ...mapping: Mapping): Steps<number> {
    const [p4dp, , , , , pgtable_alloc, flags] = mapping;
    return (yield* pud_table(this, p4dp, pgtable_alloc, flags)) || (yield* init_puds(this, ...mapping));
  },

  /** Only with five levels (LPA2); otherwise a p4d is the pgd. */
  *alloc_init_p4d(
    this: Kernel,
    pgdp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
    pgtable_alloc: PgtableAlloc,
    flags: number,
  ): Steps<number> {
    if (isFolded(this.c.t, 'P4D'))
      return yield* this.alloc_init_pud(pgdp, addr, end, phys, prot, pgtable_alloc, flags);
    const pgd = yield* READ_ONCE(pgdp);
    if (none(pgd)) {
      const p4d_phys = yield* this[pgtable_alloc]('P4D');
      if (p4d_phys < 0) return -this.errno.ENOMEM;
      yield* this.__pgd_populate(pgdp, p4d_phys, table_prot(this, flags));
    } else if (bad(this.c, pgd)) yield* this.BUG('alloc_init_p4d');
    let p4dp = yield* p4d_set_fixmap_offset(this, pgdp, addr);
    for (let next = addr; addr !== end; addr = next, p4dp += 8) {
      next = p4d_addr_end(this.c, addr, end);
      const ret = yield* this.alloc_init_pud(p4dp, addr, next, phys, prot, pgtable_alloc, flags);
      if (ret) return ret;
      phys += next - addr;
    }
    yield* p4d_clear_fixmap(this);
    return 0;
  },

  /**
   * 0, or -ENOMEM from an allocator that may fail, with everything mapped so far left in place. No lock until v5.18.
   */
  *__create_pgd_mapping(
    this: Kernel,
    pgdir: EntryPointer,
    phys: number,
    virt: number,
    size: number,
    prot: number,
    pgtable_alloc: PgtableAlloc,
    flags: number,
  ): Steps<number> {
    const { PAGE_SIZE } = this.c;
    if ((((phys - virt) % PAGE_SIZE) + PAGE_SIZE) % PAGE_SIZE !== 0) {
      yield* this.WARN('__create_pgd_mapping');
      return -this.errno.EINVAL;
    }
    phys = Math.floor(phys / PAGE_SIZE) * PAGE_SIZE;
    let addr = Math.floor(virt / PAGE_SIZE) * PAGE_SIZE;
    const end = Math.ceil((virt + size) / PAGE_SIZE) * PAGE_SIZE;
    for (let next = addr; addr !== end; addr = next) {
      next = pgd_addr_end(this.c, addr, end);
      const pgdp = pgd_offset_pgd(this.c, pgdir, addr);
      const ret = yield* this.alloc_init_p4d(pgdp, addr, next, phys, prot, pgtable_alloc, flags);
      if (ret) return ret;
      phys += next - addr;
    }
    return 0;
  },
};

/** 5.10.223 (ee017ee35350): the slots are taken under a lock, once for each entry of the root. */
export const v5_10 = {
  *alloc_init_pud(this: Kernel, ...mapping: Mapping): Steps<number> {
    const [p4dp, , , , , pgtable_alloc, flags] = mapping;
    if (isFolded(this.c.t, 'PUD')) yield* READ_ONCE(p4dp);
    const ret = yield* pud_table(this, p4dp, pgtable_alloc, flags);
    if (ret) return ret;
    yield* lock('fixmap_lock', 'mutex');
    yield* init_puds(this, ...mapping);
    yield* unlock('fixmap_lock', 'mutex');
    return 0;
  },
};

/** One lock around all of it. */
export const v5_18 = {
  alloc_init_pud: v5_2.alloc_init_pud,
  __create_pgd_mapping_locked: v5_2.__create_pgd_mapping,

  *__create_pgd_mapping(
    this: Kernel,
    ...mapping: Parameters<typeof v5_2.__create_pgd_mapping>
  ): Steps<number> {
    yield* lock('fixmap_lock', 'mutex');
    const ret = yield* this.__create_pgd_mapping_locked(...mapping);
    yield* unlock('fixmap_lock', 'mutex');
    return ret;
  },
};
