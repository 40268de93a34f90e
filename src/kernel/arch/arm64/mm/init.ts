import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { PFN_PHYS, pfn_to_section_nr } from '../../../pfn.ts';
import { SECTION_HAS_MEM_MAP } from '../../../state.ts';

/** arch/arm64/mm/init.c until v5.13: memblock decides whether a pfn is valid. */
export const v5_2 = {
  *pfn_valid(this: Kernel, pfn: number): Steps<boolean> {
    const map = yield* this.$section_mem_map(pfn_to_section_nr(this.c, pfn));
    if (!(map & SECTION_HAS_MEM_MAP)) return false;
    return yield* this.memblock_is_map_memory(PFN_PHYS(this.c, pfn));
  },
};
