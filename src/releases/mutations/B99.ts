import type { Kernel } from '../../kernel/kernel.ts';
import type { FlushRange } from '../../kernel/mm/vmalloc/perms.ts';
import type { vm_struct } from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { v5_2 } from '../mainline/v5.2.ts';
import { v5_3 } from '../mainline/v5.3.ts';

/**
 * B99: 868b104d7379 as it came to v5.2-rc1, read in the patches that mended it ("mm/vmalloc: Fix calculation of direct map
 * addr range" and "Avoid rare case of flushing TLB with weird arguments"): what is widened for each page is widened to the
 * address of the area, not of the page, and by nothing; and there is always a flush.
 */
const arm64 = {
  *$direct_map_range(this: Kernel, addr: number, _area: vm_struct): Steps<FlushRange> {
    return { start: addr, end: addr, flush_dmap: true };
  },
};

export const B99_mutant = defineRelease({
  name: 'v5.3-B99',
  base: v5_3,
  about: 'v5.3 with the flush range of VM_FLUSH_RESET_PERMS as in v5.2-rc1',
  arch: { arm64 },
});

/** As it was: arm64 has no set_direct_map_*() yet. */
export const B99b_mutant = defineRelease({
  name: 'v5.2-B99',
  base: v5_2,
  about: 'v5.2 with the flush range of VM_FLUSH_RESET_PERMS as in v5.2-rc1',
  arch: { arm64 },
});
