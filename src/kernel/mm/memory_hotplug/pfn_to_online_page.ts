import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { pfn_to_section_nr } from '../../pfn.ts';
import { SECTION_IS_ONLINE, SECTION_TAINT_ZONE_DEVICE } from '../../state.ts';
import { NO_PAGE, type Page } from '../page.ts';

export const v5_2 = {
  /**
   * Whether the section is online: until v5.12 nothing else is checked, even if a part of it is a hole or device memory
   * (B58).
   */
  *pfn_to_online_page(this: Kernel, pfn: number): Steps<Page> {
    const map = yield* this.$section_mem_map(pfn_to_section_nr(this.c, pfn));
    if (!(map & SECTION_IS_ONLINE) || !(yield* this.pfn_valid_within(pfn))) return NO_PAGE;
    return yield* this.pfn_to_page(pfn);
  },
};

export const v5_12 = {
  /**
   * The sub-section must also be valid, even in an early section; in a tainted section no pagemap may cover the pfn. No
   * release up to v7.2 reads the usage under RCU here.
   */
  *pfn_to_online_page(this: Kernel, pfn: number): Steps<Page> {
    const map = yield* this.$section_mem_map(pfn_to_section_nr(this.c, pfn));
    if (!(map & SECTION_IS_ONLINE) || !(yield* this.pfn_valid_within(pfn))) return NO_PAGE;
    if (!(yield* this.pfn_section_valid(pfn))) return NO_PAGE;
    if (map & SECTION_TAINT_ZONE_DEVICE && (yield* this.get_dev_pagemap(pfn))) return NO_PAGE;
    return yield* this.pfn_to_page(pfn);
  },
};
