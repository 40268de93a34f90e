import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { pr_warn } from '../../../ops.ts';

/** arch/arm64/mm/numa.c */
export const v5_2 = {
  /** The node of memory that firmware did not describe. */
  *memory_add_physaddr_to_nid(this: Kernel, addr: number): Steps<number> {
    yield* pr_warn(`NUMA: Unknown node for memory at 0x${addr.toString(16)}, assuming node 0`);
    return 0;
  },
};
