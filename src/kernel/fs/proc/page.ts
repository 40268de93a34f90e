import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import {
  NO_PAGE,
  type Page,
  PageHWPoison,
  PageOffline,
  PageReserved,
  PageTable,
  PG_arch_1,
  PG_dirty,
  PG_uncached,
  PG_vmemmap_self_hosted,
  page_use,
  USE,
} from '../../mm/page.ts';
import { mapped_page } from '../../mm/page_access.ts';
import { R } from '../../ops.ts';

/** fs/proc/page.c: the files of /proc that have one word per pfn; their size, and the words of /proc/kpageflags. */

/** Bytes of one word: KPMSIZE. */
const KPMSIZE = 8;

/** The modelled bits of /proc/kpageflags, by name: include/uapi/linux/kernel-page-flags.h and those from 32 on. */
export const KPF = {
  DIRTY: 4,
  LRU: 5,
  BUDDY: 10,
  COMPOUND_HEAD: 15,
  COMPOUND_TAIL: 16,
  HUGE: 17,
  HWPOISON: 19,
  NOPAGE: 20,
  OFFLINE: 23,
  ZERO_PAGE: 24,
  PGTABLE: 26,
  RESERVED: 32,
  OWNER_PRIVATE: 37,
  ARCH: 38,
  UNCACHED: 39,
} as const;

/** A word is a sum, because the bit operators only handle 32 bits. */
const words = (...bits: readonly (readonly [boolean, number])[]): number =>
  bits.reduce((sum, [set, bit]) => (set ? sum + 2 ** bit : sum), 0);

export const v5_2 = {
  /** The struct page for a word of /proc/kpageflags: any valid one, initialised or not. */
  *$kpageflags_page(this: Kernel, pfn: number): Steps<Page> {
    if (!(yield* this.pfn_valid(pfn))) return NO_PAGE;
    return yield* mapped_page(this, pfn, yield* this.pfn_to_page(pfn), 'stable_page_flags');
  },

  /** The end of the file: max_pfn (B44). */
  *get_max_dump_pfn(this: Kernel): Steps<number> {
    return yield* R('vars', 0, 'max_pfn');
  },

  /**
   * A word of /proc/kpageflags, without unmodelled bits (mappings of a page, its contents, slab). If an uninitialised
   * struct page is all ones, the read fails in compound_head().
   */
  *stable_page_flags(this: Kernel, pfn: number): Steps<number> {
    const page = yield* this.$kpageflags_page(pfn);
    if (page === NO_PAGE) return 2 ** KPF.NOPAGE;
    const head = yield* this.compound_head(pfn, 'stable_page_flags');
    const use = page_use(page);
    const huge = use === USE.HUGE_FREE || use === USE.HUGE_USED;
    return words(
      [(page & PG_dirty) !== 0, KPF.DIRTY],
      [use === USE.MOVABLE || use === USE.PINNED, KPF.LRU],
      // memory_failure() takes a free page off the buddy (v5.10; before, the allocator did so when it found the page)
      [use === USE.FREE && !PageHWPoison(page), KPF.BUDDY],
      [huge && head === pfn, KPF.COMPOUND_HEAD],
      [huge && head !== pfn, KPF.COMPOUND_TAIL],
      [huge, KPF.HUGE],
      [PageHWPoison(page), KPF.HWPOISON],
      [PageOffline(page), KPF.OFFLINE],
      [yield* this.is_zero_pfn(pfn), KPF.ZERO_PAGE],
      [PageTable(page), KPF.PGTABLE],
      [PageReserved(page), KPF.RESERVED],
      [(page & PG_vmemmap_self_hosted) !== 0, KPF.OWNER_PRIVATE],
      [(page & PG_arch_1) !== 0, KPF.ARCH],
      [(page & PG_uncached) !== 0, KPF.UNCACHED],
    );
  },

  /** A word of /proc/kpageflags. */
  *$kpageflags_word(this: Kernel, pfn: number): Steps<number> {
    return yield* this.stable_page_flags(pfn);
  },
};

export const v5_4 = {
  /** Uninitialised memmaps and device memory are skipped (aad5f69bc161). */
  *$kpageflags_page(this: Kernel, pfn: number): Steps<Page> {
    const page = yield* this.pfn_to_online_page(pfn);
    return page === null ? NO_PAGE : yield* mapped_page(this, pfn, page, 'stable_page_flags');
  },
};

export const v5_7 = {
  /** The end of the last section below max_pfn. */
  *get_max_dump_pfn(this: Kernel): Steps<number> {
    const section = this.c.PAGES_PER_SECTION;
    return Math.ceil((yield* R('vars', 0, 'max_pfn')) / section) * section;
  },

  /** A read of this many pages of /proc/kpageflags; returns the number of bytes read. */
  *kpageflags_read(this: Kernel, pfn: number, nr_pages: number): Steps<number> {
    const max_dump_pfn = yield* this.get_max_dump_pfn();
    return pfn >= max_dump_pfn ? 0 : Math.min(nr_pages, max_dump_pfn - pfn) * KPMSIZE;
  },
};

export const v6_17 = {
  /** kpage_read: a pfn without an online page reads as 0, as a page without flags does. */
  *$kpageflags_word(this: Kernel, pfn: number): Steps<number> {
    return (yield* this.$kpageflags_page(pfn)) === NO_PAGE ? 0 : yield* this.stable_page_flags(pfn);
  },
};
