import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { alloc, exists, free, look, operation, pr_warn, R, W } from '../../ops.ts';
import { hex, mem_range } from '../../pfn.ts';
import type { State } from '../../state.ts';

/** drivers/dax/device.c, bus.c and pmem.c: device-dax on a namespace. Its instance bears the namespace's key. */

const SZ_8K = 8192;

const unbound = operation({
  name: 'unbound',
  obj: 'dev_dax',
  writes: false,
  run: (state: State, driver: 'device_dax' | 'kmem'): number[] =>
    [...state.dev_dax]
      .filter(([, dax]) => dax.driver === 'none' && (driver === 'device_dax' || dax.kmem_id))
      .map(([key]) => key)
      .sort((a, b) => a - b),
});

export const v5_2 = {
  /** dax_pmem: the metadata is reserved here, the data by whatever driver takes the instance. */
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

  *dax_pmem_remove(this: Kernel, ns: number): Steps<void> {
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

  /** A driver is offered the instance; what it refuses stays without one. */
  *dax_bus_probe(this: Kernel, dax: number, driver: 'device_dax' | 'kmem'): Steps<number> {
    if ((yield* R('dev_dax', dax, 'driver')) !== 'none') return -this.errno.EBUSY;
    const rc = driver === 'kmem' ? yield* this.dev_dax_kmem_probe(dax) : yield* this.dev_dax_probe(dax);
    if (rc === 0) yield* W('dev_dax', dax, 'driver', driver);
    else if (rc !== -this.errno.ENODEV && rc !== -this.errno.ENXIO) {
      yield* pr_warn(`${driver}: probe of ${yield* R('dev_dax', dax, 'name')} failed with error ${rc}`);
    }
    return rc;
  },

  /** new_id: the driver is offered whatever it matches and nobody has; device_dax matches everything. */
  *$dax_new_id(this: Kernel, dax: number, driver: 'device_dax' | 'kmem'): Steps<number> {
    if (driver === 'kmem') yield* W('dev_dax', dax, 'kmem_id', true);
    for (const key of yield* look(unbound, driver)) yield* this.dax_bus_probe(key, driver);
    return 0;
  },

  *$dax_remove_id(this: Kernel, dax: number): Steps<void> {
    yield* W('dev_dax', dax, 'kmem_id', false);
  },

  /** A driver cannot refuse to go. */
  *dax_bus_remove(this: Kernel, dax: number): Steps<void> {
    const driver = yield* R('dev_dax', dax, 'driver');
    if (driver === 'kmem') yield* this.dev_dax_kmem_remove(dax);
    if (driver === 'device_dax') {
      const pgmap = yield* R('dev_dax', dax, 'pgmap');
      yield* this.memunmap_pages(pgmap);
      yield* this.__release_region(yield* R('dev_dax', dax, 'start'), yield* R('dev_dax', dax, 'size'));
    }
    yield* W('dev_dax', dax, 'driver', 'none');
  },

  /** Struct pages for the whole namespace, its metadata included. */
  *dev_dax_probe(this: Kernel, dax: number): Steps<number> {
    const name = yield* R('dev_dax', dax, 'name');
    const start = yield* R('dev_dax', dax, 'start');
    const size = yield* R('dev_dax', dax, 'size');
    if (!(yield* this.__request_region(start, size, name, 0))) {
      yield* pr_warn(`device_dax ${name}: ${this.$dev_dax_not_reserved(start, size)}`);
      return -this.errno.EBUSY;
    }
    const rc = yield* this.memremap_pages(yield* R('dev_dax', dax, 'pgmap'));
    if (rc) yield* this.__release_region(start, size);
    return rc;
  },

  $dev_dax_not_reserved(this: Kernel, start: number, size: number): string {
    return `could not reserve region ${mem_range(start, size)}`;
  },
};

export const v5_10 = {
  /** An instance has mappings. */
  $dev_dax_not_reserved(this: Kernel, start: number, size: number): string {
    return `mapping0: ${hex(start)}-${hex(start + size - 1)} could not reserve range`;
  },
};
