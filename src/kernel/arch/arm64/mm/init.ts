import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { NR_MEM_SECTIONS, PFN_PHYS, pfn_to_section_nr } from '../../../pfn.ts';
import { SECTION_HAS_MEM_MAP, SECTION_IS_EARLY } from '../../../state.ts';

/** arch/arm64/mm/init.c until v5.15: memblock decides whether a pfn is valid. */
export const v5_2 = {
  *pfn_valid(this: Kernel, pfn: number): Steps<boolean> {
    if (pfn_to_section_nr(this.c, pfn) >= NR_MEM_SECTIONS(this.c)) return false;
    const map = yield* this.$section_mem_map(pfn_to_section_nr(this.c, pfn));
    if (!(map & SECTION_HAS_MEM_MAP)) return false;
    return yield* this.memblock_is_map_memory(PFN_PHYS(this.c, pfn));
  },
};

export const v5_12 = {
  /** Memblock decides for boot memory alone (eeb0753ba27b, v5.12; in 5.10.24). */
  *pfn_valid(this: Kernel, pfn: number): Steps<boolean> {
    if (pfn_to_section_nr(this.c, pfn) >= NR_MEM_SECTIONS(this.c)) return false;
    const map = yield* this.$section_mem_map(pfn_to_section_nr(this.c, pfn));
    if (!(map & SECTION_HAS_MEM_MAP)) return false;
    if (!(map & SECTION_IS_EARLY)) return yield* this.pfn_section_valid(pfn);
    return yield* this.memblock_is_map_memory(PFN_PHYS(this.c, pfn));
  },
};
