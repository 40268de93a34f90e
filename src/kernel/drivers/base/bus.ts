import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';

/** drivers/base/bus.c: the files bind and unbind of a driver. */

/** The modelled drivers, by their names in sysfs. */
export type Driver = keyof typeof BUS_OF;

/** The bus of each driver. */
export const BUS_OF = {
  nd_region: 'nd',
  nd_pmem: 'nd',
  dax_pmem: 'nd',
  device_dax: 'dax',
  kmem: 'dax',
  virtio_mem: 'virtio',
} as const;

export const is_driver = (name: string): name is Driver => Object.hasOwn(BUS_OF, name);

/** A name written to sysfs: one newline at its end is ignored. */
const streq = (text: string): string => text.replace(/\n$/, '');

export const v5_2 = {
  *unbind_store(this: Kernel, drv: Driver, buf: string): Steps<number> {
    const dev = streq(buf);
    if ((yield* this.$driver_of(dev, drv)) !== drv) return -this.errno.ENODEV;
    yield* this.device_driver_detach(dev, drv);
    return 0;
  },

  /** Until v5.13 the error of a probe does not reach user space. */
  *bind_store(this: Kernel, drv: Driver, buf: string): Steps<number> {
    const dev = streq(buf);
    if ((yield* this.$driver_of(dev, drv)) !== null) return -this.errno.ENODEV;
    if (!(yield* this.$driver_matches(drv, dev))) return -this.errno.ENODEV;
    return (yield* this.device_driver_attach(drv, dev)) ? -this.errno.ENODEV : 0;
  },
};

export const v6_1 = {
  /** From v5.14 on: drivers/base/bus.c. */
  *bind_store(this: Kernel, drv: Driver, buf: string): Steps<number> {
    const dev = streq(buf);
    const bound = yield* this.$driver_of(dev, drv);
    if (bound === undefined || !(yield* this.$driver_matches(drv, dev))) return -this.errno.ENODEV;
    return bound === null ? yield* this.device_driver_attach(drv, dev) : -this.errno.EBUSY;
  },
};
