import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done } from '../locks.ts';
import { R, W } from '../ops.ts';
import { IS_ALIGNED, PFN_PHYS, pfn_to_section_nr } from '../pfn.ts';
import { SECTION_TAINT_ZONE_DEVICE, zone_idx, zone_key } from '../state.ts';
import { MIGRATE, PG_reserved } from './page.ts';

/** What the rest of the kernel sees of device memory: its struct pages and the taint of sections it shares. */

export const v5_2 = {
  /** memmap_init_zone_device() sets PG_reserved for ever, in every release from v5.2 to v7.2. */
  zone_device_pages_reserved(this: Kernel): boolean {
    return true;
  },

  /** A pagemap covers the pfn. Where the model keeps none of its own, the struct page says so. */
  *pfn_has_pgmap(this: Kernel, pfn: number): Steps<boolean> {
    return yield* this.is_zone_device_page(pfn);
  },

  /** Before v5.12 a section did not know that part of it was device memory. */
  *taint_zone_device(this: Kernel, _zone: number, _start_pfn: number, _nr_pages: number): Steps<void> {},
};

export const v5_12 = {
  /** move_pfn_range_to_zone(): sections that ZONE_DEVICE shares with something else, at either edge (1f90a3477df3). */
  *taint_zone_device(this: Kernel, zone: number, start_pfn: number, nr_pages: number): Steps<void> {
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

export const S2 = {
  /** Seed 002: device memory is told by its zone. */
  zone_device_pages_reserved(this: Kernel): boolean {
    return false;
  },
};

/**
 * Device memory as memremap_pages() leaves it, without a pagemap, a resource or an altmap: memory type, memmap, zone, struct
 * pages. It stands in for that function.
 */
export function* add_zone_device(
  k: Kernel,
  nid: number,
  pfn: number,
  nr_pages: number,
  pcm: number,
): Steps<number> {
  const zone = zone_key(nid, k.c.ZONE_DEVICE);
  yield* k.reserve_memtype(pfn, nr_pages, pcm);
  yield* mem_hotplug_begin();
  const ret = yield* k.arch_add_memory(nid, PFN_PHYS(k.c, pfn), PFN_PHYS(k.c, nr_pages), null);
  if (ret === 0) yield* k.move_pfn_range_to_zone(zone, pfn, nr_pages, MIGRATE.MOVABLE);
  yield* mem_hotplug_done();
  if (ret) return ret;
  if (k.zone_device_pages_reserved()) yield* k.set_page_flag(pfn, nr_pages, PG_reserved);
  else yield* k.clear_page_flag(pfn, nr_pages, PG_reserved);
  return 0;
}
