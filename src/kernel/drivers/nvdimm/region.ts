import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { free, look, R, W } from '../../ops.ts';
import { namespaces_of } from './region_devs.ts';

export const v5_2 = {
  /**
   * Creates the namespaces that the labels name, in order of address, each with a driver, and one seed to be configured
   * next.
   */
  *nd_region_probe(this: Kernel, region: number): Steps<number> {
    yield* W('nd_region', region, 'enabled', true);
    const labels = yield* R('nd_region', region, 'labels');
    if (labels === null) {
      const size = yield* R('nd_region', region, 'size');
      const key = yield* this.$nd_namespace_register(region, true);
      yield* W('nd_namespace', key, 'size', size);
      yield* this.nd_pmem_probe(key);
      return 0;
    }
    for (const { uuid, offset, size } of labels) {
      const key = yield* this.$nd_namespace_register(region, false);
      yield* W('nd_namespace', key, 'uuid', uuid);
      yield* W('nd_namespace', key, 'offset', offset);
      yield* W('nd_namespace', key, 'size', size);
      yield* this.nd_pmem_probe(key);
    }
    yield* this.nd_region_create_ns_seed(region);
    return 0;
  },

  /** Removes the namespaces; their labels stay on the NVDIMM. */
  *nd_region_remove(this: Kernel, region: number): Steps<number> {
    for (const [key] of yield* look(namespaces_of, region)) {
      yield* this.$nd_namespace_unbind(key);
      yield* free('nd_namespace', key);
    }
    yield* W('nd_region', region, 'enabled', false);
    yield* W('nd_region', region, 'ns_seed', -1);
    return 0;
  },
};
