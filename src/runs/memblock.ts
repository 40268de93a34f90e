import {
  end_of,
  isolate,
  MEMBLOCK_NOMAP,
  memblock_search,
  mergeable,
  v5_2,
  v7_2,
} from '../kernel/mm/memblock/memblock.ts';
import { pr_err, R, W } from '../kernel/ops.ts';
import { MEMBLOCK_MEMORY, type memblock_region } from '../kernel/state.ts';
import type { Steps } from '../steps/step.ts';
import { type BatchForm, form } from './form.ts';

/** mm/memblock.c with each change of an array as one write of it. */

const parts_of = (region: memblock_region, cut: number): memblock_region[] => [
  { ...region, size: cut - region.base },
  { ...region, base: cut, size: end_of(region) - cut },
];

function* split_region(
  type: number,
  idx: number,
  region: memblock_region,
  at: number,
  regions: readonly memblock_region[],
): Steps<void> {
  yield* W('memblock_type', type, 'regions', regions.toSpliced(idx, 1, ...parts_of(region, at)));
}

export const forms: readonly BatchForm[] = [
  form({
    name: 'memblock_insert_region',
    exact: v5_2.memblock_insert_region,
    *batch(type, idx, base, size, nid, flags) {
      const regions = yield* R('memblock_type', type, 'regions');
      yield* W('memblock_type', type, 'regions', regions.toSpliced(idx, 0, { base, size, nid, flags }));
    },
  }),
  form({
    name: 'memblock_remove_region',
    exact: v5_2.memblock_remove_region,
    *batch(type, r) {
      const regions = yield* R('memblock_type', type, 'regions');
      yield* W('memblock_type', type, 'regions', regions.toSpliced(r, 1));
    },
  }),
  form({
    name: 'memblock_merge_regions',
    exact: v5_2.memblock_merge_regions,
    *batch(type) {
      const regions = yield* R('memblock_type', type, 'regions');
      const merged: memblock_region[] = [];
      for (const next of regions) {
        const last = merged.at(-1);
        if (last && mergeable(last, next))
          merged[merged.length - 1] = { ...last, size: last.size + next.size };
        else merged.push(next);
      }
      if (merged.length < regions.length) yield* W('memblock_type', type, 'regions', merged);
    },
  }),
  ...[v5_2, v7_2].map(({ memblock_double_array: exact }) =>
    form({
      name: 'memblock_double_array',
      exact,
      *batch(type) {
        const max = yield* R('memblock_type', type, 'max');
        if (yield* this.$should_fail('memblock_double_array')) {
          const name = type === MEMBLOCK_MEMORY ? 'memory' : 'reserved';
          yield* pr_err(`memblock: Failed to double ${name} array from ${max} to ${max * 2} entries !`);
          return -1;
        }
        const in_slab = yield* R('memblock_type', type, 'in_slab');
        yield* W('memblock_type', type, 'max', max * 2);
        if (!in_slab) yield* W('memblock_type', type, 'in_slab', true);
        return 0;
      },
    }),
  ),
  form({
    name: 'memblock_isolate_range',
    exact: v5_2.memblock_isolate_range,
    *batch(type, base, size) {
      return yield* isolate(this, type, base, size, split_region);
    },
  }),
  form({
    name: 'memblock_clear_nomap',
    exact: v5_2.memblock_clear_nomap,
    *batch(base, size) {
      const { ret, start, end } = yield* this.memblock_isolate_range(MEMBLOCK_MEMORY, base, size);
      if (ret) return ret;
      const regions = yield* R('memblock_type', MEMBLOCK_MEMORY, 'regions');
      if (regions.slice(start, end).some((r) => r.flags & MEMBLOCK_NOMAP)) {
        const cleared = regions.map((r, i) =>
          i >= start && i < end ? { ...r, flags: r.flags & ~MEMBLOCK_NOMAP } : r,
        );
        yield* W('memblock_type', MEMBLOCK_MEMORY, 'regions', cleared);
      }
      yield* this.memblock_merge_regions(MEMBLOCK_MEMORY);
      return 0;
    },
  }),
  form({
    name: 'memblock_is_map_memory',
    exact: v5_2.memblock_is_map_memory,
    *batch(addr) {
      const regions = yield* R('memblock_type', MEMBLOCK_MEMORY, 'regions');
      const i = memblock_search(regions, addr);
      return i >= 0 && (regions[i]!.flags & MEMBLOCK_NOMAP) === 0;
    },
  }),
];
