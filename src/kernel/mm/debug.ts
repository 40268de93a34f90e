import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { change, look, operation, pr_warn } from '../ops.ts';
import { hex } from '../pfn.ts';
import type { State } from '../state.ts';
import { count_pages } from './memmap.ts';
import {
  MEMMAP,
  NO_PAGE,
  type Page,
  PageOffline,
  PageReserved,
  POISON_PAGE,
  page_migratetype,
  page_nid,
  page_zonenum,
  with_memmap,
  with_migratetype,
} from './page.ts';

/** Poisons struct pages. The migratetype of a pageblock is in the section's usage, and is kept. */
const poison_pages = operation({
  name: 'poison_pages',
  obj: 'pages',
  writes: true,
  run: (state: State, start: number, end: number): void =>
    state.pages.update(start, end, (page) =>
      PageOffline(page)
        ? with_memmap(page, MEMMAP.POISON)
        : with_migratetype(POISON_PAGE, page_migratetype(page)),
    ),
});

const forget_pages = operation({
  name: 'forget_pages',
  obj: 'pages',
  writes: true,
  run: (state: State, start: number, end: number): void =>
    state.pages.update(start, end, (page) => (page === NO_PAGE ? page : with_memmap(page, MEMMAP.ZERO))),
});

/** Node in the top bits, zone below it, PG_reserved (bit 12) at the bottom. */
const flags_word = (k: Kernel, page: Page): string => {
  const node_shift = 64 - Math.log2(k.c.MAX_NUMNODES);
  const zone_shift = node_shift - Math.ceil(Math.log2(k.c.zones.length));
  const word =
    (BigInt(page_nid(page)) << BigInt(node_shift)) | (BigInt(page_zonenum(page)) << BigInt(zone_shift));
  return `0x${(word | (PageReserved(page) ? 0x1000n : 0n)).toString(16)}`;
};

export const v5_2 = {
  /** The lines of dump_page with the page, its flags and the reason; %p hashes addresses. */
  *dump_page(this: Kernel, pfn: number, reason: string): Steps<void> {
    const page = yield* this.pfn_to_page(pfn);
    yield* pr_warn(this.$page_line(pfn));
    yield* pr_warn(this.$page_flags_text(page));
    yield* pr_warn(`page dumped because: ${reason}`);
  },

  $page_line(this: Kernel, pfn: number): string {
    return `page:(____ptrval____) refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:${hex(pfn)}`;
  },

  /** v5.2..v5.10 print the bare flags word. */
  $page_flags_text(this: Kernel, page: Page): string {
    return `flags: ${flags_word(this, page)}(${PageReserved(page) ? 'reserved' : ''})`;
  },

  /**
   * Without CONFIG_DEBUG_VM nothing is written (include/linux/page-flags.h): the old contents stay, and a missing
   * memmap is not noticed (B54).
   */
  *page_init_poison(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    if (this.c.DEBUG_VM && (yield* look(count_pages, pfn, pfn + nr_pages)) < nr_pages)
      yield* this.BUG('page_init_poison', 'unable to handle page fault: no struct page');
    yield* change(this.c.DEBUG_VM ? poison_pages : forget_pages, pfn, pfn + nr_pages);
  },
};

export const v5_12 = {
  $page_flags_text(this: Kernel, page: Page): string {
    const names = [
      ...(PageReserved(page) ? ['reserved'] : []),
      `node=${page_nid(page)}`,
      `zone=${page_zonenum(page)}`,
    ];
    return `flags: ${flags_word(this, page)}(${names.join('|')})`;
  },
};

export const v6_12 = {
  /** The line no longer contains %p. */
  $page_line(this: Kernel, pfn: number): string {
    return `page: refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:${hex(pfn)}`;
  },
};
