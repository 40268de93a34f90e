import type { Steps } from '../../../../../steps/step.ts';
import type { Kernel, mhp_params, vmem_altmap } from '../../../../kernel.ts';
import { vmem_altmap_offset } from '../../../../mm/memory_hotplug/add_pages.ts';
import { R, W } from '../../../../ops.ts';
import { PFN_DOWN } from '../../../../pfn.ts';

/** arch/x86/mm/init_64.c: hot-add, hot-remove and the size of a memory block. */

const MAX_BLOCK_SIZE = 2 ** 31;
const MEM_SIZE_FOR_LARGE_BLOCK = 64 * 2 ** 30;

export const v5_2 = {
  /** If add_pages() fails, the linear map stays (B31). */
  *arch_add_memory(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    params: mhp_params,
  ): Steps<number> {
    yield* this.init_memory_mapping(start, start + size, params.pgprot);
    return yield* this.add_pages(nid, PFN_DOWN(this.c, start), size / this.c.PAGE_SIZE, params);
  },

  *add_pages(this: Kernel, nid: number, pfn: number, nr_pages: number, params: mhp_params): Steps<number> {
    const ret = yield* this.__add_pages(nid, pfn, nr_pages, params);
    if (ret) yield* this.WARN_ON_ONCE('add_pages');
    yield* this.update_end_of_memory_vars(pfn, nr_pages, params);
    return ret;
  },

  /**
   * For all memory, including device memory. max_low_pfn and high_memory follow max_pfn; nothing that is modelled reads
   * them.
   */
  *update_end_of_memory_vars(this: Kernel, pfn: number, nr_pages: number, _params: mhp_params): Steps<void> {
    const end_pfn = pfn + nr_pages;
    if (end_pfn > (yield* R('vars', 0, 'max_pfn'))) yield* W('vars', 0, 'max_pfn', end_pfn);
  },

  *arch_remove_memory(this: Kernel, start: number, size: number, altmap: vmem_altmap | null): Steps<void> {
    const pfn = PFN_DOWN(this.c, start);
    // with an altmap the first initialised page lies behind it
    const zone = yield* this.$zone_of_removed(altmap ? pfn + vmem_altmap_offset(altmap) : pfn);
    yield* this.__remove_pages(pfn, size / this.c.PAGE_SIZE, altmap, zone);
    yield* this.kernel_physical_mapping_remove(start, start + size);
  },
};

export const v6_1 = {
  /** 6.1.192: device memory does not count, so that DMA limits do not change. */
  *update_end_of_memory_vars(this: Kernel, pfn: number, nr_pages: number, params: mhp_params): Steps<void> {
    if (!params.pgmap) yield* v5_2.update_end_of_memory_vars.call(this, pfn, nr_pages, params);
  },
};

/**
 * probe_memory_block_size: one section below 64 GiB. From 64 GiB on 2 GiB on bare metal, where that matters, else the
 * largest power of two to which the end of boot memory is aligned. Bytes; `advised` is
 * memory_block_advised_max_size(), 0 for none: then bare metal counts no more.
 */
export function probe_memory_block_size(
  section_size: number,
  boot_mem_end: number,
  bare_metal: boolean,
  advised: number,
): number {
  if (boot_mem_end < MEM_SIZE_FOR_LARGE_BLOCK) return section_size;
  if (bare_metal && advised === 0) return MAX_BLOCK_SIZE;
  const largest = advised === 0 ? MAX_BLOCK_SIZE : Math.max(Math.min(advised, MAX_BLOCK_SIZE), section_size);
  for (let size = largest; size > section_size; size /= 2) if (boot_mem_end % size === 0) return size;
  return section_size;
}
