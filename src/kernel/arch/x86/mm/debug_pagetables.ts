import type { Steps } from '../../../../steps/step.ts';
import type { PtdumpNote } from '../../../include/linux/ptdump.ts';
import type { Kernel } from '../../../kernel.ts';

/**
 * arch/x86/mm/debug_pagetables.c: reads of page_tables/kernel. Before v5.6 x86-64 walks by functions of its own, which are not
 * modelled.
 */
export const v5_7 = {
  /** No lock of its own. */
  *ptdump_show(this: Kernel, start: number, end: number): Steps<PtdumpNote[]> {
    return yield* this.ptdump_walk_pgd(start, end);
  },
};
