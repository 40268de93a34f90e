import type { Steps } from '../../../../steps/step.ts';
import type { PtdumpNote } from '../../../include/linux/ptdump.ts';
import type { Kernel } from '../../../kernel.ts';
import { get_online_mems, put_online_mems } from '../../../locks.ts';

/** arch/arm64/mm/ptdump_debugfs.c */

export const v5_2 = {
  /** A read of debugfs kernel_page_tables. */
  *ptdump_show(this: Kernel, start: number, end: number): Steps<PtdumpNote[]> {
    return yield* this.ptdump_walk_pgd(start, end);
  },
};

/** V6, patch 2 (bf2b59f60ee1): debugfs reads exclude memory hotplug; ptdump_check_wx does not (B20). */
export const arm64_v6 = {
  *ptdump_show(this: Kernel, start: number, end: number): Steps<PtdumpNote[]> {
    yield* get_online_mems();
    const notes = yield* this.ptdump_walk_pgd(start, end);
    yield* put_online_mems();
    return notes;
  },
};
