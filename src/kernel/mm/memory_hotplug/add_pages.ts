import type { Steps } from '../../../steps/step.ts';
import type { Config } from '../../config.ts';
import type { Kernel, mhp_params, vmem_altmap } from '../../kernel.ts';
import { look, operation } from '../../ops.ts';
import {
  hex,
  hexpad,
  IS_ALIGNED,
  PFN_PHYS,
  pfn_to_section_nr,
  section_end_pfn,
  section_nr_to_pfn,
} from '../../pfn.ts';
import { NO_ZONE, SECTION_HAS_MEM_MAP, type State } from '../../state.ts';
import { mapped_page, page_zone } from '../page_access.ts';

/**
 * mm/memory_hotplug.c: __add_pages and __remove_pages, from a range of pfns down to its sections. This is the number of
 * pages at the start of the altmap that it does not hand out.
 */
export const vmem_altmap_offset = (altmap: vmem_altmap): number => altmap.reserve + altmap.free;

/**
 * The pfn at which to continue from `pfn`, the start of a section: `pfn` itself; or, if that section and the one before were
 * never allocated (so that a warning was printed), the first one that was.
 */
export const next_section = operation({
  name: 'next_section',
  obj: 'mem_section',
  writes: false,
  run(state: State, c: Config, pfn: number): number {
    const nr = pfn_to_section_nr(c, pfn);
    if (state.mem_section.has(nr) || state.mem_section.has(nr - 1)) return pfn;
    let next = Number.POSITIVE_INFINITY;
    for (const key of state.mem_section.keys()) if (key > nr && key < next) next = key;
    return next === Number.POSITIVE_INFINITY ? next : section_nr_to_pfn(c, next);
  },
});

export const v5_2 = {
  *$check_altmap(this: Kernel, pfn: number, nr_pages: number, altmap: vmem_altmap | null): Steps<number> {
    if (!altmap) return 0;
    if (altmap.base_pfn !== pfn || vmem_altmap_offset(altmap) > nr_pages) {
      yield* this.$pr_warn_once('__add_pages', 'memory add fail, invalid altmap');
      return -this.errno.EINVAL;
    }
    altmap.alloc = 0;
    return 0;
  },

  *__add_section(this: Kernel, nid: number, pfn: number, params: mhp_params): Steps<number> {
    if (yield* this.pfn_valid(pfn)) return -this.errno.EEXIST;
    const ret = yield* this.sparse_add_section(nid, pfn, this.c.PAGES_PER_SECTION, params.altmap);
    // MHP_MEMBLOCK_API: device memory has no blocks
    if (ret < 0 || params.pgmap) return ret;
    return yield* this.hotplug_memory_register(nid, pfn_to_section_nr(this.c, pfn));
  },

  /** -EEXIST of a section counts as success (5.2.1; B62). */
  *__add_pages(this: Kernel, nid: number, pfn: number, nr_pages: number, params: mhp_params): Steps<number> {
    const bad = yield* this.$check_altmap(pfn, nr_pages, params.altmap);
    if (bad) return bad;
    const last = pfn_to_section_nr(this.c, pfn + nr_pages - 1);
    for (let nr = pfn_to_section_nr(this.c, pfn); nr <= last; nr++) {
      const err = yield* this.__add_section(nid, section_nr_to_pfn(this.c, nr), params);
      if (err && err !== -this.errno.EEXIST) return err;
    }
    return 0;
  },

  *__remove_section(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
    zone: number,
  ): Steps<void> {
    const nr = pfn_to_section_nr(this.c, pfn);
    if (!((yield* this.$section_mem_map(nr)) & SECTION_HAS_MEM_MAP)) {
      yield* this.WARN_ON_ONCE('__remove_section');
      return;
    }
    yield* this.unregister_memory_section(nr);
    yield* this.__remove_zone(zone, pfn, nr_pages);
    yield* this.sparse_remove_section(pfn, nr_pages, altmap);
  },

  /** v5.2: whole sections only; other ranges are a BUG. */
  *__remove_pages(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
    zone: number,
  ): Steps<void> {
    const section = this.c.PAGES_PER_SECTION;
    if (!IS_ALIGNED(pfn, section) || !IS_ALIGNED(nr_pages, section)) yield* this.BUG('__remove_pages');
    for (let i = 0; i < nr_pages; i += section) {
      yield* this.__remove_section(pfn + i, section, altmap, zone);
    }
  },

  /** The zone according to the first struct page, initialised or not (B66). */
  *$zone_of_removed(this: Kernel, pfn: number): Steps<number> {
    const page = yield* mapped_page(this, pfn, yield* this.pfn_to_page(pfn), 'arch_remove_memory');
    return yield* page_zone(this, pfn, page, 'arch_remove_memory');
  },
};

/** check_pfn_span(): sub-sections with SPARSEMEM_VMEMMAP. */
function* is_misaligned(
  k: Kernel,
  where: '__add_pages' | '__remove_pages',
  pfn: number,
  nr_pages: number,
): Steps<boolean> {
  const { PAGES_PER_SUBSECTION } = k.c;
  if (IS_ALIGNED(pfn, PAGES_PER_SUBSECTION) && IS_ALIGNED(nr_pages, PAGES_PER_SUBSECTION)) return false;
  yield* k.$misaligned_pages(where, pfn, nr_pages);
  return true;
}

export const v5_3 = {
  *$section_not_valid(this: Kernel): Steps<void> {
    yield* this.WARN_ON_ONCE('__remove_pages');
  },

  /** check_pfn_span(): the last pfn is printed with a # before it. */
  *$misaligned_pages(this: Kernel, where: string, pfn: number, nr_pages: number): Steps<void> {
    yield* this.WARN(where, `Misaligned ${where} start: ${hex(pfn)} end: #${hexpad(pfn + nr_pages - 1, 1)}`, {
      message: `Misaligned ${where}`,
      pfn,
      nr_pages,
    });
  },

  *__add_pages(this: Kernel, nid: number, pfn: number, nr_pages: number, params: mhp_params): Steps<number> {
    const bad = yield* this.$check_altmap(pfn, nr_pages, params.altmap);
    if (bad) return bad;
    if (yield* is_misaligned(this, '__add_pages', pfn, nr_pages)) return -this.errno.EINVAL;
    const end_pfn = pfn + nr_pages;
    for (let at = pfn; at < end_pfn; ) {
      const n = Math.min(end_pfn - at, section_end_pfn(this.c, at) - at);
      const err = yield* this.sparse_add_section(nid, at, n, params.altmap);
      if (err) return err;
      at += n;
    }
    return 0;
  },

  *__remove_section(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
    zone: number,
  ): Steps<void> {
    if (!((yield* this.$section_mem_map(pfn_to_section_nr(this.c, pfn))) & SECTION_HAS_MEM_MAP)) {
      yield* this.$section_not_valid();
      return;
    }
    if (zone !== NO_ZONE) yield* this.__remove_zone(zone, pfn, nr_pages);
    yield* this.sparse_remove_section(pfn, nr_pages, altmap);
  },

  *__remove_pages(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
    zone: number,
  ): Steps<void> {
    if (yield* is_misaligned(this, '__remove_pages', pfn, nr_pages)) return;
    const end_pfn = pfn + nr_pages;
    for (let at = pfn; at < end_pfn; ) {
      const n = Math.min(end_pfn - at, section_end_pfn(this.c, at) - at);
      yield* this.__remove_section(at, n, altmap, zone);
      at += n;
      if (at < end_pfn) at = yield* look(next_section, this.c, at);
    }
  },
};

/** v6.6 at the latest */
export const v6_6 = {
  *$misaligned_pages(this: Kernel, where: string, pfn: number, nr_pages: number): Steps<void> {
    yield* this.WARN(where, `Misaligned ${where} start: ${hex(pfn)} end: ${hex(pfn + nr_pages - 1)}`, {
      message: `Misaligned ${where}`,
      pfn,
      nr_pages,
    });
  },

  /** sparse_remove_section() checks the section. */
  *$section_not_valid(this: Kernel): Steps<void> {
    yield* this.WARN_ON_ONCE('sparse_remove_section');
  },
};

export const v5_7 = {
  /** Until v5.12, which already checks in add_memory_resource(). The printed maximum has one bit too many. */
  *__add_pages(this: Kernel, nid: number, pfn: number, nr_pages: number, params: mhp_params): Steps<number> {
    const max_addr = PFN_PHYS(this.c, pfn + nr_pages) - 1;
    if (max_addr >= 2 ** this.c.MAX_PHYSMEM_BITS) {
      const range = `${hex(PFN_PHYS(this.c, pfn))}-${hex(max_addr)}`;
      yield* this.WARN(
        'check_hotplug_memory_addressable',
        `Hotplugged memory exceeds maximum addressable address, range=${range}, maximum=${hex(2 ** (this.c.MAX_PHYSMEM_BITS + 1) - 1)}`,
        { message: 'Hotplugged memory exceeds maximum addressable address', pfn, nr_pages },
      );
      return -this.errno.E2BIG;
    }
    return yield* v5_3.__add_pages.call(this, nid, pfn, nr_pages, params);
  },
};

export const v5_5 = {
  /**
   * Zones shrink when memory goes offline; removal no longer needs a zone (feee6b298916). Takes no step, because the
   * argument no longer exists.
   */
  *$zone_of_removed(this: Kernel, _pfn: number): Steps<number> {
    return NO_ZONE;
  },
};

/** The mappable range has already been checked. */
export const v5_12 = { __add_pages: v5_3.__add_pages };
