import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { change, R } from '../ops.ts';
import { put_references } from './user_pages.ts';

export const v5_2 = {
  /** Drops a reference to each page of an array that get_user_pages() has filled. */
  *release_pages(this: Kernel, pages: number, nr: number): Steps<void> {
    const pfns = yield* R('page_array', pages, 'pfns');
    for (const pfn of pfns.slice(0, nr)) yield* change(put_references, pfn, 1);
  },
};
