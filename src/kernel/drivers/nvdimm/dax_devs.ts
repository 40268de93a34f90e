import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';

export const v5_2 = {
  *nd_dax_create(this: Kernel, nd_region: number): Steps<number> {
    return yield* this.$nd_instance_create(nd_region, 'dax');
  },

  *nd_dax_probe(this: Kernel, dev: string, ndns: number): Steps<number> {
    return yield* this.$nd_info_block_probe(dev, ndns, 'dax');
  },
};
