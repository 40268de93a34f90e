import type { Steps } from '../../../../../steps/step.ts';
import { SIZEOF_STRUCT_PAGE } from '../../../../config.ts';
import {
  leaf_entry,
  NULL_ENTRY,
  none,
  pmd_addr_end,
  pmd_leaf,
  READ_ONCE,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel, vmem_altmap } from '../../../../kernel.ts';
import { PFN_PHYS } from '../../../../pfn.ts';

/**
 * arch/x86/mm/init_64.c: the tables of the memmap. A section has struct pages for one PMD entry, so a block is never
 * used in part when it is populated.
 */

type Populate = [start: number, end: number, node: number, altmap: vmem_altmap | null];

export const v5_2 = {
  /** 0 or -ENOMEM. Base pages instead of a block that there is no memory for, unless it were an altmap's. */
  *vmemmap_populate_hugepages(this: Kernel, ...[start, end, node, altmap]: Populate): Steps<number> {
    for (let addr = start; addr < end; ) {
      const next = pmd_addr_end(this.c, addr, end);
      const pgd = yield* this.vmemmap_pgd_populate(addr, node);
      if (pgd === NULL_ENTRY) return -this.errno.ENOMEM;
      const p4d = yield* this.vmemmap_p4d_populate(pgd, addr, node);
      if (p4d === NULL_ENTRY) return -this.errno.ENOMEM;
      const pud = yield* this.vmemmap_pud_populate(p4d, addr, node);
      if (pud === NULL_ENTRY) return -this.errno.ENOMEM;
      const pmdp = yield* this.pmd_offset(pud, addr);
      const pmd = yield* READ_ONCE(pmdp);
      const pfn = none(pmd) ? yield* this.vmemmap_alloc_block_buf(this.c.PMD_SIZE, node, altmap) : -1;
      if (pfn >= 0)
        yield* this.set_pmd(pmdp, leaf_entry(this.c, PFN_PHYS(this.c, pfn), this.c.pgprot.PROT_SECT_NORMAL));
      else if (none(pmd) && altmap) return -this.errno.ENOMEM;
      else if (pmd_leaf(this.c, pmd)) yield* this.vmemmap_verify(pmdp, node, addr, next);
      else if (yield* this.vmemmap_populate_basepages(addr, next, node, null)) return -this.errno.ENOMEM;
      addr = next;
    }
    return 0;
  },

  *vmemmap_populate(this: Kernel, ...[start, end, node, altmap]: Populate): Steps<number> {
    const err = yield* this.vmemmap_populate_hugepages(start, end, node, altmap);
    if (!err) yield* this.sync_global_pgds(start, end - 1);
    return err;
  },
};

export const v5_3 = {
  /** A range of less than a section gets base pages, which never come from an altmap. */
  *vmemmap_populate(this: Kernel, ...[start, end, node, altmap]: Populate): Steps<number> {
    const part = end - start < this.c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE;
    const err = part
      ? yield* this.vmemmap_populate_basepages(start, end, node, null)
      : yield* this.vmemmap_populate_hugepages(start, end, node, altmap);
    if (!err) yield* this.sync_global_pgds(start, end - 1);
    return err;
  },
};
