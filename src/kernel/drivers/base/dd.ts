import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { exists, pr_err, pr_warn, R } from '../../ops.ts';
import { dax_key } from '../dax/bus.ts';
import { nd_driver_of } from '../nvdimm/bus.ts';
import { BUS_OF, type Driver } from './bus.ts';

/** The key of a virtio device of this name, whether it exists or not; -1 for another name. */
const virtio_key = (name: string): number => Number(/^virtio(\d{1,4})$/.exec(name)?.[1] ?? -1);

/** drivers/base/dd.c: drivers and the devices of their bus. A device is named as in sysfs. */

export const v5_2 = {
  /** The driver of the device of this name on the bus of `drv`; null for none, undefined if there is no such device. */
  *$driver_of(this: Kernel, dev: string, drv: Driver): Steps<Driver | null | undefined> {
    if (BUS_OF[drv] === 'dax') {
      const key = dax_key(dev);
      if (key < 0 || !(yield* exists('dev_dax', key))) return undefined;
      const bound = yield* R('dev_dax', key, 'driver');
      return bound === 'none' ? null : bound;
    }
    if (drv === 'virtio_mem') {
      const vm = virtio_key(dev);
      if (vm < 0 || !(yield* exists('virtio_mem', vm))) return undefined;
      return (yield* R('virtio_mem', vm, 'bound')) ? drv : null;
    }
    const state = yield* this.$nd_device_state(dev);
    if (state === 'absent') return undefined;
    return state === 'bound' ? nd_driver_of(dev) : null;
  },

  *$driver_matches(this: Kernel, drv: Driver, dev: string): Steps<boolean> {
    if (drv === 'device_dax' || drv === 'kmem') return yield* this.dax_bus_match(dev, drv);
    return drv === 'virtio_mem' || nd_driver_of(dev) === drv;
  },

  *device_driver_attach(this: Kernel, drv: Driver, dev: string): Steps<number> {
    return yield* this.really_probe(dev, drv);
  },

  *device_driver_detach(this: Kernel, dev: string, drv: Driver): Steps<void> {
    if (drv === 'virtio_mem') yield* this.virtio_mem_remove(virtio_key(dev));
    else if (BUS_OF[drv] === 'dax') yield* this.dax_bus_remove(dev);
    else yield* this.nvdimm_bus_remove(dev);
  },

  *really_probe(this: Kernel, dev: string, drv: Driver): Steps<number> {
    const ret = yield* this.$bus_probe(dev, drv);
    if (ret && ret !== -this.errno.ENODEV && ret !== -this.errno.ENXIO) {
      yield* this.$probe_failed(drv, dev, ret);
    }
    return ret;
  },

  *$bus_probe(this: Kernel, dev: string, drv: Driver): Steps<number> {
    if (drv === 'device_dax' || drv === 'kmem') return yield* this.dax_bus_probe(dev, drv);
    if (drv === 'virtio_mem') return yield* this.virtio_mem_probe(virtio_key(dev));
    return yield* this.nvdimm_bus_probe(dev);
  },

  *$probe_failed(
    this: Kernel,
    drv: Driver | 'hmem' | 'cxl_dax_region' | 'cxl_pmem_region',
    dev: string,
    ret: number,
  ): Steps<void> {
    yield* pr_warn(`${drv}: probe of ${dev} failed with error ${ret}`);
  },

  *device_initial_probe(this: Kernel, dev: string, drv: Driver): Steps<void> {
    yield* this.really_probe(dev, drv);
  },
};

export const v6_12 = {
  *$probe_failed(
    this: Kernel,
    drv: Driver | 'hmem' | 'cxl_dax_region' | 'cxl_pmem_region',
    dev: string,
    ret: number,
  ): Steps<void> {
    yield* pr_err(`${drv} ${dev}: probe with driver ${drv} failed with error ${ret}`);
  },
};
