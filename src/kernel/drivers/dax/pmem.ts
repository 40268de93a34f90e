import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { alloc, exists, free, pr_warn, R } from '../../ops.ts';

const SZ_8K = 8192;

export const v5_2 = {
  /** dax_pmem: reserves the metadata here; the driver of the instance reserves the data. */
  *dax_pmem_probe(this: Kernel, ns: number): Steps<number> {
    const { start, size } = yield* this.$namespace_range(ns);
    const name = yield* this.$namespace_name(ns);
    if (!(yield* this.__request_region(start, SZ_8K, name, 0))) return -this.errno.EBUSY;
    const { rc, pgmap, sb } = yield* this.nvdimm_setup_pfn(ns, 'generic');
    yield* this.__release_region(start, SZ_8K);
    if (rc || !sb) return rc;
    if (!(yield* this.__request_region(start, sb.dataoff, name, 0))) {
      yield* pr_warn(`${yield* this.$pfn_dev_name(ns)}: could not reserve metadata`);
      return -this.errno.EBUSY;
    }
    const region = yield* R('nd_namespace', ns, 'region');
    const data = start + sb.start_pad + sb.dataoff;
    yield* alloc('dev_dax', ns, {
      name: `dax${region}.${yield* R('nd_namespace', ns, 'id')}`,
      start: data,
      size: start + size - sb.end_trunc - data,
      align: sb.align,
      target_node: yield* R('nd_region', region, 'target_node'),
      driver: 'none',
      kmem_id: false,
      pgmap,
      mgid: -1,
      res: false,
    });
    yield* this.$nd_namespace_bound(ns);
    yield* this.dax_bus_probe(ns, 'device_dax');
    return 0;
  },

  *$dax_pmem_remove(this: Kernel, ns: number): Steps<void> {
    const { start } = yield* this.$namespace_range(ns);
    if (yield* exists('dev_dax', ns)) {
      yield* this.dax_bus_remove(ns);
      yield* this.__release_region(start, yield* this.$dax_metadata_size(ns));
      const pgmap = yield* R('dev_dax', ns, 'pgmap');
      if (yield* exists('dev_pagemap', pgmap)) yield* free('dev_pagemap', pgmap);
      yield* free('dev_dax', ns);
    }
  },

  *$dax_metadata_size(this: Kernel, ns: number): Steps<number> {
    const { start } = yield* this.$namespace_range(ns);
    const { sb } = yield* this.nd_pfn_validate(ns, 'dax', null);
    return sb ? sb.dataoff : (yield* R('dev_dax', ns, 'start')) - start;
  },
};
