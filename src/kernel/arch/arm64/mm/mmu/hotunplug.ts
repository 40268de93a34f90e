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

  *__remove_pgd_mapping(this: Kernel, start: number, size: number): Steps<void> {
    const { PAGE_OFFSET, PAGE_END } = this.c;
    // unsigned: a range that ends at 2^64 does not end above
    const end = start + size;
    const above = end < 0 && PAGE_END < 0 && end > PAGE_END;
    if (start < PAGE_OFFSET || above) yield* this.WARN('__remove_pgd_mapping');
    yield* arm64_v6.__remove_pgd_mapping.call(this, start, size);
  },

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

export const { v6_1_192, v5_10_262 } = leaves;

/** Until v7.1: an invalidation after every leaf. */
export const v6_6 = {
  unmap_hotplug_range: leaves.arm64_v6.unmap_hotplug_range,
  unmap_hotplug_pud_range: leaves.v5_7.unmap_hotplug_pud_range,
  unmap_hotplug_pmd_range: leaves.v5_7.unmap_hotplug_pmd_range,
  unmap_hotplug_pte_range: leaves.arm64_v6.unmap_hotplug_pte_range,
};
