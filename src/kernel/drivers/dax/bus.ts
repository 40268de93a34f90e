import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { alloc, look, operation, R, W } from '../../ops.ts';
import { type dev_dax, nd_namespace_key, type State } from '../../state.ts';

/** drivers/dax/bus.c: devices of the bus are named as in sysfs. */

type DaxDriver = 'device_dax' | 'kmem';

/** What a new instance is made of: its region's range and flags. */
type dev_dax_data = Pick<dev_dax, 'start' | 'size' | 'align' | 'target_node' | 'kmem' | 'memmap_on_memory'>;

/** The key of the instance of this name, whether it exists or not; -1 for a name that no instance can have. */
export function dax_key(name: string): number {
  const match = /^dax(\d{1,4})\.(\d{1,3})$/.exec(name);
  return match ? nd_namespace_key(Number(match[1]), Number(match[2])) : -1;
}

/** Where each driver's ids are. */
const IDS = { device_dax: 'device_dax_ids', kmem: 'kmem_ids' } as const;

const devices = operation({
  name: 'devices',
  obj: 'dev_dax',
  writes: false,
  run: (state: State): string[] => [...state.dev_dax].sort(([a], [b]) => a - b).map(([, { name }]) => name),
});

/** The name in a text written to new_id or remove_id; null if it is none. */
const id_of = (buf: string): string | null =>
  /^(dax(?:0|[1-9]\d{0,3})\.(?:0|[1-9]\d{0,2}))\n?$/.exec(buf)?.[1] ?? null;

export const v5_2 = {
  /** device_dax takes every instance, other drivers those whose id they were given. */
  *dax_bus_match(this: Kernel, dev: string, drv: DaxDriver): Steps<boolean> {
    return drv === 'device_dax' || (yield* R('vars', 0, 'kmem_ids')).includes(dev);
  },

  *dax_bus_probe(this: Kernel, dev: string, drv: DaxDriver): Steps<number> {
    const key = dax_key(dev);
    const rc = drv === 'kmem' ? yield* this.dev_dax_kmem_probe(key) : yield* this.dev_dax_probe(key);
    if (rc === 0) yield* W('dev_dax', key, 'driver', drv);
    return rc;
  },

  /** A new instance is offered to the drivers that match it. */
  *$dax_device_add(this: Kernel, dev: string): Steps<void> {
    for (const drv of ['device_dax', 'kmem'] as const) {
      if ((yield* R('dev_dax', dax_key(dev), 'driver')) !== 'none') return;
      if (yield* this.dax_bus_match(dev, drv)) yield* this.device_initial_probe(dev, drv);
    }
  },

  /** The driver is offered every unbound instance that it matches. */
  *new_id_store(this: Kernel, drv: DaxDriver, buf: string): Steps<number> {
    const id = id_of(buf);
    if (id === null) return -this.errno.EINVAL;
    const list = IDS[drv];
    const ids = yield* R('vars', 0, list);
    if (!ids.includes(id)) yield* W('vars', 0, list, [...ids, id]);
    for (const dev of yield* look(devices)) {
      if ((yield* R('dev_dax', dax_key(dev), 'driver')) !== 'none') continue;
      if (yield* this.dax_bus_match(dev, drv)) yield* this.device_initial_probe(dev, drv);
    }
    return 0;
  },

  *remove_id_store(this: Kernel, drv: DaxDriver, buf: string): Steps<number> {
    const id = id_of(buf);
    if (id === null) return -this.errno.EINVAL;
    const list = IDS[drv];
    const ids = yield* R('vars', 0, list);
    yield* W(
      'vars',
      0,
      list,
      ids.filter((one) => one !== id),
    );
    return 0;
  },

  /** A driver cannot refuse to be unbound. */
  *dax_bus_remove(this: Kernel, dev: string): Steps<void> {
    const dax = dax_key(dev);
    const driver = yield* R('dev_dax', dax, 'driver');
    if (driver === 'kmem') yield* this.dev_dax_kmem_remove(dax);
    if (driver === 'device_dax') {
      yield* this.memunmap_pages(yield* R('dev_dax', dax, 'pgmap'));
      yield* this.__release_region(yield* R('dev_dax', dax, 'start'), yield* R('dev_dax', dax, 'size'));
    }
    yield* W('dev_dax', dax, 'driver', 'none');
  },
};

export const v5_7 = {
  /**
   * A region and the one instance on it, for memory that no NVDIMM has. Its ends must be aligned, or there is no
   * region.
   */
  *devm_create_dev_dax(this: Kernel, region: number, data: dev_dax_data): Steps<number> {
    const { start, size, target_node, align } = data;
    if (start % align || size % align) return -this.errno.ENOMEM;
    const name = `dax${region}.0`;
    const pgmap = yield* this.$alloc_dev_pagemap('generic', start, size, target_node, null);
    yield* alloc('dev_dax', dax_key(name), { ...data, name, driver: 'none', pgmap, mgid: -1, res: false });
    yield* this.$dax_device_add(name);
    return 0;
  },
};

export const v6_12 = {
  /** v6.3+: a driver takes the instances of its type, and those whose id it was given. */
  *dax_bus_match(this: Kernel, dev: string, drv: DaxDriver): Steps<boolean> {
    if ((yield* R('vars', 0, IDS[drv])).includes(dev)) return true;
    return (yield* R('dev_dax', dax_key(dev), 'kmem')) === (drv === 'kmem');
  },
};
