import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { pr_err, R, W } from '../../ops.ts';
import { MEMBLOCK_MEMORY, MEMBLOCK_RESERVED, type memblock_region } from '../../state.ts';
import { cut_slot, flags_by_slot, insert_slot, move_array, remove_slot, set_region_field } from './slots.ts';

/**
 * mm/memblock.c: two sorted arrays of regions, without any lock. Every insertion, deletion and merge is a write of its
 * own, slot by slot.
 */

export const MEMBLOCK_NONE = 0;
export const MEMBLOCK_HOTPLUG = 1;
export const MEMBLOCK_MIRROR = 2;
export const MEMBLOCK_NOMAP = 4;
export const MEMBLOCK_DRIVER_MANAGED = 8;
export const MEMBLOCK_RSRV_NOINIT = 16;
export const MEMBLOCK_RSRV_KERN = 32;

export const end_of = (r: memblock_region): number => r.base + r.size;

/** Index of the region that contains the address, or -1 (memblock_search). */
export function memblock_search(regions: readonly memblock_region[], addr: number): number {
  let low = 0;
  let high = regions.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    const region = regions[mid]!;
    if (addr < region.base) high = mid;
    else if (addr >= end_of(region)) low = mid + 1;
    else return mid;
  }
  return -1;
}

export const mergeable = (a: memblock_region, b: memblock_region): boolean =>
  end_of(a) === b.base && a.nid === b.nid && a.flags === b.flags;

/** The array from boot that is no static one goes to the page allocator, or only back to memblock. */
function* double_array(k: Kernel, type: number, frees_boot_array: boolean): Steps<number> {
  const max = yield* R('memblock_type', type, 'max');
  const memory = type === MEMBLOCK_MEMORY;
  if (yield* k.$should_fail('memblock_double_array')) {
    const name = memory ? 'memory' : 'reserved';
    yield* pr_err(`memblock: Failed to double ${name} array from ${max} to ${max * 2} entries !`);
    return -1;
  }
  const in_slab = yield* R('memblock_type', type, 'in_slab');
  const built = memory ? k.c.INIT_MEMBLOCK_MEMORY_REGIONS : k.c.INIT_MEMBLOCK_RESERVED_REGIONS;
  yield* move_array(type, max * 2, in_slab || (frees_boot_array && max > built));
  if (!in_slab) yield* W('memblock_type', type, 'in_slab', true);
  return 0;
}

/** The regions of a range by their indices [start, end), or an errno. */
export interface Isolated {
  readonly ret: number;
  readonly start: number;
  readonly end: number;
}

/** memblock_isolate_range(); `split` makes two regions of the one at an index. */
export function* isolate(
  k: Kernel,
  type: number,
  base: number,
  size: number,
  split: (
    type: number,
    idx: number,
    region: memblock_region,
    at: number,
    regions: readonly memblock_region[],
  ) => Steps<void>,
): Steps<Isolated> {
  const result = { ret: 0, start: 0, end: 0 };
  const end = base + size;
  if (size === 0) return result;
  while ((yield* R('memblock_type', type, 'regions')).length + 2 > (yield* R('memblock_type', type, 'max'))) {
    if ((yield* k.memblock_double_array(type)) < 0) return { ...result, ret: -k.errno.ENOMEM };
  }
  for (let idx = 0; ; idx++) {
    const regions = yield* R('memblock_type', type, 'regions');
    const region = regions[idx];
    if (!region || region.base >= end) break;
    if (end_of(region) <= base) continue;
    const cut = region.base < base ? base : end_of(region) > end ? end : 0;
    if (cut) {
      yield* split(type, idx, region, cut, regions);
      if (cut === end) idx--;
      continue;
    }
    if (result.end === 0) result.start = idx;
    result.end = idx + 1;
  }
  return result;
}

export const v5_2 = {
  *memblock_insert_region(
    this: Kernel,
    type: number,
    idx: number,
    base: number,
    size: number,
    nid: number,
    flags: number,
  ): Steps<void> {
    yield* insert_slot(type, idx, { base, size, nid, flags });
  },

  *memblock_remove_region(this: Kernel, type: number, r: number): Steps<void> {
    yield* remove_slot(type, r);
  },

  *memblock_merge_regions(this: Kernel, type: number): Steps<void> {
    for (let i = 0; ; ) {
      const regions = yield* R('memblock_type', type, 'regions');
      const [region, next] = [regions[i], regions[i + 1]];
      if (!region || !next) return;
      if (!mergeable(region, next)) {
        i++;
        continue;
      }
      yield* set_region_field(type, i, 'size', region.size + next.size);
      yield* remove_slot(type, i + 1);
    }
  },

  /** Doubles the array; -1 if the allocation fails. One that boot took from memblock stays allocated. */
  *memblock_double_array(this: Kernel, type: number): Steps<number> {
    return yield* double_array(this, type, false);
  },

  *memblock_add_range(
    this: Kernel,
    type: number,
    base: number,
    size: number,
    nid: number,
    flags: number,
  ): Steps<number> {
    if (size === 0) return 0;
    const end = base + size;
    for (const insert of [false, true]) {
      let regions = yield* R('memblock_type', type, 'regions');
      let at = base;
      let nr_new = 0;
      let idx = 0;
      for (; idx < regions.length; idx++) {
        const { base: rbase, size: rsize } = regions[idx]!;
        if (rbase >= end) break;
        if (rbase + rsize <= at) continue;
        if (rbase > at) {
          nr_new++;
          if (insert) {
            yield* this.memblock_insert_region(type, idx++, at, rbase - at, nid, flags);
            regions = yield* R('memblock_type', type, 'regions');
          }
        }
        at = Math.min(rbase + rsize, end);
      }
      if (at < end) {
        nr_new++;
        if (insert) yield* this.memblock_insert_region(type, idx, at, end - at, nid, flags);
      }
      if (nr_new === 0) return 0;
      if (insert) break;
      while (regions.length + nr_new > (yield* R('memblock_type', type, 'max'))) {
        if ((yield* this.memblock_double_array(type)) < 0) return -this.errno.ENOMEM;
      }
    }
    yield* this.memblock_merge_regions(type);
    return 0;
  },

  /** Splits regions at both ends of the range; returns the indices [start, end) of those inside, or an errno. */
  *memblock_isolate_range(this: Kernel, type: number, base: number, size: number): Steps<Isolated> {
    return yield* isolate(this, type, base, size, cut_slot);
  },

  *memblock_remove_range(this: Kernel, type: number, base: number, size: number): Steps<number> {
    const { ret, start, end } = yield* this.memblock_isolate_range(type, base, size);
    if (ret) return ret;
    for (let i = end - 1; i >= start; i--) yield* this.memblock_remove_region(type, i);
    return 0;
  },

  *memblock_add_node(this: Kernel, base: number, size: number, nid: number, flags: number): Steps<number> {
    return yield* this.memblock_add_range(MEMBLOCK_MEMORY, base, size, nid, flags);
  },
  *memblock_remove(this: Kernel, base: number, size: number): Steps<number> {
    return yield* this.memblock_remove_range(MEMBLOCK_MEMORY, base, size);
  },
  *memblock_phys_free(this: Kernel, base: number, size: number): Steps<number> {
    return yield* this.memblock_remove_range(MEMBLOCK_RESERVED, base, size);
  },

  *memblock_clear_nomap(this: Kernel, base: number, size: number): Steps<number> {
    const { ret, start, end } = yield* this.memblock_isolate_range(MEMBLOCK_MEMORY, base, size);
    if (ret) return ret;
    const regions = yield* R('memblock_type', MEMBLOCK_MEMORY, 'regions');
    for (let i = start; i < end; i++)
      yield* set_region_field(MEMBLOCK_MEMORY, i, 'flags', regions[i]!.flags & ~MEMBLOCK_NOMAP);
    yield* this.memblock_merge_regions(MEMBLOCK_MEMORY);
    return 0;
  },

  *memblock_is_map_memory(this: Kernel, addr: number): Steps<boolean> {
    const flags = yield* flags_by_slot(MEMBLOCK_MEMORY, addr);
    return flags !== null && (flags & MEMBLOCK_NOMAP) === 0;
  },
};

/** 7.2.13: memblock_phys_free() after boot frees pages, too (mm/memblock.c:1003). */
export const v7_2 = {
  *memblock_double_array(this: Kernel, type: number): Steps<number> {
    return yield* double_array(this, type, true);
  },
};

/** An array after boot: its capacity is the smallest doubling of the static one (`init`) that is sufficient. */
export function memblock_capacity(count: number, init: number): number {
  let max = init;
  while (max < count) max *= 2;
  return max;
}
