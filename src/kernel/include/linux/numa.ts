import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';

/** include/linux/numa.h; kernel/numa.c in 6.1.192 and from v6.8 on; mm/numa.c from v6.12 on. */
export const v5_10 = {
  /** For an architecture without a function of its own: arm64. */
  *memory_add_physaddr_to_nid(this: Kernel, start: number): Steps<number> {
    const text = `Unknown online node for memory at 0x${start.toString(16)}, assuming node 0`;
    yield* this.$pr_info_once('memory_add_physaddr_to_nid', text);
    return 0;
  },
};
