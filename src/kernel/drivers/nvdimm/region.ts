import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { look, operation, W } from '../../ops.ts';
import type { State } from '../../state.ts';
import { namespaces_of } from './region_devs.ts';

export const v5_2 = {
  /**
   * Creates the namespaces that the labels name, in order of address, each with a driver, and one seed to be configured
   * next.
   */
  *nd_region_probe(this: Kernel, region: number): Steps<number> {
    yield* W('nd_region', region, 'enabled', true);
    const namespaces = yield* this.nd_region_register_namespaces(region);
    yield* this.nd_region_create_btt_seed(region);
    yield* this.nd_region_create_pfn_seed(region);
    yield* this.nd_region_create_dax_seed(region);
    // asynchronous: after the seeds
    for (const name of namespaces) yield* this.nd_device_register(name);
    return 0;
  },

  /** Removes the namespaces and instances; labels and info blocks stay on the NVDIMM. */
  *nd_region_remove(this: Kernel, region: number): Steps<void> {
    for (const key of yield* look(instances_of, region)) {
      yield* this.nd_device_unregister(yield* this.$nd_pfn_dev_name(key));
    }
    for (const [key] of yield* look(namespaces_of, region)) {
      yield* this.nd_device_unregister(yield* this.$namespace_name(key));
    }
    yield* W('nd_region', region, 'enabled', false);
    for (const seed of ['ns_seed', 'btt_seed', 'pfn_seed', 'dax_seed'] as const) {
      yield* W('nd_region', region, seed, -1);
    }
  },
};

const instances_of = operation({
  name: 'instances_of',
  obj: 'nd_pfn',
  writes: false,
  run: (state: State, region: number): number[] =>
    [...state.nd_pfn].filter(([, nd_pfn]) => nd_pfn.region === region).map(([key]) => key),
});
