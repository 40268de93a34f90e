import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { W } from '../../ops.ts';

export const v5_2 = {
  *nd_detach_ndns(this: Kernel, ns: number): Steps<void> {
    yield* W('nd_namespace', ns, 'claim', 'none');
    yield* W('nd_namespace', ns, 'mode', 'none');
    yield* W('nd_namespace', ns, 'align', 0);
  },
};
