import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { change, operation, pr_warn } from '../ops.ts';
import { hex } from '../pfn.ts';
import type { State } from '../state.ts';
import {
  MEMMAP,
  NO_PAGE,
  type Page,
  PageOffline,
  PageReserved,
  POISON_PAGE,
  page_memmap,
  page_migratetype,
  page_nid,
  page_zonenum,
  with_memmap,
  with_migratetype,
} from './page.ts';
import { access_pages, mapped_page, page_operation } from './page_access.ts';

/** Poisons struct pages. The migratetype of a pageblock is in the section's usage, and is kept. */
const poison_pages = page_operation({
  name: 'poison_pages',
  writes: true,
  routine: '__memset',
  run: (state, start, end): void =>
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

/** The counters in a struct page: an initialised one has one reference; page_mapcount() adds 1. */
const counts = (zeroed: boolean): string => (zeroed ? 'refcount:0 mapcount:1' : 'refcount:1 mapcount:0');

/** VM_BUG_ON_PAGE(): `cond` is true of the page. Only with CONFIG_DEBUG_VM. */
export function* vm_bug_on_page(k: Kernel, cond: string, pfn: number, where: string): Steps<never> {
  const page = yield* k.pfn_to_page(pfn);
  yield* pr_warn(k.$page_line(pfn, page_memmap(page) === MEMMAP.ZERO));
  yield* pr_warn(k.$page_flags_text(page));
  return yield* k.BUG(where, `page dumped because: VM_BUG_ON_PAGE(${cond})`);
}

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
    const page = yield* mapped_page(this, pfn, yield* this.pfn_to_page(pfn), '__dump_page');
    yield* pr_warn(this.$page_line(pfn, page_memmap(page) === MEMMAP.ZERO));
    yield* pr_warn(this.$page_flags_text(page));
    yield* pr_warn(`page dumped because: ${reason}`);
  },

  $page_line(this: Kernel, pfn: number, zeroed: boolean): string {
    return `page:(____ptrval____) ${counts(zeroed)} mapping:0000000000000000 index:0x0 pfn:${hex(pfn)}`;
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
    if (this.c.DEBUG_VM) yield* access_pages(this, 'page_init_poison', poison_pages, pfn, pfn + nr_pages);
    else yield* change(forget_pages, pfn, pfn + nr_pages);
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
  $page_line(this: Kernel, pfn: number, zeroed: boolean): string {
    return `page: ${counts(zeroed)} mapping:0000000000000000 index:0x0 pfn:${hex(pfn)}`;
  },
};
