import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { NR_MEM_SECTIONS, pfn_to_section_nr } from '../../pfn.ts';
import { SECTION_IS_ONLINE, SECTION_TAINT_ZONE_DEVICE } from '../../state.ts';
import type { Page } from '../page.ts';

export const v5_2 = {
  /**
   * Null if the section is not online, else the struct page, which need not be mapped: until v5.12 nothing else is
   * checked, even if a part of it is a hole or device memory (B58).
   */
  *pfn_to_online_page(this: Kernel, pfn: number): Steps<Page | null> {
    if (pfn_to_section_nr(this.c, pfn) >= NR_MEM_SECTIONS(this.c)) return null;
    const map = yield* this.$section_mem_map(pfn_to_section_nr(this.c, pfn));
    if (!(map & SECTION_IS_ONLINE) || !(yield* this.pfn_valid_within(pfn))) return null;
    return yield* this.pfn_to_page(pfn);
  },
};

export const v5_12 = {
  /**
   * The sub-section must also be valid, even in an early section; in a tainted section no pagemap may cover the pfn. No
   * release up to v7.2 reads the usage under RCU here.
   */
  *pfn_to_online_page(this: Kernel, pfn: number): Steps<Page | null> {
    if (pfn_to_section_nr(this.c, pfn) >= NR_MEM_SECTIONS(this.c)) return null;
    const map = yield* this.$section_mem_map(pfn_to_section_nr(this.c, pfn));
    if (!(map & SECTION_IS_ONLINE) || !(yield* this.pfn_valid_within(pfn))) return null;
    if (!(yield* this.pfn_section_valid(pfn))) return null;
    if (map & SECTION_TAINT_ZONE_DEVICE && (yield* this.get_dev_pagemap(pfn))) return null;
    return yield* this.pfn_to_page(pfn);
  },
};
