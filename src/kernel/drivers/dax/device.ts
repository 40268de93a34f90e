import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { free, look, pr_warn, R, W } from '../../ops.ts';
import { hex, mem_range } from '../../pfn.ts';
import { region_range } from './dax_region.ts';

/** drivers/dax/device.c, bus.c and pmem.c: device-dax on a namespace. Its instance has the namespace's key. */

/** Maps the pagemap of a namespace, or makes and maps one for each range: the kernel has one with all ranges. */
function* map_ranges(k: Kernel, dax: number): Steps<number> {
  let pgmaps = yield* R('dev_dax', dax, 'pgmaps');
  if (pgmaps.length === 0) {
    const nid = yield* R('dev_dax', dax, 'target_node');
    for (const { start, size } of yield* R('dev_dax', dax, 'ranges'))
      pgmaps = [...pgmaps, yield* k.$alloc_dev_pagemap('generic', start, size, nid, null)];
    yield* W('dev_dax', dax, 'pgmaps', pgmaps);
  }
  for (const [i, pgmap] of pgmaps.entries()) {
    yield* k.$set_vmemmap_shift(dax, pgmap);
    const rc = yield* k.memremap_pages(pgmap);
    if (rc === 0) continue;
    for (const one of pgmaps.slice(0, i)) yield* k.memunmap_pages(one);
    yield* k.$dev_dax_forget_pgmaps(dax);
    return rc;
  }
  return 0;
}

export const v5_2 = {
  *$dev_dax_remove(this: Kernel, dax: number): Steps<void> {
    for (const pgmap of yield* R('dev_dax', dax, 'pgmaps')) yield* this.memunmap_pages(pgmap);
    for (const { start, size } of yield* R('dev_dax', dax, 'ranges'))
      yield* this.__release_region(start, size);
    yield* this.$dev_dax_forget_pgmaps(dax);
  },

  /** Before v5.17 device memory has no compound pages. */
  *$set_vmemmap_shift(this: Kernel, _dax: number, _pgmap: number): Steps<void> {},

  /** The pagemap of a namespace is that of its driver. */
  *$dev_dax_forget_pgmaps(this: Kernel, _dax: number): Steps<void> {},

  /** Struct pages for the whole namespace, including its metadata; for memory of no namespace, for every range. */
  *dev_dax_probe(this: Kernel, dax: number): Steps<number> {
    const name = yield* R('dev_dax', dax, 'name');
    const ranges = yield* R('dev_dax', dax, 'ranges');
    for (const [i, { start, size }] of ranges.entries()) {
      if (yield* this.__request_region(start, size, name, 0)) continue;
      yield* pr_warn(`device_dax ${name}: ${this.$dev_dax_not_reserved(start, size, i)}`);
      for (const one of ranges.slice(0, i)) yield* this.__release_region(one.start, one.size);
      return -this.errno.EBUSY;
    }
    const rc = yield* map_ranges(this, dax);
    if (rc) for (const { start, size } of ranges) yield* this.__release_region(start, size);
    return rc;
  },

  $dev_dax_not_reserved(this: Kernel, start: number, size: number, _mapping: number): string {
    return `could not reserve region ${mem_range(start, size)}`;
  },
};

export const v5_7 = {
  *$dev_dax_forget_pgmaps(this: Kernel, dax: number): Steps<void> {
    if ((yield* look(region_range, dax)) === null) return;
    for (const pgmap of yield* R('dev_dax', dax, 'pgmaps')) yield* free('dev_pagemap', pgmap);
    yield* W('dev_dax', dax, 'pgmaps', []);
  },
};

export const v5_10 = {
  /** Since an instance can have several mappings, the message names the mapping. */
  $dev_dax_not_reserved(this: Kernel, start: number, size: number, mapping: number): string {
    return `mapping${mapping}: ${hex(start)}-${hex(start + size - 1)} could not reserve range`;
  },
};

export const v6_1 = {
  *$set_vmemmap_shift(this: Kernel, dax: number, pgmap: number): Steps<void> {
    const shift = Math.log2((yield* R('dev_dax', dax, 'align')) / this.c.PAGE_SIZE);
    yield* W('dev_pagemap', pgmap, 'vmemmap_shift', shift);
  },
};
