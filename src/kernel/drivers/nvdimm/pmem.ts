import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { pr_warn, R, W } from '../../ops.ts';
import { mem_range } from '../../pfn.ts';
import { nd_device } from './bus.ts';
import { nd_info_block_reserve } from './pfn_devs.ts';

/** drivers/nvdimm/pmem.c: the driver of namespaces and of pfn and btt instances. */

export const v5_2 = {
  /** -ENXIO from a namespace: an instance claims it, and has the driver instead. */
  *nd_pmem_probe(this: Kernel, dev: string): Steps<number> {
    const probed = yield* this.nvdimm_namespace_common_probe(dev);
    if (probed.error) return probed.error;
    const { ndns } = probed as { ndns: number };
    if (nd_device(dev)!.table === 'nd_pfn') return yield* this.pmem_attach_disk(dev, ndns);
    const { start, size } = yield* this.$namespace_range(ndns);
    const reserve = nd_info_block_reserve(this.c);
    if (!(yield* this.__request_region(start, reserve, dev, 0))) {
      yield* pr_warn(`nd_pmem ${dev}: could not reserve region ${mem_range(start, size)}`);
      return -this.errno.EBUSY;
    }
    let ret = yield* this.nd_btt_probe(dev, ndns);
    if (ret === -this.errno.ENODEV) ret = yield* this.nd_pfn_probe(dev, ndns);
    if (ret === -this.errno.ENODEV) ret = yield* this.nd_dax_probe(dev, ndns);
    yield* this.__release_region(start, reserve);
    if (ret === -this.errno.ENODEV) return yield* this.pmem_attach_disk(dev, ndns);
    if (ret) return ret;
    // asynchronous, after the namespace has been released
    const claim = yield* R('nd_namespace', ndns, 'claim');
    yield* this.nd_device_register(yield* this.$nd_pfn_dev_name(claim));
    return -this.errno.ENXIO;
  },

  /** A block device on a raw namespace, or on an instance: a pfn instance has struct pages. */
  *pmem_attach_disk(this: Kernel, dev: string, ndns: number): Steps<number> {
    const { table, key, kind } = nd_device(dev)!;
    const { start, size } = yield* this.$namespace_range(ndns);
    let setup: { rc: number; pgmap: number } | null = null;
    if (kind === 'pfn') setup = yield* this.nvdimm_setup_pfn(key, 'fs_dax');
    else if (kind === 'namespace') setup = yield* this.$pmem_setup_raw(ndns);
    if (setup?.rc) return setup.rc;
    if (kind === 'btt') yield* this.$nd_btt_init(key);
    else if ((yield* this.nvdimm_has_flush(yield* R('nd_namespace', ndns, 'region'))) < 0) {
      yield* pr_warn(`nd_pmem ${dev}: unable to guarantee persistence of writes`);
    }
    const name = yield* this.$namespace_name(ndns);
    if (!(yield* this.__request_region(start, size, name, 0))) {
      yield* pr_warn(`nd_pmem ${dev}: could not reserve region ${mem_range(start, size)}`);
      return -this.errno.EBUSY;
    }
    if (!setup) return 0;
    const rc = yield* this.devm_memremap_pages(setup.pgmap);
    if (rc) yield* this.__release_region(start, size);
    else yield* W(table as 'nd_pfn' | 'nd_namespace', key, 'pgmap', setup.pgmap);
    return rc;
  },

  /** A raw namespace of such a region has struct pages for its whole range; null otherwise. */
  *$pmem_setup_raw(this: Kernel, ns: number): Steps<{ rc: number; pgmap: number } | null> {
    if (!(yield* this.pmem_should_map_pages(ns))) return null;
    const { start, size } = yield* this.$namespace_range(ns);
    const nid = yield* R('nd_region', yield* R('nd_namespace', ns, 'region'), 'nid');
    return { rc: 0, pgmap: yield* this.$alloc_dev_pagemap('fs_dax', start, size, nid, null) };
  },

  *nd_pmem_remove(this: Kernel, dev: string): Steps<void> {
    const { table, key } = nd_device(dev)!;
    const of = table as 'nd_pfn' | 'nd_namespace';
    const ndns = table === 'nd_pfn' ? yield* R('nd_pfn', key, 'ndns') : key;
    const { start, size } = yield* this.$namespace_range(ndns);
    yield* this.devm_memunmap_pages(yield* R(of, key, 'pgmap'));
    yield* W(of, key, 'pgmap', 0);
    yield* this.__release_region(start, size);
  },
};
