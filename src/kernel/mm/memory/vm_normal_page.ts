import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';

/** mm/memory.c: which entries of a program's tables have a struct page that the kernel may use. */

/** A present entry of user space: pte_special() and pte_devmap(), or pmd_devmap(). */
export interface UserEntry {
  readonly pfn: number;
  readonly special: boolean;
  readonly devmap: boolean;
}

/** What of a vm_area_struct decides. */
export interface Vma {
  /** VM_PFNMAP or VM_MIXEDMAP. */
  readonly pfnmap: boolean;
}

export const v5_2 = {
  /** The pfn of the page, -1 for none. A special entry without a reason is a bad one, and has no page either. */
  *vm_normal_page(this: Kernel, _vma: Vma, _addr: number, pte: UserEntry): Steps<number> {
    return pte.special ? -1 : pte.pfn;
  },

  /** A block has no special bit: pmd_devmap() alone keeps device memory out, until v6.16. */
  *vm_normal_page_pmd(this: Kernel, vma: Vma, _addr: number, pmd: UserEntry): Steps<number> {
    if (vma.pfnmap || pmd.devmap || (yield* this.is_zero_pfn(pmd.pfn))) return -1;
    return pmd.pfn;
  },
};
