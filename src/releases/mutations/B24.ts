import type { Kernel } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { arm64_v6 } from '../series/arm64-v6.ts';

/** B24: an unlinked table is flushed as leaves are, with TLBI VAALE1IS. */
export const B24_mutant = defineRelease({
  name: 'arm64-v6-B24',
  base: arm64_v6,
  about: 'V6 with flush_tlb_kernel_range() where a table is unlinked',
  arch: {
    arm64: {
      *__flush_tlb_kernel_pgtable(this: Kernel, addr: number): Steps<void> {
        yield* this.flush_tlb_kernel_range(addr, addr + this.c.PAGE_SIZE);
      },
    },
  },
});
