import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { exists, R, W } from '../../ops.ts';
import { nd_namespace_key, nd_pfn_key, type Tables } from '../../state.ts';
import type { Driver } from '../base/bus.ts';

/** drivers/nvdimm/bus.c: devices of the bus are named as in sysfs. */

export interface NdDevice {
  readonly table: 'nd_region' | 'nd_namespace' | 'nd_pfn';
  readonly key: number;
  readonly kind: 'region' | 'namespace' | 'pfn' | 'dax' | 'btt';
}

/** Null for a name that no region, namespace or instance can have. */
export function nd_device(name: string): NdDevice | null {
  const region = /^region(\d{1,4})$/.exec(name);
  if (region) return { table: 'nd_region', key: Number(region[1]), kind: 'region' };
  const child = /^(namespace|pfn|dax|btt)(\d{1,4})\.(\d{1,3})$/.exec(name);
  if (!child) return null;
  const [kind, parent, id] = [child[1] as Exclude<NdDevice['kind'], 'region'>, child[2], child[3]];
  return kind === 'namespace'
    ? { table: 'nd_namespace', key: nd_namespace_key(Number(parent), Number(id)), kind }
    : { table: 'nd_pfn', key: nd_pfn_key(Number(parent), kind, Number(id)), kind };
}

const DRIVER: Readonly<Record<NdDevice['kind'], Driver>> = {
  region: 'nd_region',
  namespace: 'nd_pmem',
  pfn: 'nd_pmem',
  btt: 'nd_pmem',
  dax: 'dax_pmem',
};

/** The driver that a device of this name matches; null if it is no device of the bus. */
export const nd_driver_of = (name: string): Driver | null => {
  const dev = nd_device(name);
  return dev && DRIVER[dev.kind];
};

export const nd_pfn_name = ({ kind, region, id }: Pick<Tables['nd_pfn'], 'kind' | 'region' | 'id'>): string =>
  `${kind}${region}.${id}`;

export const v5_2 = {
  /** Whether the device exists, and whether its driver is bound to it. */
  *$nd_device_state(this: Kernel, name: string): Steps<'absent' | 'unbound' | 'bound'> {
    const dev = nd_device(name);
    if (!dev || !(yield* exists(dev.table, dev.key))) return 'absent';
    const bound =
      dev.table === 'nd_region'
        ? yield* R('nd_region', dev.key, 'enabled')
        : yield* R(dev.table, dev.key, 'bound');
    return bound ? 'bound' : 'unbound';
  },

  /** The seeds advance after a successful probe, and after one that found an info block it cannot use. */
  *nvdimm_bus_probe(this: Kernel, name: string): Steps<number> {
    const dev = nd_device(name)!;
    if (dev.table === 'nd_region') return yield* this.nd_region_probe(dev.key);
    const rc = dev.kind === 'dax' ? yield* this.dax_pmem_probe(dev.key) : yield* this.nd_pmem_probe(name);
    if (rc === 0) yield* W(dev.table, dev.key, 'bound', true);
    if (rc === 0 || rc === -this.errno.EOPNOTSUPP) {
      yield* this.nd_region_advance_seeds(yield* R(dev.table, dev.key, 'region'), name);
    }
    return rc;
  },

  *nvdimm_bus_remove(this: Kernel, name: string): Steps<void> {
    const dev = nd_device(name)!;
    if (dev.table === 'nd_region') {
      yield* this.nd_region_remove(dev.key);
      return;
    }
    if (dev.kind === 'dax') yield* this.$dax_pmem_remove(dev.key);
    else yield* this.nd_pmem_remove(name);
    yield* W(dev.table, dev.key, 'bound', false);
  },

  /** A new device gets its driver. */
  *nd_device_register(this: Kernel, name: string): Steps<void> {
    const dev = nd_device(name)!;
    if (dev.table === 'nd_pfn') yield* W('nd_pfn', dev.key, 'registered', true);
    yield* this.device_initial_probe(name, DRIVER[dev.kind]);
  },

  *nd_device_unregister(this: Kernel, name: string): Steps<void> {
    const dev = nd_device(name)!;
    if ((yield* this.$nd_device_state(name)) === 'bound') {
      yield* this.device_driver_detach(name, DRIVER[dev.kind]);
    }
    if (dev.table === 'nd_pfn') yield* this.$nd_pfn_release(dev.key);
    if (dev.table === 'nd_namespace') yield* this.$nd_namespace_release(dev.key);
  },
};
