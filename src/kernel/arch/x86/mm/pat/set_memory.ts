import { depthOf, entrySize } from '../../../../../geometry/translation.ts';
import type { Descriptor } from '../../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { alloc_table, free_table } from '../../../../include/asm-generic/pgalloc.ts';
import {
  type EntryPointer,
  leaf_address,
  leaf_entry,
  none,
  pmd_leaf,
  present,
  pud_leaf,
  READ_ONCE,
  table_entry,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { lock, unlock } from '../../../../ops.ts';
import { phys_to_virt } from '../../../../pfn.ts';
import {
  _KERNPG_TABLE,
  _PAGE_DIRTY,
  _PAGE_NX,
  _PAGE_PRESENT,
  _PAGE_PSE,
  _PAGE_RW,
  attributes,
} from '../../include/asm/pgtable_types.ts';
import { PGD_LOCK } from '../init_64/sync_global_pgds.ts';

/**
 * arch/x86/mm/pat/set_memory.c (mm/pageattr.c until v5.6): attributes of the kernel's mappings. A leaf of which only a part
 * changes is split into a table. The kernel image, whose protections are fixed, and cache attributes are not modelled.
 */

/** struct cpa_data: attributes as in Descriptor.attr. */
export interface cpa_data {
  vaddr: number;
  numpages: number;
  readonly set: number;
  readonly clear: number;
  /** CPA_NO_CHECK_ALIAS */
  readonly no_alias: boolean;
  /** CPA_FLUSHTLB */
  flush: boolean;
  force_flush_all: boolean;
  init_mm_read_locked: boolean;
  /** The page that was changed last. */
  phys: number;
}

type Level = 'PTE' | 'PMD' | 'PUD';

export interface Found {
  readonly p: EntryPointer;
  readonly level: Level;
}

const CPA_LOCK = 'cpa_lock';
const MMAP_LOCK = 'init_mm.mmap_lock';
const PTRS_PER_PTE = 512;

const size_of = (k: Kernel, level: Level): number => entrySize(k.c.t, depthOf(k.c.t, level));

/** A leaf with other attributes. */
const changed = (d: Descriptor, { set, clear }: cpa_data): number => (attributes(d) & ~clear) | set;

/** __pgprot(0) for what is not present: a leaf keeps _PAGE_PSE only while it is. */
const leaf_bits = (attr: number): number => (attr & _PAGE_PRESENT ? attr | _PAGE_PSE : attr & ~_PAGE_PSE);

export const v5_2 = {
  /** The entry that maps an address, or null; every level is read twice, for what is in it and for the table. */
  *lookup_address(this: Kernel, address: number): Steps<Found | null> {
    const pgd = yield* this.pgd_offset_k(address);
    if (none(yield* READ_ONCE(pgd))) return null;
    const p4d = yield* this.p4d_offset(pgd, address);
    if (none(yield* READ_ONCE(p4d))) return null;
    const pud = yield* this.pud_offset(p4d, address);
    const in_pud = yield* READ_ONCE(pud);
    if (none(in_pud)) return null;
    if (pud_leaf(this.c, in_pud) || !present(this.c, in_pud)) return { p: pud, level: 'PUD' };
    const pmd = yield* this.pmd_offset(pud, address);
    const in_pmd = yield* READ_ONCE(pmd);
    if (none(in_pmd)) return null;
    if (pmd_leaf(this.c, in_pmd) || !present(this.c, in_pmd)) return { p: pmd, level: 'PMD' };
    return { p: yield* this.pte_offset_kernel(pmd, address), level: 'PTE' };
  },

  /** Under pgd_lock: whether the leaf must be split. One that changes as a whole is set here. */
  *should_split_large_page(this: Kernel, kpte: EntryPointer, address: number, cpa: cpa_data): Steps<boolean> {
    yield* lock(PGD_LOCK, 'spinlock');
    const split = yield* should_split(this, kpte, address, cpa);
    yield* unlock(PGD_LOCK, 'spinlock');
    return split;
  },

  /** True if another CPU was faster: then the page is not used. */
  *__split_large_page(
    this: Kernel,
    _cpa: cpa_data,
    kpte: EntryPointer,
    address: number,
    pbase: number,
  ): Steps<boolean> {
    yield* lock(PGD_LOCK, 'spinlock');
    const found = yield* this.lookup_address(address);
    if (found?.p !== kpte || found.level === 'PTE') {
      yield* unlock(PGD_LOCK, 'spinlock');
      return true;
    }
    const old = yield* READ_ONCE(kpte);
    const step = size_of(this, found.level === 'PUD' ? 'PMD' : 'PTE');
    const attr = attributes(old) & ~_PAGE_PSE;
    for (let i = 0; i < PTRS_PER_PTE; i++) {
      const leaf = found.level === 'PUD' ? leaf_bits(attr) : attr;
      yield* this.set_pte(pbase + i * 8, leaf_entry(this.c, leaf_address(this.c, old) + i * step, leaf));
    }
    yield* this.set_pte(kpte, table_entry(this.c, pbase, _KERNPG_TABLE));
    yield* this.flush_tlb_all();
    yield* unlock(PGD_LOCK, 'spinlock');
    return false;
  },

  /** 0 or -ENOMEM. The table has no constructor. Under cpa_lock, which is not held for the allocation. */
  *split_large_page(this: Kernel, cpa: cpa_data, kpte: EntryPointer, address: number): Steps<number> {
    yield* unlock(CPA_LOCK, 'spinlock');
    const base = yield* alloc_table(this, 'PTE');
    yield* lock(CPA_LOCK, 'spinlock');
    if (base < 0) return -this.errno.ENOMEM;
    if (yield* this.__split_large_page(cpa, kpte, address, base)) yield* free_table(this, base);
    return 0;
  },

  /** Under cpa_lock: as many pages as one entry maps. An address that is not mapped is skipped in the linear map. */
  *__change_page_attr(this: Kernel, cpa: cpa_data): Steps<number> {
    for (;;) {
      const found = yield* this.lookup_address(cpa.vaddr);
      const old = found && (yield* READ_ONCE(found.p));
      if (!old || none(old)) {
        cpa.numpages = 1;
        return cpa.vaddr >= this.c.PAGE_OFFSET && cpa.vaddr < this.c.PAGE_END ? 0 : -this.errno.EFAULT;
      }
      if (found.level === 'PTE') {
        const now = leaf_entry(this.c, leaf_address(this.c, old), changed(old, cpa));
        cpa.phys = leaf_address(this.c, old);
        cpa.numpages = 1;
        if (now.attr === old.attr) return 0;
        yield* this.set_pte(found.p, now);
        cpa.flush = true;
        return 0;
      }
      if (!(yield* this.should_split_large_page(found.p, cpa.vaddr, cpa))) return 0;
      const err = yield* this.split_large_page(cpa, found.p, cpa.vaddr);
      if (err) return err;
    }
  },

  /** The linear alias of the page that was changed elsewhere, whose NX stays. */
  *cpa_process_alias(this: Kernel, cpa: cpa_data): Steps<number> {
    if (cpa.vaddr >= this.c.PAGE_OFFSET && cpa.vaddr < this.c.PAGE_END) return 0;
    const alias: cpa_data = {
      ...cpa,
      vaddr: phys_to_virt(this.c, cpa.phys),
      set: cpa.set & ~_PAGE_NX,
      clear: cpa.clear & ~_PAGE_NX,
      no_alias: true,
    };
    cpa.force_flush_all = true;
    return yield* this.__change_page_attr_set_clr(alias);
  },

  *__change_page_attr_set_clr(this: Kernel, cpa: cpa_data): Steps<number> {
    const { vaddr, numpages } = cpa;
    if ((cpa.set | cpa.clear) === 0) return 0;
    let ret = 0;
    for (let left = numpages; left > 0 && !ret; left -= cpa.numpages) {
      cpa.numpages = left;
      yield* lock(CPA_LOCK, 'spinlock');
      ret = yield* this.__change_page_attr(cpa);
      yield* unlock(CPA_LOCK, 'spinlock');
      if (!ret && !cpa.no_alias) ret = yield* this.cpa_process_alias(cpa);
      cpa.vaddr += cpa.numpages * this.c.PAGE_SIZE;
    }
    cpa.vaddr = vaddr;
    cpa.numpages = numpages;
    return ret;
  },

  *change_page_attr_set_clr(
    this: Kernel,
    addr: number,
    numpages: number,
    set: number,
    clear: number,
  ): Steps<number> {
    yield* this.vm_unmap_aliases();
    const cpa = request(addr, numpages, set, clear, false);
    const ret = yield* this.$change_init_mm(cpa);
    if (!cpa.flush) return ret;
    if (ret || cpa.force_flush_all) yield* this.flush_tlb_all();
    else yield* this.flush_tlb_kernel_range(addr, addr + numpages * this.c.PAGE_SIZE);
    return ret;
  },

  *$change_init_mm(this: Kernel, cpa: cpa_data): Steps<number> {
    return yield* this.__change_page_attr_set_clr(cpa);
  },

  *set_memory_ro(this: Kernel, addr: number, numpages: number): Steps<number> {
    return yield* this.change_page_attr_set_clr(addr, numpages, 0, _PAGE_RW);
  },
  *set_memory_rw(this: Kernel, addr: number, numpages: number): Steps<number> {
    return yield* this.change_page_attr_set_clr(addr, numpages, _PAGE_RW, 0);
  },
  *set_memory_nx(this: Kernel, addr: number, numpages: number): Steps<number> {
    return yield* this.change_page_attr_set_clr(addr, numpages, _PAGE_NX, 0);
  },
  *set_memory_x(this: Kernel, addr: number, numpages: number): Steps<number> {
    return yield* this.change_page_attr_set_clr(addr, numpages, 0, _PAGE_NX);
  },

  /** The page is named by its linear address; nothing is flushed. */
  *set_direct_map_invalid_noflush(this: Kernel, addr: number): Steps<number> {
    const clear = _PAGE_PRESENT | _PAGE_RW | _PAGE_DIRTY;
    return yield* this.__change_page_attr_set_clr(request(addr, 1, 0, clear, true));
  },
  *set_direct_map_default_noflush(this: Kernel, addr: number): Steps<number> {
    const set = _PAGE_PRESENT | _PAGE_RW | _PAGE_DIRTY;
    return yield* this.__change_page_attr_set_clr(request(addr, 1, set, 0, true));
  },
};

/** 7.2.13: tables of split leaves have constructors; init_mm's mmap lock keeps those away that put leaves together again. */
export const v7_2 = {
  *$change_init_mm(this: Kernel, cpa: cpa_data): Steps<number> {
    cpa.init_mm_read_locked = true;
    yield* lock(MMAP_LOCK, 'rwsem', 'read');
    const ret = yield* this.__change_page_attr_set_clr(cpa);
    yield* unlock(MMAP_LOCK, 'rwsem', 'read');
    return ret;
  },

  *split_large_page(this: Kernel, cpa: cpa_data, kpte: EntryPointer, address: number): Steps<number> {
    yield* unlock(CPA_LOCK, 'spinlock');
    if (cpa.init_mm_read_locked) yield* unlock(MMAP_LOCK, 'rwsem', 'read');
    const base = yield* this.pte_alloc_one_kernel();
    if (cpa.init_mm_read_locked) yield* lock(MMAP_LOCK, 'rwsem', 'read');
    yield* lock(CPA_LOCK, 'spinlock');
    if (base < 0) return -this.errno.ENOMEM;
    if (yield* this.__split_large_page(cpa, kpte, address, base)) yield* this.pte_free_kernel(base);
    return 0;
  },
};

const request = (
  vaddr: number,
  numpages: number,
  set: number,
  clear: number,
  no_alias: boolean,
): cpa_data => ({
  vaddr,
  numpages,
  set,
  clear,
  no_alias,
  flush: false,
  force_flush_all: false,
  init_mm_read_locked: false,
  phys: -1,
});

function* should_split(k: Kernel, kpte: EntryPointer, address: number, cpa: cpa_data): Steps<boolean> {
  const found = yield* k.lookup_address(address);
  if (found?.p !== kpte || found.level === 'PTE') return true;
  const size = size_of(k, found.level);
  const old = yield* READ_ONCE(kpte);
  const start = Math.floor(address / size) * size;
  cpa.numpages = Math.min(cpa.numpages, (start + size - address) / k.c.PAGE_SIZE);
  cpa.phys = leaf_address(k.c, old) + address - start;
  const attr = leaf_bits(changed(old, cpa));
  if (attr === attributes(old)) return false;
  if (cpa.numpages !== size / k.c.PAGE_SIZE) return true;
  yield* k.set_pte(kpte, leaf_entry(k.c, leaf_address(k.c, old), attr));
  cpa.flush = true;
  return false;
}
