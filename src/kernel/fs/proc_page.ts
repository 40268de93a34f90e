import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { R } from '../ops.ts';

/** fs/proc/page.c: where the files of /proc that hold a word a pfn end. */

/** Bytes of one word: KPMSIZE. */
const KPMSIZE = 8;

export const v5_7 = {
  /** The end of the last section that max_pfn reaches. */
  *get_max_dump_pfn(this: Kernel): Steps<number> {
    const section = this.c.PAGES_PER_SECTION;
    return Math.ceil((yield* R('vars', 0, 'max_pfn')) / section) * section;
  },

  /** A read of so many pages of /proc/kpageflags: how many bytes it gives. */
  *kpageflags_read(this: Kernel, pfn: number, nr_pages: number): Steps<number> {
    const max_dump_pfn = yield* this.get_max_dump_pfn();
    return pfn >= max_dump_pfn ? 0 : Math.min(nr_pages, max_dump_pfn - pfn) * KPMSIZE;
  },
};
