import type { Steps } from '../../../steps/step.ts';
import type { Kernel, mhp_params } from '../../kernel.ts';

export const v5_2 = {
  /** Generic add_pages(); x86 has its own, which does more. */
  *add_pages(this: Kernel, nid: number, pfn: number, nr_pages: number, params: mhp_params): Steps<number> {
    return yield* this.__add_pages(nid, pfn, nr_pages, params);
  },
};
