import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { alloc, exists, free, pr_warn, R } from '../../ops.ts';
import { nd_info_block_reserve } from '../nvdimm/pfn_devs.ts';

export const v5_2 = {
  /** dax_pmem: reserves the metadata here; the driver of the instance reserves the data. */
  *dax_pmem_probe(this: Kernel, nd_dax: number): Steps<number> {
    const dev = yield* this.$nd_pfn_dev_name(nd_dax);
    const probed = yield* this.nvdimm_namespace_common_probe(dev);
    if (probed.error) return probed.error;
    const { ndns } = probed as { ndns: number };
    const { start, size } = yield* this.$namespace_range(ndns);
    const name = yield* this.$namespace_name(ndns);
    const reserve = nd_info_block_reserve(this.c);
    if (!(yield* this.__request_region(start, reserve, name, 0))) return -this.errno.EBUSY;
    const { rc, pgmap } = yield* this.nvdimm_setup_pfn(nd_dax, 'generic');
    yield* this.__release_region(start, reserve);
    if (rc) return rc;
    const sb = (yield* R('nd_pfn', nd_dax, 'pfn_sb'))!;
    if (!(yield* this.__request_region(start, sb.dataoff, name, 0))) {
      yield* pr_warn(`dax_pmem ${dev}: could not reserve metadata`);
      return -this.errno.EBUSY;
    }
    const region = yield* R('nd_namespace', ndns, 'region');
    const data = start + sb.start_pad + sb.dataoff;
    const dax = `dax${region}.${yield* R('nd_namespace', ndns, 'id')}`;
    yield* alloc('dev_dax', ndns, {
      name: dax,
      ranges: [{ start: data, size: start + size - sb.end_trunc - data }],
      align: sb.align,
      target_node: yield* R('nd_region', region, 'target_node'),
      driver: 'none',
      pgmaps: [pgmap],
      mgid: -1,
      res: [],
      kmem: false,
      memmap_on_memory: false,
    });
    yield* this.$dax_device_add(dax);
    return 0;
  },

  *$dax_pmem_remove(this: Kernel, nd_dax: number): Steps<void> {
    const ndns = yield* R('nd_pfn', nd_dax, 'ndns');
    const { start } = yield* this.$namespace_range(ndns);
    if (yield* exists('dev_dax', ndns)) {
      const driver = yield* R('dev_dax', ndns, 'driver');
      if (driver !== 'none') yield* this.device_driver_detach(yield* R('dev_dax', ndns, 'name'), driver);
      for (const pgmap of yield* R('dev_dax', ndns, 'pgmaps'))
        if (yield* exists('dev_pagemap', pgmap)) yield* free('dev_pagemap', pgmap);
      yield* free('dev_dax', ndns);
    }
    yield* this.__release_region(start, (yield* R('nd_pfn', nd_dax, 'pfn_sb'))!.dataoff);
  },
};
