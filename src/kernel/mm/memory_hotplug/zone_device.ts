import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { R, W } from '../../ops.ts';
import { IS_ALIGNED, PFN_PHYS, pfn_to_section_nr } from '../../pfn.ts';
import { PCM, SECTION_TAINT_ZONE_DEVICE, zone_idx } from '../../state.ts';

/** The state of device memory that other code reads: its struct pages and the taint of sections it shares. */

export const v5_2 = {
  /** memmap_init_zone_device() sets PG_reserved permanently, in every release from v5.2 to v7.2. */
  $zone_device_pages_reserved(this: Kernel): boolean {
    return true;
  },

  /** Before v5.12 a section did not record that part of it was device memory. */
  *$taint_zone_device(this: Kernel, _zone: number, _start_pfn: number, _nr_pages: number): Steps<void> {},
};

export const v5_12 = {
  /**
   * move_pfn_range_to_zone(): taints sections that ZONE_DEVICE shares with other memory, at either edge (1f90a3477df3).
   */
  *$taint_zone_device(this: Kernel, zone: number, start_pfn: number, nr_pages: number): Steps<void> {
    if (zone_idx(zone) !== this.c.ZONE_DEVICE) return;
    for (const pfn of [start_pfn, start_pfn + nr_pages]) {
      if (!IS_ALIGNED(pfn, this.c.PAGES_PER_SECTION)) yield* this.section_taint_zone_device(pfn);
    }
  },

  *section_taint_zone_device(this: Kernel, pfn: number): Steps<void> {
    const nr = pfn_to_section_nr(this.c, pfn);
    const map = yield* R('mem_section', nr, 'section_mem_map');
    yield* W('mem_section', nr, 'section_mem_map', map | SECTION_TAINT_ZONE_DEVICE);
  },
};

export const pg_reserved = {
  /** The RFC on PG_reserved: device memory is recognised by its zone. */
  $zone_device_pages_reserved(this: Kernel): boolean {
    return false;
  },
};

/** Device memory without a driver: memremap_pages() for a range, mapped with this memory type. */
export function* add_zone_device(
  k: Kernel,
  nid: number,
  pfn: number,
  nr_pages: number,
  pcm: number,
): Steps<number> {
  const [start, size] = [PFN_PHYS(k.c, pfn), PFN_PHYS(k.c, nr_pages)];
  yield* k.reserve_memtype(pfn, nr_pages, pcm);
  const ret = yield* k.devm_memremap_pages(yield* k.$alloc_dev_pagemap('fs_dax', start, size, nid, null));
  if (ret) yield* k.reserve_memtype(pfn, nr_pages, PCM.NONE);
  return ret;
}
