import type { Steps } from '../../../../../steps/step.ts';
import type { Kernel, vmem_altmap } from '../../../../kernel.ts';
import * as tables from './free_empty_tables.ts';
import * as leaves from './unmap_hotplug_range.ts';

/** arch/arm64/mm/mmu.c: tearing down a range of the kernel's tables in two passes, leaves first. */

export const arm64_v6 = {
  ...leaves.arm64_v6,
  ...tables.arm64_v6,

  *__remove_pgd_mapping(this: Kernel, start: number, size: number): Steps<void> {
    const end = start + size;
    yield* this.unmap_hotplug_range(start, end, false, null);
    yield* this.free_empty_tables(start, end, this.c.PAGE_OFFSET, this.c.PAGE_END);
  },

  /** The tables of the memmap stay (option 3 of the series). */
  *vmemmap_free(this: Kernel, start: number, end: number, _altmap: vmem_altmap | null): Steps<void> {
    yield* this.unmap_hotplug_range(start, end, true, null);
  },
};

export const v5_7 = {
  ...leaves.v5_7,
  ...tables.v5_7,

  /** The memmap did not come from the altmap and is not returned to it. */
  *vmemmap_free(this: Kernel, start: number, end: number, _altmap: vmem_altmap | null): Steps<void> {
    yield* v5_10.vmemmap_free.call(this, start, end, null);
  },
};

export const v5_10 = {
  /** With the altmap from which vmemmap_populate() took the memmap (eee07935bb52). */
  *vmemmap_free(this: Kernel, start: number, end: number, altmap: vmem_altmap | null): Steps<void> {
    if (start < this.c.VMEMMAP_START || end > this.c.VMEMMAP_END) yield* this.WARN('vmemmap_free');
    yield* this.unmap_hotplug_range(start, end, true, altmap);
    yield* this.free_empty_tables(start, end, this.c.VMEMMAP_START, this.c.VMEMMAP_END);
  },
};

export const { v6_1_192 } = leaves;
