import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';

export const v5_2 = {
  *nd_btt_create(this: Kernel, nd_region: number): Steps<number> {
    return yield* this.$nd_instance_create(nd_region, 'btt');
  },

  *nd_btt_probe(this: Kernel, dev: string, ndns: number): Steps<number> {
    return yield* this.$nd_info_block_probe(dev, ndns, 'btt');
  },
};
