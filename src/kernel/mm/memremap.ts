import type { Steps } from '../../steps/step.ts';
import { WARN_ONCE } from '../include/asm-generic/bug.ts';
import type { Kernel, vmem_altmap } from '../kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done, rcu_read_lock, rcu_read_unlock } from '../locks.ts';
import { alloc, exists, free, look, operation, R, W } from '../ops.ts';
import { hex, PFN_DOWN, PFN_PHYS, PFN_UP } from '../pfn.ts';
import { type dev_pagemap, NO_ZONE, type State, zone_key } from '../state.ts';
import { vm_bug_on_page } from './debug.ts';
import { vmem_altmap_offset } from './memory_hotplug/add_pages.ts';
import { MEMMAP, MIGRATE, NO_PAGE, type Page, page_memmap } from './page.ts';
import {
  access_pages,
  mapped_page,
  PAGE_OFFSET_OF,
  page_operation,
  page_to_nid,
  page_zone,
} from './page_access.ts';
import { pagemap_key } from './pgmap_array.ts';

/**
 * mm/memremap.c, before v5.3 kernel/memremap.c: struct pages for device memory. A pagemap is named by its key; it has
 * one range.
 */

/** xa_load(&pgmap_array), with a reference to what is there. */
export const pagemap_at = operation({
  name: 'pagemap_at',
  obj: 'dev_pagemap',
  writes: false,
  run: (state: State, pfn: number, page_size: number): number => pagemap_key(state, pfn * page_size),
});

const next_key = operation({
  name: 'next_key',
  obj: 'dev_pagemap',
  writes: false,
  run: (state: State): number => Math.max(0, ...state.dev_pagemap.keys()) + 1,
});

export interface Range {
  readonly start: number;
  readonly size: number;
}

/** %pr of a pagemap's resource, which is IORESOURCE_MEM. */
const pr = ({ start, size }: Range): string => {
  const at = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`;
  return `[mem ${at(start)}-${at(start + size - 1)} flags 0x200]`;
};

/**
 * 0; -ENOMEM if a pagemap covers one of the edges, -ENXIO if the range touches System RAM. `said` is the text for that
 * range. Until v5.3 the message starts with the names of driver and device; neither is modelled.
 */
function* conflict(k: Kernel, { start, size }: Range, where: string, said: string): Steps<number> {
  for (const edge of [start, start + size - 1]) {
    if (!(yield* k.get_dev_pagemap(PFN_DOWN(k.c, edge)))) continue;
    yield* k.WARN(where, 'Conflicting mapping in same section');
    return -k.errno.ENOMEM;
  }
  const ram = yield* k.$region_intersects_ram(start, size);
  if (ram === 'disjoint') return 0;
  const kind = ram === 'mixed' ? 'mixed' : 'ram';
  yield* WARN_ONCE(k, where, said.replace('%s', kind));
  return -k.errno.ENXIO;
}

/** The first page to which put_page() does not merely take away a reference. */
const first_unreferenced = page_operation({
  name: 'first_unreferenced',
  writes: false,
  offset: PAGE_OFFSET_OF.compound_head,
  first_unmapped: (state, start, end, debug: boolean): number => {
    const pfn = state.pages.first(start, end, (page) => is_unreferenced(page, debug));
    return pfn >= 0 && state.pages.get(pfn) === NO_PAGE ? pfn : -1;
  },
  run: (state, start, end, debug: boolean): number =>
    state.pages.first(start, end, (page) => is_unreferenced(page, debug)),
});

/** With CONFIG_DEBUG_VM a reference count of 0 is a BUG; otherwise it becomes -1, and nothing is freed. */
const is_unreferenced = (page: Page, debug: boolean): boolean =>
  page_memmap(page) !== MEMMAP.INIT && (page_memmap(page) !== MEMMAP.ZERO || debug);

/** The pagemap's own range, as requested. */
function* own_range(pgmap: number): Steps<Range> {
  const start = yield* R('dev_pagemap', pgmap, 'start');
  return { start, size: (yield* R('dev_pagemap', pgmap, 'end')) + 1 - start };
}

export const v5_2 = {
  /** Makes a pagemap for a range of bytes that is not mapped yet; returns its key. */
  *$alloc_dev_pagemap(
    this: Kernel,
    type: dev_pagemap['type'],
    start: number,
    size: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    const key = yield* look(next_key);
    const range = { start, end: start + size - 1 };
    yield* alloc('dev_pagemap', key, { type, ...range, nid, altmap, vmemmap_shift: 0, mapped: false });
    return key;
  },

  /** Key of the pagemap that covers the pfn, 0 for none. */
  *get_dev_pagemap(this: Kernel, pfn: number): Steps<number> {
    yield* rcu_read_lock();
    const key = yield* look(pagemap_at, pfn, this.c.PAGE_SIZE);
    yield* rcu_read_unlock();
    return key;
  },

  /** The first pfn whose struct page the pagemap initialises. */
  *pfn_first(this: Kernel, pgmap: number): Steps<number> {
    const altmap = yield* R('dev_pagemap', pgmap, 'altmap');
    const start = PFN_DOWN(this.c, yield* R('dev_pagemap', pgmap, 'start'));
    return altmap ? start + vmem_altmap_offset(altmap) : start;
  },

  /** The range passed to arch_add_memory: until v5.3 whole sections around the range. */
  *$pagemap_aligned_range(this: Kernel, pgmap: number): Steps<Range> {
    const section = this.c.SECTION_SIZE;
    const first = yield* R('dev_pagemap', pgmap, 'start');
    const last = yield* R('dev_pagemap', pgmap, 'end');
    const start = Math.floor(first / section) * section;
    return { start, size: Math.ceil((last + 1) / section) * section - start };
  },

  *$pagemap_conflict(this: Kernel, pgmap: number, range: Range): Steps<number> {
    const said = `devm_memremap_pages attempted on %s region ${pr(yield* own_range(pgmap))}`;
    return yield* conflict(this, range, 'devm_memremap_pages', said);
  },

  *memremap_pages(this: Kernel, pgmap: number): Steps<number> {
    const range = yield* this.$pagemap_aligned_range(pgmap);
    const refused = yield* this.$pagemap_conflict(pgmap, range);
    if (refused) return refused;
    yield* W('dev_pagemap', pgmap, 'mapped', true);
    const error = yield* this.pagemap_range(pgmap, range.start, range.size);
    if (error) yield* this.pgmap_array_delete(pgmap);
    return error;
  },

  /** Private memory gets no linear map, all other memory does. The last part runs without the lock. */
  *pagemap_range(this: Kernel, pgmap: number, start: number, size: number): Steps<number> {
    const type = yield* R('dev_pagemap', pgmap, 'type');
    const nid = yield* R('dev_pagemap', pgmap, 'nid');
    const altmap = yield* R('dev_pagemap', pgmap, 'altmap');
    const pfn = PFN_DOWN(this.c, start);
    const nr_pages = size / this.c.PAGE_SIZE;
    const zone = zone_key(nid, this.c.ZONE_DEVICE);
    if (!(yield* this.$pagemap_range_allowed(start, size, type !== 'private'))) return -this.errno.EINVAL;
    yield* mem_hotplug_begin();
    const params = { altmap, pgmap, pgprot: this.c.pgprot.PAGE_KERNEL };
    const error =
      type === 'private'
        ? yield* this.add_pages(nid, pfn, nr_pages, params)
        : yield* this.arch_add_memory(nid, start, size, params);
    if (!error) yield* this.$move_pfn_range_to_zone_device(zone, pfn, nr_pages, altmap);
    yield* mem_hotplug_done();
    if (error) return error;
    yield* this.memmap_init_zone_device(zone, pfn, nr_pages, pgmap);
    return 0;
  },

  /** Before v5.12 the range of the linear map is not checked. */
  *$pagemap_range_allowed(
    this: Kernel,
    _start: number,
    _size: number,
    _need_mapping: boolean,
  ): Steps<boolean> {
    return true;
  },

  /**
   * move_pfn_range_to_zone() for ZONE_DEVICE. Only the struct pages of the altmap are initialised here, without those
   * of its reserve.
   */
  *$move_pfn_range_to_zone_device(
    this: Kernel,
    zone: number,
    start_pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    yield* this.$resize_spans(zone, start_pfn, nr_pages);
    yield* this.$taint_zone_device(zone, start_pfn, nr_pages);
    if (!altmap) return;
    const first = start_pfn === altmap.base_pfn ? start_pfn + altmap.reserve : start_pfn;
    const n = altmap.base_pfn + vmem_altmap_offset(altmap) - first;
    if (n > 0) yield* this.memmap_init_range(zone, first, n, MIGRATE.MOVABLE);
  },

  /** put_page() of every page from pfn_first() on. `where` is the function that calls it. */
  *$put_device_pages(this: Kernel, pgmap: number, where: string): Steps<void> {
    const start = yield* this.pfn_first(pgmap);
    const end = PFN_UP(this.c, yield* R('dev_pagemap', pgmap, 'end'));
    yield* this.$put_pages(start, end, where);
  },

  *$put_pages(this: Kernel, start: number, end: number, where: string): Steps<void> {
    if (start >= end) return;
    const pfn = yield* access_pages(this, where, first_unreferenced, start, end, this.c.DEBUG_VM);
    if (pfn < 0) return;
    yield* this.compound_head(pfn, where);
    yield* vm_bug_on_page(this, 'page_ref_count(page) == 0', pfn, where);
  },

  /** The node is read from the first struct page of the aligned range, which is uninitialised with an altmap (B67). */
  *memunmap_pages(this: Kernel, pgmap: number): Steps<void> {
    const { start, size } = yield* this.$pagemap_aligned_range(pgmap);
    const altmap = yield* R('dev_pagemap', pgmap, 'altmap');
    const pfn = PFN_DOWN(this.c, start);
    const where = this.$memunmap_reader();
    yield* this.$put_device_pages(pgmap, where);
    const page = yield* mapped_page(this, pfn, yield* this.pfn_to_page(pfn), where);
    yield* page_to_nid(this, pfn, page, where);
    yield* mem_hotplug_begin();
    if ((yield* R('dev_pagemap', pgmap, 'type')) === 'private') {
      const zone = yield* page_zone(this, pfn, page, where);
      yield* this.__remove_pages(pfn, size / this.c.PAGE_SIZE, null, zone);
    } else {
      yield* this.arch_remove_memory(start, size, altmap);
    }
    yield* mem_hotplug_done();
    yield* this.pgmap_array_delete(pgmap);
    yield* this.$check_altmap_freed(pgmap);
  },

  *pgmap_array_delete(this: Kernel, pgmap: number): Steps<void> {
    yield* W('dev_pagemap', pgmap, 'mapped', false);
    yield* this.synchronize_rcu();
  },

  /** At the end of memunmap_pages(). */
  *$check_altmap_freed(this: Kernel, pgmap: number): Steps<void> {
    const altmap = yield* R('dev_pagemap', pgmap, 'altmap');
    if (altmap?.alloc) yield* WARN_ONCE(this, ...this.$altmap_left());
  },

  /** The function that reads the struct pages of a pagemap that goes. */
  $memunmap_reader(this: Kernel): string {
    return 'devm_memremap_pages_release';
  },

  /** The function that detects pages missing from an altmap, and its message. */
  $altmap_left(this: Kernel): readonly [string, string] {
    const where = 'devm_memremap_pages_release';
    return [where, `${where}: failed to free all reserved pages`];
  },

  /** devm_memremap_pages: a pagemap that cannot be mapped is removed again. */
  *devm_memremap_pages(this: Kernel, pgmap: number): Steps<number> {
    const error = yield* this.memremap_pages(pgmap);
    if (error) yield* free('dev_pagemap', pgmap);
    return error;
  },

  *devm_memunmap_pages(this: Kernel, pgmap: number): Steps<void> {
    if (!(yield* exists('dev_pagemap', pgmap))) return;
    if (yield* R('dev_pagemap', pgmap, 'mapped')) yield* this.memunmap_pages(pgmap);
    yield* free('dev_pagemap', pgmap);
  },
};

export const v5_3 = {
  /** The range itself: whole sub-sections are sufficient. */
  *$pagemap_aligned_range(this: Kernel, pgmap: number): Steps<Range> {
    return yield* own_range(pgmap);
  },
};

export const v5_4 = {
  /** memremap_pages() exists without a device as well (5.4.18; 5.7.14 is the same). */
  *$pagemap_conflict(this: Kernel, pgmap: number, range: Range): Steps<number> {
    const said = `memremap_pages attempted on %s region ${pr(yield* own_range(pgmap))}`;
    return yield* conflict(this, range, 'memremap_pages', said);
  },

  $altmap_left(this: Kernel): readonly [string, string] {
    return ['memunmap_pages', 'failed to free all reserved pages'];
  },

  $memunmap_reader(this: Kernel): string {
    return 'memunmap_pages';
  },
};

export const v5_5 = {
  /** The zone shrinks first, and is taken from an initialised struct page (77e080e7680e, feee6b298916). */
  *memunmap_pages(this: Kernel, pgmap: number): Steps<void> {
    const { start, size } = yield* this.$pagemap_aligned_range(pgmap);
    const altmap = yield* R('dev_pagemap', pgmap, 'altmap');
    const where = this.$memunmap_reader();
    yield* this.$put_device_pages(pgmap, where);
    const first = yield* this.pfn_first(pgmap);
    const page = yield* mapped_page(this, first, yield* this.pfn_to_page(first), where);
    const zone = yield* page_zone(this, first, page, where);
    const pfn = PFN_DOWN(this.c, start);
    const nr_pages = size / this.c.PAGE_SIZE;
    yield* mem_hotplug_begin();
    yield* this.remove_pfn_range_from_zone(zone, pfn, nr_pages);
    if ((yield* R('dev_pagemap', pgmap, 'type')) === 'private') {
      yield* this.__remove_pages(pfn, nr_pages, null, NO_ZONE);
    } else {
      yield* this.arch_remove_memory(PFN_PHYS(this.c, pfn), size, altmap);
    }
    yield* mem_hotplug_done();
    yield* this.pgmap_array_delete(pgmap);
    yield* this.$check_altmap_freed(pgmap);
  },
};

/** The zone of the first struct page that is initialised, read under the lock (77e080e7680e, feee6b298916). */
function* pageunmap_range(k: Kernel, pgmap: number, first: number): Steps<void> {
  const { start, size } = yield* own_range(pgmap);
  const altmap = yield* R('dev_pagemap', pgmap, 'altmap');
  const pfn = PFN_DOWN(k.c, start);
  const nr_pages = size / k.c.PAGE_SIZE;
  yield* mem_hotplug_begin();
  const where = k.$memunmap_reader();
  const page = yield* mapped_page(k, first, yield* k.pfn_to_page(first), where);
  const zone = yield* page_zone(k, first, page, where);
  yield* k.remove_pfn_range_from_zone(zone, pfn, nr_pages);
  if ((yield* R('dev_pagemap', pgmap, 'type')) === 'private')
    yield* k.__remove_pages(pfn, nr_pages, null, NO_ZONE);
  else yield* k.arch_remove_memory(start, size, altmap);
  yield* mem_hotplug_done();
  yield* k.pgmap_array_delete(pgmap);
  yield* k.$check_altmap_freed(pgmap);
}

export const v5_10 = {
  /** percpu_ref_init() fails without memory. A range that cannot be mapped is unmapped by memunmap_pages(). */
  *memremap_pages(this: Kernel, pgmap: number): Steps<number> {
    if (yield* this.$should_fail('percpu_ref')) return -this.errno.ENOMEM;
    const range = yield* own_range(pgmap);
    let error = yield* this.$pagemap_conflict(pgmap, range);
    if (!error && (yield* this.$should_fail('pgmap_array'))) error = -this.errno.ENOMEM;
    else if (!error) {
      yield* W('dev_pagemap', pgmap, 'mapped', true);
      error = yield* this.pagemap_range(pgmap, range.start, range.size);
      if (error) yield* this.pgmap_array_delete(pgmap);
    }
    if (error) yield* this.$check_altmap_freed(pgmap);
    return error;
  },

  /** The node, for arch_remove_memory(), is read before the lock is taken. */
  *memunmap_pages(this: Kernel, pgmap: number): Steps<void> {
    const first = yield* this.pfn_first(pgmap);
    const where = this.$memunmap_reader();
    yield* this.$put_device_pages(pgmap, where);
    const page = yield* mapped_page(this, first, yield* this.pfn_to_page(first), where);
    yield* page_to_nid(this, first, page, where);
    yield* pageunmap_range(this, pgmap, first);
  },

  /** A pagemap can have several ranges, each handled by pagemap_range() and pageunmap_range() (5.10.7). */
  *$pagemap_conflict(this: Kernel, _pgmap: number, range: Range): Steps<number> {
    const said = `attempted on %s region ${hex(range.start)}-${hex(range.start + range.size - 1)}`;
    return yield* conflict(this, range, 'pagemap_range', said);
  },
};

export const v5_12 = {
  *$pagemap_range_allowed(this: Kernel, start: number, size: number, need_mapping: boolean): Steps<boolean> {
    return yield* this.mhp_range_allowed(start, size, need_mapping);
  },
};

export const v6_1 = {
  /** The references are counted in the pagemap; of the struct pages only the zone is read (6.1.192). */
  *memunmap_pages(this: Kernel, pgmap: number): Steps<void> {
    yield* pageunmap_range(this, pgmap, yield* this.pfn_first(pgmap));
  },
};
