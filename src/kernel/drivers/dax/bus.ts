import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { alloc, free, look, operation, R, W } from '../../ops.ts';
import { type dev_dax, type dev_dax_range, nd_namespace_key, type State } from '../../state.ts';
import { dax_region } from './dax_region.ts';

/** drivers/dax/bus.c: devices of the bus are named as in sysfs. */

type DaxDriver = 'device_dax' | 'kmem';

/** What a new instance is made of: its region's range and flags. */
type dev_dax_data = Pick<dev_dax, 'align' | 'target_node' | 'kmem' | 'memmap_on_memory'> & dev_dax_range;

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
    if (driver === 'device_dax') yield* this.$dev_dax_remove(dax);
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
    const { kmem, memmap_on_memory } = data;
    yield* alloc('dev_dax', dax_key(name), {
      name,
      ranges: [{ start, size }],
      align,
      target_node,
      driver: 'none',
      pgmaps: [],
      mgid: -1,
      res: [],
      kmem,
      memmap_on_memory,
    });
    yield* this.$dax_device_add(name);
    return 0;
  },
};

export const v6_3 = {
  /** v6.3+: a driver takes the instances of its type, and those whose id it was given. */
  *dax_bus_match(this: Kernel, dev: string, drv: DaxDriver): Steps<boolean> {
    if ((yield* R('vars', 0, IDS[drv])).includes(dev)) return true;
    return (yield* R('dev_dax', dax_key(dev), 'kmem')) === (drv === 'kmem');
  },
};

const sum = (ranges: readonly dev_dax_range[]): number => ranges.reduce((all, { size }) => all + size, 0);

/** A gap before or between what is taken, or behind it: where it begins, and the part that it follows. */
interface Gap {
  readonly start: number;
  readonly size: number;
  readonly after: (dev_dax_range & { readonly dax: number }) | null;
}

function first_gap(
  start: number,
  size: number,
  taken: readonly (dev_dax_range & { readonly dax: number })[],
): Gap | null {
  let at = start;
  let after: Gap['after'] = null;
  for (const one of taken) {
    if (one.start > at) return { start: at, size: one.start - at, after };
    at = one.start + one.size;
    after = one;
  }
  return at < start + size ? { start: at, size: start + size - at, after } : null;
}

/** An unsigned number as kstrtoull() reads it; null if it is none. */
function kstrtoull(buf: string): number | null {
  const word = buf.replace(/\n$/, '');
  return /^(0[xX][\da-fA-F]+|[1-9]\d*|0[0-7]*)$/.test(word)
    ? Number(/^0[0-7]+$/.test(word) ? `0o${word.slice(1)}` : word)
    : null;
}

/** Instances of a region come and go, and have a part of it, or several. */
export const v5_10 = {
  /** An instance without a size is not offered to a driver. */
  *dax_bus_probe(this: Kernel, dev: string, drv: DaxDriver): Steps<number> {
    if (sum(yield* R('dev_dax', dax_key(dev), 'ranges')) === 0) return -this.errno.ENXIO;
    return yield* v5_2.dax_bus_probe.call(this, dev, drv);
  },

  *dax_region_avail_size(this: Kernel, region: number): Steps<number> {
    const found = yield* look(dax_region, region);
    return found === null ? 0 : found.size - sum(found.taken);
  },

  /** A new instance without a size. */
  *create_store(this: Kernel, region: number, buf: string): Steps<number> {
    if (!/^(0x|0X|0)?1\n?$/.test(buf)) return -this.errno.EINVAL;
    const found = yield* look(dax_region, region);
    if (found === null) return -this.errno.EINVAL;
    if ((yield* this.dax_region_avail_size(region)) === 0) return -this.errno.ENOSPC;
    let id = 0;
    while (found.devices.includes(dax_key(`dax${region}.${id}`))) id++;
    const name = `dax${region}.${id}`;
    const [first] = found.devices as [number];
    yield* alloc('dev_dax', dax_key(name), {
      name,
      ranges: [],
      align: yield* R('dev_dax', first, 'align'),
      target_node: yield* R('dev_dax', first, 'target_node'),
      driver: 'none',
      pgmaps: [],
      mgid: -1,
      res: [],
      kmem: yield* R('dev_dax', first, 'kmem'),
      memmap_on_memory: false,
    });
    yield* this.$dax_device_add(name);
    return 0;
  },

  /** The first instance of a region stays. */
  *delete_store(this: Kernel, region: number, buf: string): Steps<number> {
    const found = yield* look(dax_region, region);
    if (found === null) return -this.errno.EINVAL;
    const key = dax_key(buf);
    if (!found.devices.includes(key)) return -this.errno.ENXIO;
    const used =
      (yield* R('dev_dax', key, 'driver')) !== 'none' || (yield* R('dev_dax', key, 'ranges')).length > 0;
    if (used || buf.endsWith('.0')) return -this.errno.EBUSY;
    yield* free('dev_dax', key);
    return 0;
  },

  /** size_store(), which namespaces have, too. */
  *$dev_dax_size_store(this: Kernel, region: number, dax: number, buf: string): Steps<number> {
    const size = kstrtoull(buf);
    if (size === null) return -this.errno.EINVAL;
    const align = Math.max(yield* R('dev_dax', dax, 'align'), this.c.PAGES_PER_SUBSECTION * this.c.PAGE_SIZE);
    if (size % align) return -this.errno.EINVAL;
    return yield* this.dev_dax_resize(region, dax, size);
  },

  *dev_dax_resize(this: Kernel, region: number, dax: number, size: number): Steps<number> {
    if ((yield* R('dev_dax', dax, 'driver')) !== 'none') return -this.errno.EBUSY;
    const old = sum(yield* R('dev_dax', dax, 'ranges'));
    if (size - old > (yield* this.dax_region_avail_size(region))) return -this.errno.ENOSPC;
    if (size < old) return yield* this.dev_dax_shrink(dax, size);
    for (let to_alloc = size - old; to_alloc > 0; ) {
      const { start, size: all, taken } = (yield* look(dax_region, region))!;
      const gap = first_gap(start, all, taken)!;
      const part = Math.min(gap.size, to_alloc);
      if (gap.after && (yield* adjust_ok(dax, gap.after)))
        yield* this.adjust_dev_dax_range(dax, gap.after.size + part);
      else yield* this.alloc_dev_dax_range(dax, gap.start, part);
      to_alloc -= part;
    }
    return 0;
  },

  /** From the last range on. */
  *dev_dax_shrink(this: Kernel, dax: number, size: number): Steps<number> {
    for (;;) {
      const ranges = yield* R('dev_dax', dax, 'ranges');
      const last = ranges.at(-1);
      const left = sum(ranges) - size;
      if (!last || left <= 0) return 0;
      if (last.size > left) yield* this.adjust_dev_dax_range(dax, last.size - left);
      else yield* W('dev_dax', dax, 'ranges', ranges.slice(0, -1));
    }
  },

  *alloc_dev_dax_range(this: Kernel, dax: number, start: number, size: number): Steps<number> {
    yield* W('dev_dax', dax, 'ranges', [...(yield* R('dev_dax', dax, 'ranges')), { start, size }]);
    return 0;
  },

  /** The last range gets this size. */
  *adjust_dev_dax_range(this: Kernel, dax: number, size: number): Steps<number> {
    const ranges = yield* R('dev_dax', dax, 'ranges');
    yield* W('dev_dax', dax, 'ranges', [...ranges.slice(0, -1), { start: ranges.at(-1)!.start, size }]);
    return 0;
  },
};

/** Whether the part is the last range of the instance, which can then grow. */
function* adjust_ok(dax: number, part: dev_dax_range & { readonly dax: number }): Steps<boolean> {
  return part.dax === dax && (yield* R('dev_dax', dax, 'ranges')).at(-1)?.start === part.start;
}
