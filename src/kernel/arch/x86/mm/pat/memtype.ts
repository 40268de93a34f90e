import type { Steps } from '../../../../../steps/step.ts';
import type { Kernel } from '../../../../kernel.ts';
import { MEMMAP, PG_arch_1, PG_uncached, page_memmap } from '../../../../mm/page.ts';
import { mapped_page } from '../../../../mm/page_access.ts';
import { change, look, operation } from '../../../../ops.ts';
import { PCM, type State } from '../../../../state.ts';

/** arch/x86/mm/pat.c: memory types; RAM keeps them in page->flags, the rest in a tree of ranges. */

/** The legacy ISA range, in bytes: not tracked, and not counted as RAM. */
const ISA_START_ADDRESS = 0xa0000;
const ISA_END_ADDRESS = 0x100000;

const memtype_at = operation({
  name: 'memtype_at',
  obj: 'memtype_rbroot',
  writes: false,
  run: (state: State, pfn: number): number => state.memtype_rbroot.get(pfn),
});
const set_memtype = operation({
  name: 'set_memtype',
  obj: 'memtype_rbroot',
  writes: true,
  run: (state: State, pfn: number, nr_pages: number, pcm: number): void =>
    state.memtype_rbroot.set(pfn, pfn + nr_pages, pcm),
});

export const v5_2 = {
  /** A caller that maps a range that is not RAM specifies its caching, as ioremap() does. */
  *reserve_memtype(this: Kernel, pfn: number, nr_pages: number, pcm: number): Steps<void> {
    yield* change(set_memtype, pfn, nr_pages, pcm);
  },

  *pat_pagerange_is_ram(this: Kernel, pfn: number): Steps<boolean> {
    if (pfn * this.c.PAGE_SIZE < ISA_END_ADDRESS) return false;
    return (yield* this.walk_system_ram_range(pfn, 1)).length > 0;
  },

  /** Two bits of page->flags, read without any check: hot-added memory that was never onlined is System RAM as well. */
  *get_page_memtype(this: Kernel, pfn: number): Steps<number> {
    const page = yield* mapped_page(this, pfn, yield* this.pfn_to_page(pfn), 'lookup_memtype');
    if (page_memmap(page) === MEMMAP.POISON) return PCM.WT;
    const bits = page & (PG_uncached | PG_arch_1);
    if (bits === 0) return PCM.WB;
    if (bits === PG_arch_1) return PCM.WC;
    return bits === PG_uncached ? PCM.UC_MINUS : PCM.WT;
  },

  /** Ranges that nobody has reserved count as UC-. */
  *lookup_memtype(this: Kernel, pfn: number): Steps<number> {
    const phys = pfn * this.c.PAGE_SIZE;
    if (phys >= ISA_START_ADDRESS && phys < ISA_END_ADDRESS) return PCM.WB;
    if (yield* this.pat_pagerange_is_ram(pfn)) return yield* this.get_page_memtype(pfn);
    const pcm = yield* look(memtype_at, pfn);
    return pcm === PCM.NONE ? PCM.UC_MINUS : pcm;
  },

  *pat_pfn_immune_to_uc_mtrr(this: Kernel, pfn: number): Steps<boolean> {
    const pcm = yield* this.lookup_memtype(pfn);
    return pcm === PCM.UC || pcm === PCM.UC_MINUS || pcm === PCM.WC;
  },
};
