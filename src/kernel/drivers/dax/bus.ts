import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { look, operation, pr_warn, R, W } from '../../ops.ts';
import type { State } from '../../state.ts';

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
  /** Offers the instance to a driver; if the driver refuses it, the instance has no driver. */
  *dax_bus_probe(this: Kernel, dax: number, driver: 'device_dax' | 'kmem'): Steps<number> {
    if ((yield* R('dev_dax', dax, 'driver')) !== 'none') return -this.errno.EBUSY;
    const rc = driver === 'kmem' ? yield* this.dev_dax_kmem_probe(dax) : yield* this.dev_dax_probe(dax);
    if (rc === 0) yield* W('dev_dax', dax, 'driver', driver);
    else if (rc !== -this.errno.ENODEV && rc !== -this.errno.ENXIO) {
      yield* pr_warn(`${driver}: probe of ${yield* R('dev_dax', dax, 'name')} failed with error ${rc}`);
    }
    return rc;
  },

  /** new_id: the driver is offered every unbound instance that it matches; device_dax matches all. */
  *$dax_new_id(this: Kernel, dax: number, driver: 'device_dax' | 'kmem'): Steps<number> {
    if (driver === 'kmem') yield* W('dev_dax', dax, 'kmem_id', true);
    for (const key of yield* look(unbound, driver)) yield* this.dax_bus_probe(key, driver);
    return 0;
  },

  *$dax_remove_id(this: Kernel, dax: number): Steps<void> {
    yield* W('dev_dax', dax, 'kmem_id', false);
  },

  /** A driver cannot refuse to be unbound. */
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
};
