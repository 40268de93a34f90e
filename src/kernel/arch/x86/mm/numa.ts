import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';

/** arch/x86/mm/numa.c */
export const v5_2 = {
  /** What firmware says of memory that is not there is not modelled: it is on the first node. */
  *memory_add_physaddr_to_nid(this: Kernel, _addr: number): Steps<number> {
    return 0;
  },
};
