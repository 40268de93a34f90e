import { vaText } from '../../geometry/translation.ts';
import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { change, operation, pr_warn } from '../ops.ts';
import { hex, vmemmap_of } from '../pfn.ts';
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
  tell: ([start, end]) => ({
    kind: 'does',
    what: `memset(pfn_to_page(${hex(start)}), PAGE_POISON_PATTERN) of ${end - start} pages`,
  }),
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
  tell: () => ({ kind: 'books' }),
  run: (state: State, start: number, end: number): void =>
    state.pages.update(start, end, (page) => (page === NO_PAGE ? page : with_memmap(page, MEMMAP.ZERO))),
});

/** The counters in a struct page: an initialised one has one reference; page_mapcount() adds 1. */
const counts = (zeroed: boolean): string => (zeroed ? 'refcount:0 mapcount:1' : 'refcount:1 mapcount:0');

/** The page and its flags, without the words of the struct page. Of a poisoned one nothing is read. */
function* page_lines(k: Kernel, pfn: number, page: Page): Steps<void> {
  if (page_memmap(page) === MEMMAP.POISON) {
    yield* k.$dump_poisoned_page(pfn);
    return;
  }
  yield* pr_warn(k.$page_line(pfn, page_memmap(page) === MEMMAP.ZERO));
  yield* pr_warn(k.$page_flags_text(page));
}

/** VM_BUG_ON_PAGE(): `cond` is true of the page. Only with CONFIG_DEBUG_VM. */
export function* vm_bug_on_page(k: Kernel, cond: string, pfn: number, where: string): Steps<never> {
  const page = yield* k.pfn_to_page(pfn);
  yield* page_lines(k, pfn, page);
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
  /** The lines of dump_page with the page, its flags and the reason. */
  *dump_page(this: Kernel, pfn: number, reason: string): Steps<void> {
    const page = yield* mapped_page(this, pfn, yield* this.pfn_to_page(pfn), '__dump_page');
    yield* page_lines(this, pfn, page);
    yield* pr_warn(`page dumped because: ${reason}`);
  },

  *$dump_poisoned_page(this: Kernel, pfn: number): Steps<void> {
    yield* pr_warn(`page:${this.$page_name(pfn)} is uninitialized and poisoned`);
  },

  /** %px */
  $page_name(this: Kernel, pfn: number): string {
    return vaText(vmemmap_of(this.c, pfn));
  },

  /** The page is named by its address alone. */
  $page_line(this: Kernel, pfn: number, zeroed: boolean): string {
    return `page:${this.$page_name(pfn)} ${counts(zeroed)} mapping:0000000000000000 index:0x0`;
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

export const v5_10 = {
  /** %p hashes the address, and the pfn is printed. */
  $page_line(this: Kernel, pfn: number, zeroed: boolean): string {
    return `page:(____ptrval____) ${counts(zeroed)} mapping:0000000000000000 index:0x0 pfn:${hex(pfn)}`;
  },
};

/** Between v5.10 and v6.1. */
export const v6_1 = {
  /** %p hashes the address, where dump_page() finds the page poisoned. */
  $page_name(this: Kernel, _pfn: number): string {
    return '(____ptrval____)';
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
