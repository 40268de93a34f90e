import { is_folded } from '../../geometry/blocks.ts';
import { entry_index } from '../../geometry/translation.ts';
import { TABLE_BIT, VALID } from '../../hardware/descriptor.ts';
import type { Steps } from '../../steps/step.ts';
import {
  addr_end,
  type EntryPointer,
  leaf_entry,
  none,
  pmd_leaf,
  READ_ONCE,
  READ_RUN,
  table_entry,
} from '../include/linux/pgtable.ts';
import type { Kernel, vmem_altmap } from '../kernel.ts';
import { PFN_PHYS } from '../pfn.ts';

/** mm/sparse-vmemmap.c on the tables of arm64: map struct pages, block by block or page by page. Nothing is undone on failure. */

/** pXd_populate: table pages come from the page allocator, whatever the altmap; no lock (FACTS 2.5). False without memory. */
function* table_for(k: Kernel, level: 'P4D' | 'PUD' | 'PMD' | 'PTE', p: EntryPointer): Steps<boolean> {
  if (is_folded(k.c.t, level)) return true;
  if (!none(yield* READ_ONCE(p))) return true;
  const pages = yield* k.pgtable_alloc(level, 1);
  if (pages.phys < 0) return false;
  yield* k.set_pxd(p, table_entry(k.c, pages.phys, VALID | TABLE_BIT));
  return true;
}

export const v5_2 = {
  /** A pointer to the pud entry for `addr`, or -1 when a table is missing and there is no memory for it. */
  *vmemmap_pud_populate(this: Kernel, addr: number): Steps<EntryPointer> {
    const pgdp = yield* this.pgd_offset_k(addr);
    if (!(yield* table_for(this, 'P4D', pgdp))) return -1;
    const p4dp = yield* this.p4d_offset(pgdp, addr);
    if (!(yield* table_for(this, 'PUD', p4dp))) return -1;
    return yield* this.pud_offset(p4dp, addr);
  },

  *vmemmap_pmd_populate(this: Kernel, pudp: EntryPointer, addr: number): Steps<EntryPointer> {
    if (!(yield* table_for(this, 'PMD', pudp))) return -1;
    return yield* this.pmd_offset(pudp, addr);
  },

  /** 0 or -ENOMEM. `start` is not rounded down: the first page is the one it lies in, the next one a page further. */
  *vmemmap_populate_basepages(
    this: Kernel,
    start: number,
    end: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    const { PAGE_SIZE, t, run_limit } = this.c;
    for (let addr = start; addr < end; ) {
      const pudp = yield* this.vmemmap_pud_populate(addr);
      if (pudp === -1) return -this.errno.ENOMEM;
      const pmdp = yield* this.vmemmap_pmd_populate(pudp, addr);
      if (pmdp === -1) return -this.errno.ENOMEM;
      if (!(yield* table_for(this, 'PTE', pmdp))) return -this.errno.ENOMEM;
      const ptep = yield* this.pte_offset_kernel(pmdp, addr);
      const in_table = t.entries.at(-1)! - entry_index(t, t.levels - 1, addr);
      const limit = altmap ? 1 : Math.min(run_limit, in_table, Math.ceil((end - addr) / PAGE_SIZE));
      const run = yield* READ_RUN(ptep, limit);
      if (!none(run)) {
        addr += PAGE_SIZE;
        continue;
      }
      const got = yield* this.vmemmap_alloc_pages(nid, run.n, altmap);
      if (!got) return -this.errno.ENOMEM;
      const entry = leaf_entry(this.c, PFN_PHYS(this.c, got.pfn), this.c.pgprot.PAGE_KERNEL);
      yield* this.set_pte(ptep, entry, got.nr_pages, PAGE_SIZE);
      addr += got.nr_pages * PAGE_SIZE;
    }
    return 0;
  },

  /** PMD blocks only: 0 or -ENOMEM. An entry that is there is taken as it is. */
  *vmemmap_populate_hugepages(
    this: Kernel,
    start: number,
    end: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    for (let addr = start; addr !== end; ) {
      const next = addr_end(this.c.t, 'PMD', addr, end);
      const pudp = yield* this.vmemmap_pud_populate(addr);
      if (pudp === -1) return -this.errno.ENOMEM;
      const pmdp = yield* this.vmemmap_pmd_populate(pudp, addr);
      if (pmdp === -1) return -this.errno.ENOMEM;
      const pmd = yield* READ_ONCE(pmdp);
      if (none(pmd)) {
        const pfn = yield* this.vmemmap_alloc_block_buf(nid, this.c.PMD_SIZE / this.c.PAGE_SIZE, altmap);
        if (pfn >= 0) yield* this.pmd_set_huge(pmdp, PFN_PHYS(this.c, pfn), this.c.pgprot.PROT_SECT_NORMAL);
        else {
          const ret = yield* this.vmemmap_no_block(addr, next, nid, altmap);
          if (ret) return ret;
        }
      } else if (!pmd_leaf(this.c, pmd)) {
        const ret = yield* this.vmemmap_over_table(addr, next, nid, altmap);
        if (ret) return ret;
      }
      addr = next;
    }
    return 0;
  },

  /** There is no memory for a block: until v6.1 that was the end. */
  *vmemmap_no_block(
    this: Kernel,
    _addr: number,
    _next: number,
    _nid: number,
    _altmap: vmem_altmap | null,
  ): Steps<number> {
    return -this.errno.ENOMEM;
  },

  /** Where a block should go stands a table: until v6.1 it was taken for what was wanted. */
  *vmemmap_over_table(
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
  *vmemmap_no_block(
    this: Kernel,
    addr: number,
    next: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    if (altmap) return -this.errno.ENOMEM;
    return yield* this.vmemmap_populate_basepages(addr, next, nid, altmap);
  },

  *vmemmap_over_table(
    this: Kernel,
    addr: number,
    next: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    return yield* this.vmemmap_populate_basepages(addr, next, nid, altmap);
  },
};
