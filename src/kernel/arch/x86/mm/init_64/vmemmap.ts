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

/**
 * 0 or -ENOMEM. Base pages instead of a block that there is no memory for, unless it were an altmap's, and below a table
 * that is there.
 */
function* populate_blocks(
  k: Kernel,
  [start, end, node, altmap]: Populate,
  altmap_of_pages: vmem_altmap | null,
): Steps<number> {
  for (let addr = start; addr < end; ) {
    const next = pmd_addr_end(k.c, addr, end);
    const pgd = yield* k.vmemmap_pgd_populate(addr, node);
    if (pgd === NULL_ENTRY) return -k.errno.ENOMEM;
    const p4d = yield* k.vmemmap_p4d_populate(pgd, addr, node);
    if (p4d === NULL_ENTRY) return -k.errno.ENOMEM;
    const pud = yield* k.vmemmap_pud_populate(p4d, addr, node);
    if (pud === NULL_ENTRY) return -k.errno.ENOMEM;
    const pmdp = yield* k.pmd_offset(pud, addr);
    const pmd = yield* READ_ONCE(pmdp);
    const pfn = none(pmd) ? yield* k.vmemmap_alloc_block_buf(k.c.PMD_SIZE, node, altmap) : -1;
    if (pfn >= 0) yield* k.set_pmd(pmdp, leaf_entry(k.c, PFN_PHYS(k.c, pfn), k.c.pgprot.PROT_SECT_NORMAL));
    else if (none(pmd) && altmap) return -k.errno.ENOMEM;
    else if (pmd_leaf(k.c, pmd)) yield* k.vmemmap_verify(pmdp, node, addr, next);
    else if (yield* k.vmemmap_populate_basepages(addr, next, node, altmap_of_pages)) return -k.errno.ENOMEM;
    addr = next;
  }
  return 0;
}

export const v5_2 = {
  *vmemmap_populate_hugepages(this: Kernel, ...args: Populate): Steps<number> {
    return yield* populate_blocks(this, args, null);
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

/** 6.12.117: base pages below a table come from the altmap, too; remove_pte_table() frees them as if they did not. */
export const v6_6 = {
  *vmemmap_populate_hugepages(this: Kernel, ...args: Populate): Steps<number> {
    return yield* populate_blocks(this, args, args[3]);
  },
};
