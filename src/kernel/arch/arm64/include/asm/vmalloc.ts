import { contSize } from '../../../../../geometry/blocks.ts';
import { depthOf } from '../../../../../geometry/translation.ts';
import { isValid } from '../../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { type EntryPointer, READ_ONCE } from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { cont } from './pgtable.ts';

/** arch/arm64/include/asm/vmalloc.h: contiguous groups of pages in vmalloc and ioremap. */

export const v6_16 = {
  /** CONT_PTE_SIZE where a whole group of ioremap() is aligned, else PAGE_SIZE. */
  *arch_vmap_pte_range_map_size(this: Kernel, addr: number, end: number, phys: number): Steps<number> {
    const size = contSize(this.c.t, depthOf(this.c.t, 'PTE'));
    return end - addr >= size && addr % size === 0 && phys % size === 0 ? size : this.c.PAGE_SIZE;
  },

  *arch_vmap_pte_range_unmap_size(this: Kernel, ptep: EntryPointer): Steps<number> {
    const pte = yield* READ_ONCE(ptep);
    return isValid(pte) && cont(pte) ? contSize(this.c.t, depthOf(this.c.t, 'PTE')) : this.c.PAGE_SIZE;
  },
};
