import { contEntries, isFolded } from '../../../../../geometry/blocks.ts';
import { depthOf, entryIndex, entrySize } from '../../../../../geometry/translation.ts';
import { type Descriptor, isTable, isValid } from '../../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import {
  bad,
  type EntryPointer,
  leaf_entry,
  none,
  p4d_addr_end,
  pmd_addr_end,
  pmd_leaf,
  pud_addr_end,
  pud_leaf,
  READ_ONCE,
  WRITE_ONCE,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { clear_page } from '../../../../mmu.ts';
import { change } from '../../../../ops.ts';
import { DSB } from '../../include/asm/barrier.ts';
import {
  p4d_clear_fixmap,
  p4d_set_fixmap_offset,
  pmd_clear_fixmap,
  pmd_set_fixmap_offset,
  pte_clear_fixmap,
  pte_set_fixmap_offset,
  pud_clear_fixmap,
  pud_set_fixmap_offset,
  type Slotted,
  set_fixmap,
} from '../../include/asm/fixmap.ts';
import { cont } from '../../include/asm/pgtable.ts';
import {
  aligned,
  cont_addr_end,
  cont_prot,
  NO_BLOCK_MAPPINGS,
  type PgtableAlloc,
  table_prot,
} from './create_pgd_mapping.ts';

/**
 * arch/arm64/mm/mmu.c, v6.10 and later: a new table is cleared through its slot before it is linked, a slot stays set for
 * all groups under it, and pages are written without barriers: those that clear the slot serve for all of them.
 */

const same = (a: Descriptor, b: Descriptor): boolean => a.addr === b.addr && a.attr === b.attr;

/** A new table in the slot of its level, cleared: the entry for `addr`. */
function* new_table(k: Kernel, level: Slotted, phys: number, addr: number): Steps<EntryPointer> {
  const table = yield* set_fixmap(level, phys);
  yield* change(clear_page, table, k.c.PAGE_SIZE);
  yield* DSB('ishst');
  return table + entryIndex(k.c.t, depthOf(k.c.t, level), addr) * 8;
}

/** The number of entries from `addr` to `next` in one table. */
const entries = (k: Kernel, level: 'PTE' | 'PMD', addr: number, next: number): number => {
  const depth = depthOf(k.c.t, level);
  return entryIndex(k.c.t, depth, next) - entryIndex(k.c.t, depth, addr);
};

function* any_noncont(k: Kernel, level: 'PTE' | 'PMD', p: EntryPointer): Steps<boolean> {
  for (let i = 0; i < contEntries(k.c.t, depthOf(k.c.t, level)); i++) {
    const d = yield* READ_ONCE(p + i * 8);
    if (isValid(d) && !cont(d)) return true;
  }
  return false;
}

function* has_others(k: Kernel, level: 'PTE' | 'PMD', p: EntryPointer): Steps<boolean> {
  if (!k.c.mapping_keeps_entries) return false;
  return yield* level === 'PTE' ? k.pte_range_has_valid_noncont(p) : k.pmd_range_has_valid_noncont(p);
}

const takes_block = (
  k: Kernel,
  level: 'PMD' | 'PUD',
  [addr, next, phys]: readonly [number, number, number],
  old: Descriptor,
  flags: number,
): boolean =>
  aligned(entrySize(k.c.t, depthOf(k.c.t, level)), addr, next, phys) &&
  !(flags & NO_BLOCK_MAPPINGS) &&
  !(k.c.mapping_keeps_entries && isTable(old));

/** After pmd_set_huge() or pud_set_huge(). */
function* block_set(k: Kernel, where: string, set: number, old: Descriptor, p: EntryPointer): Steps<void> {
  if (!set && k.c.mapping_keeps_entries) yield* k.WARN(where);
  if (!(yield* k.pgattr_change_is_safe(old, yield* READ_ONCE(p)))) yield* k.BUG(where);
}

/** The entry of a table is as it was; in 7.2.13 only CONFIG_DEBUG_VM looks. */
function* table_stays(k: Kernel, where: string, old: Descriptor, p: EntryPointer): Steps<void> {
  if (none(old) || (k.c.mapping_keeps_entries && !k.c.DEBUG_VM)) return;
  if (same(old, yield* READ_ONCE(p))) return;
  yield* k.c.mapping_keeps_entries ? k.WARN_ON_ONCE(where) : k.BUG(where);
}

export const v6_10 = {
  *init_pte(
    this: Kernel,
    ptep: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
  ): Steps<void> {
    const { PAGE_SIZE } = this.c;
    do {
      const old = yield* READ_ONCE(ptep);
      const pte = leaf_entry(this.c, phys, prot);
      yield* WRITE_ONCE(ptep, pte);
      if (!(yield* this.pgattr_change_is_safe(old, pte))) yield* this.BUG('init_pte');
      phys += PAGE_SIZE;
      ptep += 8;
      addr += PAGE_SIZE;
    } while (addr !== end);
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
    let ptep: EntryPointer;
    if (pmd_leaf(this.c, pmd)) yield* this.BUG('alloc_init_cont_pte');
    if (none(pmd)) {
      const pte_phys = yield* this[pgtable_alloc]('PTE');
      if (pte_phys < 0) return -this.errno.ENOMEM;
      ptep = yield* new_table(this, 'PTE', pte_phys, addr);
      yield* this.__pmd_populate(pmdp, pte_phys, table_prot(this, flags));
    } else {
      if (bad(this.c, pmd)) yield* this.BUG('alloc_init_cont_pte');
      ptep = yield* pte_set_fixmap_offset(this, pmdp, addr);
    }
    for (let next = addr; addr !== end; addr = next) {
      next = cont_addr_end(this, 'PTE', addr, end);
      let piece = cont_prot(this, 'PTE', [addr, next, phys], prot, flags);
      if (piece !== prot && (yield* has_others(this, 'PTE', ptep))) piece = prot;
      yield* this.init_pte(ptep, addr, next, phys, piece);
      ptep += entries(this, 'PTE', addr, next) * 8;
      phys += next - addr;
    }
    yield* pte_clear_fixmap(this);
    return 0;
  },

  *init_pmd(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
    pgtable_alloc: PgtableAlloc,
    flags: number,
  ): Steps<number> {
    for (let next = addr; addr !== end; addr = next, pmdp += 8) {
      const old = yield* READ_ONCE(pmdp);
      next = pmd_addr_end(this.c, addr, end);
      if (takes_block(this, 'PMD', [addr, next, phys], old, flags)) {
        const set = yield* this.pmd_set_huge(pmdp, phys, prot);
        yield* block_set(this, 'init_pmd', set, old, pmdp);
      } else {
        const ret = yield* this.alloc_init_cont_pte(pmdp, addr, next, phys, prot, pgtable_alloc, flags);
        if (ret) return ret;
        yield* table_stays(this, 'init_pmd', old, pmdp);
      }
      phys += next - addr;
    }
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
    const pud = yield* READ_ONCE(pudp);
    let pmdp: EntryPointer;
    if (pud_leaf(this.c, pud)) yield* this.BUG('alloc_init_cont_pmd');
    if (!isFolded(this.c.t, 'PMD') && none(pud)) {
      const pmd_phys = yield* this[pgtable_alloc]('PMD');
      if (pmd_phys < 0) return -this.errno.ENOMEM;
      pmdp = yield* new_table(this, 'PMD', pmd_phys, addr);
      yield* this.__pud_populate(pudp, pmd_phys, table_prot(this, flags));
    } else {
      if (!isFolded(this.c.t, 'PMD') && bad(this.c, pud)) yield* this.BUG('alloc_init_cont_pmd');
      pmdp = yield* pmd_set_fixmap_offset(this, pudp, addr);
    }
    let ret = 0;
    for (let next = addr; addr !== end && ret === 0; addr = next) {
      next = cont_addr_end(this, 'PMD', addr, end);
      let piece = cont_prot(this, 'PMD', [addr, next, phys], prot, flags);
      if (piece !== prot && (yield* has_others(this, 'PMD', pmdp))) piece = prot;
      ret = yield* this.init_pmd(pmdp, addr, next, phys, piece, pgtable_alloc, flags);
      pmdp += entries(this, 'PMD', addr, next) * 8;
      phys += next - addr;
    }
    yield* pmd_clear_fixmap(this);
    return ret;
  },

  /** 1G blocks with 4K pages only. */
  *alloc_init_pud(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
    pgtable_alloc: PgtableAlloc,
    flags: number,
  ): Steps<number> {
    const p4d = yield* READ_ONCE(p4dp);
    let pudp: EntryPointer;
    if (!isFolded(this.c.t, 'PUD') && none(p4d)) {
      const pud_phys = yield* this[pgtable_alloc]('PUD');
      if (pud_phys < 0) return -this.errno.ENOMEM;
      pudp = yield* new_table(this, 'PUD', pud_phys, addr);
      yield* this.__p4d_populate(p4dp, pud_phys, table_prot(this, flags));
    } else {
      if (!isFolded(this.c.t, 'PUD') && bad(this.c, p4d)) yield* this.BUG('alloc_init_pud');
      pudp = yield* pud_set_fixmap_offset(this, p4dp, addr);
    }
    let ret = 0;
    for (let next = addr; addr !== end && ret === 0; addr = next, pudp += 8) {
      const old = yield* READ_ONCE(pudp);
      next = pud_addr_end(this.c, addr, end);
      if (this.c.PAGE_SHIFT === 12 && takes_block(this, 'PUD', [addr, next, phys], old, flags)) {
        const set = yield* this.pud_set_huge(pudp, phys, prot);
        yield* block_set(this, 'alloc_init_pud', set, old, pudp);
      } else {
        ret = yield* this.alloc_init_cont_pmd(pudp, addr, next, phys, prot, pgtable_alloc, flags);
        if (ret === 0) yield* table_stays(this, 'alloc_init_pud', old, pudp);
      }
      phys += next - addr;
    }
    yield* pud_clear_fixmap(this);
    return ret;
  },

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
    const pgd = yield* READ_ONCE(pgdp);
    let p4dp: EntryPointer;
    if (!isFolded(this.c.t, 'P4D') && none(pgd)) {
      const p4d_phys = yield* this[pgtable_alloc]('P4D');
      if (p4d_phys < 0) return -this.errno.ENOMEM;
      p4dp = yield* new_table(this, 'P4D', p4d_phys, addr);
      yield* this.__pgd_populate(pgdp, p4d_phys, table_prot(this, flags));
    } else {
      if (!isFolded(this.c.t, 'P4D') && bad(this.c, pgd)) yield* this.BUG('alloc_init_p4d');
      p4dp = yield* p4d_set_fixmap_offset(this, pgdp, addr);
    }
    let ret = 0;
    for (let next = addr; addr !== end && ret === 0; addr = next, p4dp += 8) {
      const old = yield* READ_ONCE(p4dp);
      next = p4d_addr_end(this.c, addr, end);
      ret = yield* this.alloc_init_pud(p4dp, addr, next, phys, prot, pgtable_alloc, flags);
      if (ret === 0) yield* table_stays(this, 'alloc_init_p4d', old, p4dp);
      phys += next - addr;
    }
    yield* p4d_clear_fixmap(this);
    return ret;
  },
};

/** 7.2.13: a group with a leaf that is not contiguous gets no contiguous ones. */
export const v7_2 = {
  *pte_range_has_valid_noncont(this: Kernel, ptep: EntryPointer): Steps<boolean> {
    return yield* any_noncont(this, 'PTE', ptep);
  },
  *pmd_range_has_valid_noncont(this: Kernel, pmdp: EntryPointer): Steps<boolean> {
    return yield* any_noncont(this, 'PMD', pmdp);
  },
};
