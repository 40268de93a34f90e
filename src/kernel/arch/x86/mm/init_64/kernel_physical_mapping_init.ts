import { depthOf, entryIndex, entrySize, type LevelName } from '../../../../../geometry/translation.ts';
import type { Descriptor } from '../../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import {
  type EntryPointer,
  leaf_entry,
  none,
  pmd_leaf,
  present,
  pud_leaf,
  READ_ONCE,
  table_entry,
  table_page,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { lock, unlock } from '../../../../ops.ts';
import { phys_to_virt } from '../../../../pfn.ts';
import { _PAGE_PSE, attributes } from '../../include/asm/pgtable_types.ts';
import { MASK_1G, MASK_2M } from '../init.ts';

/**
 * arch/x86/mm/init_64.c: kernel_physical_mapping_init(). A new table is filled before it is linked. What is mapped
 * stays, and a leaf that is larger than allowed is replaced by a table with its protection.
 */

/** The end of what was mapped: a physical address. */
type Mapped = number;

export const PTL = 'init_mm.page_table_lock';

export function* locked(body: Steps<void>): Steps<void> {
  yield* lock(PTL, 'spinlock');
  yield* body;
  yield* unlock(PTL, 'spinlock');
}

const size_of = (k: Kernel, level: LevelName): number => entrySize(k.c.t, depthOf(k.c.t, level));
const index_of = (k: Kernel, level: LevelName, va: number): number =>
  entryIndex(k.c.t, depthOf(k.c.t, level), va);

/** The entry of a table for a physical address, by its linear address. */
const entry_of = (k: Kernel, level: LevelName, table: EntryPointer, paddr: number): EntryPointer =>
  table + index_of(k, level, phys_to_virt(k.c, paddr)) * 8;

/** The end of the entry for a physical address. */
const next_of = (k: Kernel, level: LevelName, paddr: number): number =>
  (Math.floor(paddr / size_of(k, level)) + 1) * size_of(k, level);

/** The first address after the table that translates `paddr`, or the end of the range. */
const table_end = (k: Kernel, above: LevelName, paddr: number, paddr_end: number): number =>
  Math.min(paddr_end, next_of(k, above, paddr));

/** set_pXd_safe(): an entry that is present may only be set to what it is. */
function* set_safe(
  k: Kernel,
  where: string,
  set: (this: Kernel, p: EntryPointer, d: Descriptor) => Steps<void>,
  p: EntryPointer,
  d: Descriptor,
): Steps<void> {
  const old = yield* READ_ONCE(p);
  if (present(k.c, old) && (old.addr !== d.addr || old.attr !== d.attr)) yield* k.WARN_ON_ONCE(where);
  yield* set.call(k, p, d);
}

/**
 * pXd_populate_init(): puts a table under an entry, under init_mm's lock. Of a leaf that is split set_pXd_safe() warns, as it
 * is present.
 */
function* link_table(
  k: Kernel,
  where: string,
  level: 'PMD' | 'PUD' | 'P4D' | 'PGD',
  p: EntryPointer,
  table: EntryPointer,
  init: boolean,
): Steps<void> {
  const [set, populate] = {
    PMD: [k.set_pmd, k.pmd_populate_kernel],
    PUD: [k.set_pud, k.pud_populate],
    P4D: [k.set_p4d, k.p4d_populate],
    PGD: [k.set_pgd, k.pgd_populate],
  }[level] as [typeof k.set_pmd, typeof k.pud_populate];
  const entry = table_entry(k.c, table, k.c.pgprot.TABLE);
  yield* locked(init ? set_safe(k, where, set, p, entry) : populate.call(k, p, table));
}

/** A table for a physical address. Whether there is one is not tested: without, the next function reads it at NULL. */
function* low_page(k: Kernel, level: LevelName, paddr: number): Steps<EntryPointer> {
  const table = yield* k.alloc_low_pages(level);
  if (table >= 0) return table;
  const where = `phys_${level.toLowerCase()}_init`;
  return yield* k.$page_fault(index_of(k, level, phys_to_virt(k.c, paddr)) * 8, false, where);
}

/** A leaf, under init_mm's lock: the whole of it, wherever in it the range begins (pfn_pmd, pfn_pud). */
function* set_huge(
  k: Kernel,
  where: string,
  level: 'PMD' | 'PUD',
  p: EntryPointer,
  paddr: number,
  prot: number,
  init: boolean,
): Steps<void> {
  const set = level === 'PMD' ? k.set_pmd : k.set_pud;
  const size = size_of(k, level);
  const leaf = leaf_entry(k.c, Math.floor(paddr / size) * size, prot | _PAGE_PSE);
  yield* locked(init ? set_safe(k, where, set, p, leaf) : set.call(k, p, leaf));
}

export const v5_2 = {
  *phys_pte_init(
    this: Kernel,
    pte_page: EntryPointer,
    paddr: number,
    paddr_end: number,
    prot: number,
    init: boolean,
  ): Steps<Mapped> {
    let paddr_last = paddr_end;
    const end = table_end(this, 'PMD', paddr, paddr_end);
    for (; paddr < end; paddr += this.c.PAGE_SIZE) {
      const pte = entry_of(this, 'PTE', pte_page, paddr);
      if (!none(yield* READ_ONCE(pte))) continue;
      const entry = leaf_entry(this.c, paddr, prot);
      if (init) yield* set_safe(this, 'phys_pte_init', this.set_pte, pte, entry);
      else yield* this.set_pte(pte, entry);
      paddr_last = paddr + this.c.PAGE_SIZE;
    }
    return paddr_last;
  },

  *phys_pmd_init(
    this: Kernel,
    pmd_page: EntryPointer,
    paddr: number,
    paddr_end: number,
    page_size_mask: number,
    prot: number,
    init: boolean,
  ): Steps<Mapped> {
    let paddr_last = paddr_end;
    const end = table_end(this, 'PUD', paddr, paddr_end);
    for (let next = paddr; paddr < end; paddr = next) {
      const pmd = entry_of(this, 'PMD', pmd_page, paddr);
      next = next_of(this, 'PMD', paddr);
      let new_prot = prot;
      const old = yield* READ_ONCE(pmd);
      if (!none(old)) {
        if (!pmd_leaf(this.c, old)) {
          yield* lock(PTL, 'spinlock');
          const table = table_page(this.c, yield* READ_ONCE(pmd));
          paddr_last = yield* this.phys_pte_init(table, paddr, paddr_end, prot, init);
          yield* unlock(PTL, 'spinlock');
          continue;
        }
        if (page_size_mask & MASK_2M) {
          paddr_last = next;
          continue;
        }
        new_prot = attributes(yield* READ_ONCE(pmd)) & ~_PAGE_PSE;
      }
      if (page_size_mask & MASK_2M) {
        yield* set_huge(this, 'phys_pmd_init', 'PMD', pmd, paddr, prot, init);
        paddr_last = next;
        continue;
      }
      const pte = yield* low_page(this, 'PTE', paddr);
      paddr_last = yield* this.phys_pte_init(pte, paddr, paddr_end, new_prot, init);
      yield* link_table(this, 'phys_pmd_init', 'PMD', pmd, pte, init);
    }
    return paddr_last;
  },

  *phys_pud_init(
    this: Kernel,
    pud_page: EntryPointer,
    paddr: number,
    paddr_end: number,
    page_size_mask: number,
    _prot: number,
    init: boolean,
  ): Steps<Mapped> {
    let paddr_last = paddr_end;
    const end = table_end(this, this.c.t.levels === 5 ? 'P4D' : 'PGD', paddr, paddr_end);
    for (let next = paddr; paddr < end; paddr = next) {
      const pud = entry_of(this, 'PUD', pud_page, paddr);
      next = next_of(this, 'PUD', paddr);
      let prot = _prot;
      const old = yield* READ_ONCE(pud);
      if (!none(old)) {
        if (!pud_leaf(this.c, old)) {
          const pmd = yield* this.pmd_offset(pud, 0);
          paddr_last = yield* this.phys_pmd_init(pmd, paddr, paddr_end, page_size_mask, prot, init);
          continue;
        }
        if (page_size_mask & MASK_1G) {
          paddr_last = next;
          continue;
        }
        prot = attributes(yield* READ_ONCE(pud)) & ~_PAGE_PSE;
      }
      if (page_size_mask & MASK_1G) {
        yield* set_huge(this, 'phys_pud_init', 'PUD', pud, paddr, prot, init);
        paddr_last = next;
        continue;
      }
      const pmd = yield* low_page(this, 'PMD', paddr);
      paddr_last = yield* this.phys_pmd_init(pmd, paddr, paddr_end, page_size_mask, prot, init);
      yield* link_table(this, 'phys_pud_init', 'PUD', pud, pmd, init);
    }
    return paddr_last;
  },

  *phys_p4d_init(
    this: Kernel,
    p4d_page: EntryPointer,
    paddr: number,
    paddr_end: number,
    page_size_mask: number,
    prot: number,
    init: boolean,
  ): Steps<Mapped> {
    if (this.c.t.levels < 5)
      return yield* this.phys_pud_init(p4d_page, paddr, paddr_end, page_size_mask, prot, init);
    let paddr_last = paddr_end;
    const end = table_end(this, 'PGD', paddr, paddr_end);
    for (let next = paddr; paddr < end; paddr = next) {
      const p4d = entry_of(this, 'P4D', p4d_page, paddr);
      next = next_of(this, 'P4D', paddr);
      if (!none(yield* READ_ONCE(p4d))) {
        const pud = yield* this.pud_offset(p4d, 0);
        paddr_last = yield* this.phys_pud_init(pud, paddr, paddr_end, page_size_mask, prot, init);
        continue;
      }
      const pud = yield* low_page(this, 'PUD', paddr);
      paddr_last = yield* this.phys_pud_init(pud, paddr, paddr_end, page_size_mask, prot, init);
      yield* link_table(this, 'phys_p4d_init', 'P4D', p4d, pud, init);
    }
    return paddr_last;
  },

  *__kernel_physical_mapping_init(
    this: Kernel,
    paddr_start: number,
    paddr_end: number,
    page_size_mask: number,
    prot: number,
    init: boolean,
  ): Steps<Mapped> {
    let pgd_changed = false;
    let paddr_last = paddr_end;
    for (let paddr = paddr_start; paddr < paddr_end; ) {
      const vaddr = phys_to_virt(this.c, paddr);
      const next = next_pgd(this, paddr);
      const pgd = yield* this.pgd_offset_k(vaddr);
      const old = yield* READ_ONCE(pgd);
      if (none(old)) {
        const p4d = yield* low_page(this, this.c.t.levels === 5 ? 'P4D' : 'PUD', paddr);
        paddr_last = yield* this.phys_p4d_init(p4d, paddr, paddr_end, page_size_mask, prot, init);
        const level = this.c.t.levels === 5 ? 'PGD' : 'P4D';
        yield* link_table(this, '__kernel_physical_mapping_init', level, pgd, p4d, init);
        pgd_changed = true;
      } else {
        const p4d = table_page(this.c, yield* READ_ONCE(pgd));
        paddr_last = yield* this.phys_p4d_init(p4d, paddr, paddr_end, page_size_mask, prot, init);
      }
      paddr = next;
    }
    if (pgd_changed)
      yield* this.sync_global_pgds(phys_to_virt(this.c, paddr_start), phys_to_virt(this.c, paddr_end) - 1);
    return paddr_last;
  },

  *kernel_physical_mapping_init(
    this: Kernel,
    paddr_start: number,
    paddr_end: number,
    page_size_mask: number,
    prot: number,
  ): Steps<Mapped> {
    return yield* this.__kernel_physical_mapping_init(paddr_start, paddr_end, page_size_mask, prot, true);
  },
};

/** The physical address at which the next entry of the root begins. */
const next_pgd = (k: Kernel, paddr: number): number => {
  const size = size_of(k, 'PGD');
  const vaddr = phys_to_virt(k.c, paddr);
  return paddr + ((Math.floor(vaddr / size) + 1) * size - vaddr);
};
