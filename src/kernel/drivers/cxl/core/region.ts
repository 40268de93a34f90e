import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { look, operation, R, W } from '../../../ops.ts';
import { IORESOURCE_MEM, type State } from '../../../state.ts';

/** drivers/cxl/core/region.c: regions; those of volatile memory came with v6.3. */

const SZ_256M = 2 ** 28;

/** eiw_to_ways(): the numbers of devices among which addresses can be interleaved. */
export const WAYS = [1, 2, 4, 8, 16, 3, 6, 12];

/** The first aligned place in a window where nothing is; -1 for none. */
const free_place = operation({
  name: 'free_place',
  obj: 'iomem_resource',
  writes: false,
  run: (state: State, base: number, end: number, size: number): number => {
    const parent = state.iomem_resource.children.find((res) => res.start <= base && res.end >= end - 1);
    for (let at = Math.ceil(base / SZ_256M) * SZ_256M; at + size <= end; at += SZ_256M) {
      const free = (parent?.children ?? []).every((res) => res.end < at || res.start >= at + size);
      if (free) return at;
    }
    return -1;
  },
});

/** Whether a part of the range is busy System RAM. */
const system_ram_in = operation({
  name: 'system_ram_in',
  obj: 'iomem_resource',
  writes: false,
  run: (state: State, start: number, size: number): boolean => {
    const inside = (list: State['iomem_resource']['children']): boolean =>
      list.some(
        (res) =>
          res.start < start + size &&
          res.end >= start &&
          (res.name.startsWith('System RAM') || inside(res.children)),
      );
    return inside(state.iomem_resource.children);
  },
});

export const v6_1 = {
  /** interleave_ways_store() and interleave_granularity_store(). */
  *$set_interleave(this: Kernel, cxlr: number): Steps<number> {
    const ways = yield* R('cxl_region', cxlr, 'interleave_ways');
    const granularity = yield* R('cxl_region', cxlr, 'interleave_granularity');
    const cxlrd = yield* R('cxl_region', cxlr, 'cxlrd');
    const root = yield* R('cxl_root_decoder', cxlrd, 'interleave_ways');
    // even with 3, 6 and 12 ways the region has those of its host bridges times a power of 2
    const each = ways / root;
    if (!WAYS.includes(ways) || !Number.isInteger(Math.log2(each)) || each < 1) return -this.errno.EINVAL;
    if (granularity < 256 || granularity > 16_384 || !Number.isInteger(Math.log2(granularity)))
      return -this.errno.EINVAL;
    // with interleaved host bridges the region has their granularity
    if (root > 1 && granularity !== (yield* R('cxl_root_decoder', cxlrd, 'interleave_granularity')))
      return -this.errno.EINVAL;
    return 0;
  },

  *alloc_hpa(this: Kernel, cxlr: number, size: number): Steps<number> {
    if (size % (SZ_256M * (yield* R('cxl_region', cxlr, 'interleave_ways')))) return -this.errno.EINVAL;
    const cxlrd = yield* R('cxl_region', cxlr, 'cxlrd');
    const base = yield* R('cxl_root_decoder', cxlrd, 'start');
    const end = base + (yield* R('cxl_root_decoder', cxlrd, 'size'));
    const start = yield* look(free_place, base, end, size);
    if (start < 0) return -this.errno.ERANGE;
    return yield* this.$place_region(cxlr, start, size);
  },

  *$place_region(this: Kernel, cxlr: number, start: number, size: number): Steps<number> {
    yield* W('cxl_region', cxlr, 'start', start);
    yield* W('cxl_region', cxlr, 'size', size);
    return yield* this.insert_resource(`CXL Window ${yield* R('cxl_region', cxlr, 'cxlrd')}`, {
      name: `region${cxlr}`,
      start,
      end: start + size - 1,
      flags: IORESOURCE_MEM,
      children: [],
    });
  },

  *cxl_region_probe(this: Kernel, dev: number): Steps<number> {
    if ((yield* R('cxl_region', dev, 'mode')) !== 'pmem') return -this.errno.ENXIO;
    return yield* this.cxl_pmem_region_probe(dev);
  },
};

export const v6_3 = {
  /** What is already System RAM is left alone. */
  *cxl_region_probe(this: Kernel, dev: number): Steps<number> {
    if ((yield* R('cxl_region', dev, 'mode')) === 'pmem') return yield* this.cxl_pmem_region_probe(dev);
    const start = yield* R('cxl_region', dev, 'start');
    if (yield* look(system_ram_in, start, yield* R('cxl_region', dev, 'size'))) return 0;
    return yield* this.cxl_dax_region_probe(dev);
  },
};
