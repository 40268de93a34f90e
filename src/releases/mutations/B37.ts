import type { Kernel, vmem_altmap } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { arm64_v6 } from '../series/arm64-v6.ts';

/** B37: tables of the memmap that are kept and not to be found again: every round leaves more of them. */
export const B37_mutant = defineRelease({
  name: 'arm64-v6-B37',
  base: arm64_v6,
  about: 'V6 with empty tables of the memmap unlinked, but kept',
  arch: {
    arm64: {
      *vmemmap_free(this: Kernel, start: number, end: number, _altmap: vmem_altmap | null): Steps<void> {
        yield* this.unmap_hotplug_range(start, end, true, null);
        yield* this.free_empty_tables(start, end, this.c.VMEMMAP_START, this.c.VMEMMAP_END);
      },
      *free_hotplug_pgtable_page(this: Kernel, _phys: number): Steps<void> {},
    },
  },
});
