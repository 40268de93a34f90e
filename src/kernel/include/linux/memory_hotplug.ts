import type { Steps } from '../../../steps/step.ts';
import type { Kernel, mhp_params } from '../../kernel.ts';

export const v5_2 = {
  /** An architecture may have more to do (x86). */
  *add_pages(this: Kernel, nid: number, pfn: number, nr_pages: number, params: mhp_params): Steps<number> {
    return yield* this.__add_pages(nid, pfn, nr_pages, params);
  },
};
