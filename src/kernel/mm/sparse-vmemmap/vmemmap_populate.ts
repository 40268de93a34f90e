import { isFolded } from '../../../geometry/blocks.ts';
import type { LevelName } from '../../../geometry/translation.ts';
import type { Steps } from '../../../steps/step.ts';
import { alloc_table } from '../../include/asm-generic/pgalloc.ts';
import {
  addr_end,
  type EntryPointer,
  leaf_entry,
  NULL_ENTRY,
  none,
  pmd_leaf,
  READ_ONCE,
} from '../../include/linux/pgtable.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';
import { hex, PFN_PHYS } from '../../pfn.ts';
import { vmem_altmap_alloc } from '../page_alloc/alloc_pages.ts';

/** mm/sparse-vmemmap.c: maps struct pages, block by block or page by page. A failure undoes nothing. */

/**
 * vmemmap_alloc_block_zero() for a missing table: from the page allocator, even with an altmap; no lock. False without
 * memory.
 */
function* table_for(
  k: Kernel,
  level: LevelName,
  p: EntryPointer,
  node: number,
  populate: (this: Kernel, p: EntryPointer, table: number) => Steps<void>,
): Steps<boolean> {
  if (isFolded(k.c.t, level)) return true;
  if (!none(yield* READ_ONCE(p))) return true;
  const table = yield* alloc_table(k, level, node);
  if (table < 0) {
    yield* k.$vmemmap_alloc_failure(0);
    return false;
  }
  yield* populate.call(k, p, table);
  return true;
}

export const v5_2 = {
  /**
   * Here and in the next four: a pointer to the entry for `addr`, with a table for it; NULL_ENTRY without memory for
   * one.
   */
  *vmemmap_pgd_populate(this: Kernel, addr: number, node: number): Steps<EntryPointer> {
    const pgdp = yield* this.pgd_offset_k(addr);
    return (yield* table_for(this, 'P4D', pgdp, node, this.pgd_populate)) ? pgdp : NULL_ENTRY;
  },
  *vmemmap_p4d_populate(this: Kernel, pgdp: EntryPointer, addr: number, node: number): Steps<EntryPointer> {
    const p4dp = yield* this.p4d_offset(pgdp, addr);
    return (yield* table_for(this, 'PUD', p4dp, node, this.p4d_populate)) ? p4dp : NULL_ENTRY;
  },
  *vmemmap_pud_populate(this: Kernel, p4dp: EntryPointer, addr: number, node: number): Steps<EntryPointer> {
    const pudp = yield* this.pud_offset(p4dp, addr);
    return (yield* table_for(this, 'PMD', pudp, node, this.pud_populate)) ? pudp : NULL_ENTRY;
  },
  *vmemmap_pmd_populate(this: Kernel, pudp: EntryPointer, addr: number, node: number): Steps<EntryPointer> {
    const pmdp = yield* this.pmd_offset(pudp, addr);
    return (yield* table_for(this, 'PTE', pmdp, node, this.pmd_populate_kernel)) ? pmdp : NULL_ENTRY;
  },

  /** Maps the page if the entry is empty. */
  *vmemmap_pte_populate(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    node: number,
    altmap: vmem_altmap | null,
  ): Steps<EntryPointer> {
    const ptep = yield* this.pte_offset_kernel(pmdp, addr);
    if (!none(yield* READ_ONCE(ptep))) return ptep;
    const pfn = yield* this.vmemmap_alloc_block_buf(this.c.PAGE_SIZE, node, altmap);
    if (pfn < 0) return NULL_ENTRY;
    yield* this.set_pte(ptep, leaf_entry(this.c, PFN_PHYS(this.c, pfn), this.c.pgprot.PAGE_KERNEL));
    return ptep;
  },

  /**
   * 0 or -ENOMEM. `start` is not rounded down: the first page is the one that contains it, the next one a page further.
   */
  *vmemmap_populate_basepages(
    this: Kernel,
    start: number,
    end: number,
    node: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    for (let addr = start; addr < end; addr += this.c.PAGE_SIZE) {
      const pgdp = yield* this.vmemmap_pgd_populate(addr, node);
      if (pgdp === NULL_ENTRY) return -this.errno.ENOMEM;
      const p4dp = yield* this.vmemmap_p4d_populate(pgdp, addr, node);
      if (p4dp === NULL_ENTRY) return -this.errno.ENOMEM;
      const pudp = yield* this.vmemmap_pud_populate(p4dp, addr, node);
      if (pudp === NULL_ENTRY) return -this.errno.ENOMEM;
      const pmdp = yield* this.vmemmap_pmd_populate(pudp, addr, node);
      if (pmdp === NULL_ENTRY) return -this.errno.ENOMEM;
      const ptep = yield* this.vmemmap_pte_populate(pmdp, addr, node, altmap);
      if (ptep === NULL_ENTRY) return -this.errno.ENOMEM;
      yield* this.vmemmap_verify(ptep, node, addr, addr + this.c.PAGE_SIZE);
    }
    return 0;
  },

  /** The first pfn of naturally aligned pages for struct pages; -1 if there are none. */
  *vmemmap_alloc_block_buf(
    this: Kernel,
    size: number,
    node: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    const nr_pages = size / this.c.PAGE_SIZE;
    if (!altmap) return yield* this.vmemmap_alloc_block(size, node);
    const pfn = vmem_altmap_alloc(altmap, nr_pages);
    if (pfn >= 0)
      yield* this.pr_debug(
        'mm/sparse-vmemmap.c',
        `altmap_alloc_block_buf: pfn: ${hex(pfn)} alloc: ${altmap.alloc} align: ${altmap.align} nr: ${hex(nr_pages)}`,
      );
    return pfn;
  },

  /** PMD blocks only: 0 or -ENOMEM. An existing entry is used as it is. */
  *vmemmap_populate_hugepages(
    this: Kernel,
    start: number,
    end: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    for (let addr = start; addr !== end; ) {
      const next = addr_end(this.c.t, 'PMD', addr, end);
      const pgdp = yield* this.vmemmap_pgd_populate(addr, nid);
      if (pgdp === NULL_ENTRY) return -this.errno.ENOMEM;
      const p4dp = yield* this.vmemmap_p4d_populate(pgdp, addr, nid);
      if (p4dp === NULL_ENTRY) return -this.errno.ENOMEM;
      const pudp = yield* this.vmemmap_pud_populate(p4dp, addr, nid);
      if (pudp === NULL_ENTRY) return -this.errno.ENOMEM;
      const pmdp = yield* this.pmd_offset(pudp, addr);
      const pmd = yield* READ_ONCE(pmdp);
      if (none(pmd)) {
        const pfn = yield* this.vmemmap_alloc_block_buf(this.c.PMD_SIZE, nid, altmap);
        if (pfn >= 0) yield* this.pmd_set_huge(pmdp, PFN_PHYS(this.c, pfn), this.c.pgprot.PROT_SECT_NORMAL);
        else {
          const ret = yield* this.$vmemmap_no_block(addr, next, nid, altmap);
          if (ret) return ret;
        }
      } else {
        yield* this.vmemmap_verify(pmdp, nid, addr, next);
        const ret = pmd_leaf(this.c, pmd) ? 0 : yield* this.$vmemmap_over_table(addr, next, nid, altmap);
        if (ret) return ret;
      }
      addr = next;
    }
    return 0;
  },

  /** No memory for a block: until v6.1 this was a failure. */
  *$vmemmap_no_block(
    this: Kernel,
    _addr: number,
    _next: number,
    _nid: number,
    _altmap: vmem_altmap | null,
  ): Steps<number> {
    return -this.errno.ENOMEM;
  },

  /** A table exists where a block should be: until v7.2 it is used as it is. */
  *$vmemmap_over_table(
    this: Kernel,
    _addr: number,
    _next: number,
    _nid: number,
    _altmap: vmem_altmap | null,
  ): Steps<number> {
    return 0;
  },
};

export const v6_1 = {
  *$vmemmap_no_block(
    this: Kernel,
    addr: number,
    next: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    return yield* this.vmemmap_populate_basepages(addr, next, nid, altmap);
  },
};

/** 6.6.87, 6.12.117: no pages of an altmap instead of its block. */
export const v6_6 = {
  *$vmemmap_no_block(
    this: Kernel,
    addr: number,
    next: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    if (altmap) return -this.errno.ENOMEM;
    return yield* this.vmemmap_populate_basepages(addr, next, nid, altmap);
  },
};

/** 7.2.13: base pages under a table that exists; before, vmemmap_check_pmd() of arm64 took any entry for a block. */
export const v7_2 = {
  *$vmemmap_over_table(
    this: Kernel,
    addr: number,
    next: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    return yield* this.vmemmap_populate_basepages(addr, next, nid, altmap);
  },
};

/** {pgd,p4d}_populate_kernel() (include/linux/pgalloc.h): the entry is one of the root, and goes to all processes at once. */
const synced = (k: Kernel, addr: number, populate: Kernel['pgd_populate']): Kernel['pgd_populate'] =>
  function* (p, table) {
    yield* populate.call(k, p, table);
    yield* k.arch_sync_kernel_mappings(addr, addr);
  };

/** x86-64, v6.17: ARCH_PAGE_TABLE_SYNC_MASK names the root, which has p4d entries with four levels. */
export const v6_17 = {
  *vmemmap_pgd_populate(this: Kernel, addr: number, node: number): Steps<EntryPointer> {
    const pgdp = yield* this.pgd_offset_k(addr);
    const populate = synced(this, addr, this.pgd_populate);
    return (yield* table_for(this, 'P4D', pgdp, node, populate)) ? pgdp : NULL_ENTRY;
  },
  *vmemmap_p4d_populate(this: Kernel, pgdp: EntryPointer, addr: number, node: number): Steps<EntryPointer> {
    const p4dp = yield* this.p4d_offset(pgdp, addr);
    const populate = isFolded(this.c.t, 'P4D') ? synced(this, addr, this.p4d_populate) : this.p4d_populate;
    return (yield* table_for(this, 'PUD', p4dp, node, populate)) ? p4dp : NULL_ENTRY;
  },
};
