import type { Steps } from '../../../../../steps/step.ts';
import { SIZEOF_STRUCT_PAGE } from '../../../../config.ts';
import type { Kernel, vmem_altmap } from '../../../../kernel.ts';

/** arch/arm64/mm/mmu.c: the tables of the memmap of hot-added memory. */

type Populate = [start: number, end: number, nid: number, altmap: vmem_altmap | null];

export const v5_2 = {
  /** Blocks with 4K pages, else base pages. An altmap is accepted and ignored. */
  *vmemmap_populate(this: Kernel, ...[start, end, nid, _altmap]: Populate): Steps<number> {
    if (this.c.PAGE_SHIFT !== 12) return yield* this.vmemmap_populate_basepages(start, end, nid, null);
    return yield* this.vmemmap_populate_hugepages(start, end, nid, null);
  },

  /** Empty until V5 and V6 of arm64 memory hot-remove. */
  *vmemmap_free(this: Kernel, _start: number, _end: number, _altmap: vmem_altmap | null): Steps<void> {},
};

export const v5_10 = {
  *vmemmap_populate(this: Kernel, ...[start, end, nid, altmap]: Populate): Steps<number> {
    if (this.c.PAGE_SHIFT !== 12) return yield* this.vmemmap_populate_basepages(start, end, nid, altmap);
    return yield* this.vmemmap_populate_hugepages(start, end, nid, altmap);
  },
};

export const v6_1 = {
  /** 6.1.192, 6.12.117: blocks for one whole section only (d4234d131b0a, B28). */
  *vmemmap_populate(this: Kernel, ...[start, end, nid, altmap]: Populate): Steps<number> {
    const section = this.c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE;
    if (start < this.c.VMEMMAP_START || end > this.c.VMEMMAP_END) yield* this.WARN('vmemmap_populate');
    if (end - start > section) yield* this.WARN_ON_ONCE('vmemmap_populate');
    if (this.c.PAGE_SHIFT !== 12 || end - start < section) {
      return yield* this.vmemmap_populate_basepages(start, end, nid, altmap);
    }
    return yield* this.vmemmap_populate_hugepages(start, end, nid, altmap);
  },
};
