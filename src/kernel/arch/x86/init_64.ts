import type { Steps } from '../../../steps/step.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';
import { R, W } from '../../ops.ts';
import { PFN_DOWN } from '../../pfn.ts';

/** arch/x86/mm/init_64.c: hot-add, hot-remove and the size of a memory block. */

const MAX_BLOCK_SIZE = 2 ** 31;
const MEM_SIZE_FOR_LARGE_BLOCK = 64 * 2 ** 30;

export const v5_2 = {
  /** add_pages: max_pfn follows the memory. */
  *arch_add_memory(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    const pfn = PFN_DOWN(this.c, start);
    const ret = yield* this.__add_pages(nid, pfn, size / this.c.PAGE_SIZE, altmap);
    if (ret) yield* this.WARN('add_pages');
    const end_pfn = pfn + size / this.c.PAGE_SIZE;
    if (end_pfn > (yield* R('vars', 0, 'max_pfn'))) yield* W('vars', 0, 'max_pfn', end_pfn);
    return ret;
  },

  *arch_remove_memory(this: Kernel, start: number, size: number, altmap: vmem_altmap | null): Steps<void> {
    const pfn = PFN_DOWN(this.c, start);
    const zone = yield* this.zone_of_removed(pfn);
    yield* this.__remove_pages(pfn, size / this.c.PAGE_SIZE, altmap, zone);
  },
};

/**
 * probe_memory_block_size: one section below 64 GiB; above it 2 GiB, or under a hypervisor the largest power of
 * two to which the end of boot memory is aligned.
 */
export function probe_memory_block_size(
  section_size: number,
  boot_mem_end: number,
  hypervisor: boolean,
): number {
  if (boot_mem_end < MEM_SIZE_FOR_LARGE_BLOCK) return section_size;
  if (!hypervisor) return MAX_BLOCK_SIZE;
  for (let size = MAX_BLOCK_SIZE; size > section_size; size /= 2) if (boot_mem_end % size === 0) return size;
  return section_size;
}
