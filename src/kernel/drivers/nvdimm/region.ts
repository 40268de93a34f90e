import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { look, operation, R, W } from '../../ops.ts';
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

  /** The namespaces, which get their drivers afterwards. */
  *nd_region_register_namespaces(this: Kernel, region: number): Steps<readonly string[]> {
    const labels = yield* R('nd_region', region, 'labels');
    if (labels === null) {
      const key = yield* this.$nd_namespace_create(region, true);
      yield* W('nd_namespace', key, 'size', yield* R('nd_region', region, 'size'));
      return [yield* this.$namespace_name(key)];
    }
    const names: string[] = [];
    for (const { uuid, offset, size } of labels) {
      const key = yield* this.$nd_namespace_create(region, false);
      yield* W('nd_namespace', key, 'uuid', uuid);
      yield* W('nd_namespace', key, 'offset', offset);
      yield* W('nd_namespace', key, 'size', size);
      names.push(yield* this.$namespace_name(key));
    }
    yield* this.nd_region_create_ns_seed(region);
    return names;
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
