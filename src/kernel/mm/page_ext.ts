import type { Steps } from '../../steps/step.ts';
import type { Kernel, MemoryNotifier, memory_notify } from '../kernel.ts';
import { alloc, exists, free, pr_err, R } from '../ops.ts';
import { pfn_to_section_nr } from '../pfn.ts';
import {
  MEM_CANCEL_ONLINE,
  MEM_GOING_ONLINE,
  MEM_OFFLINE,
  type page_ext,
  SECTION_IS_EARLY,
} from '../state.ts';
import { USE } from './page.ts';

/**
 * mm/page_ext.c: the data that page_owner=on keeps for every page, one table per section, allocated when its memory
 * goes online. This happens under mem_hotplug_lock; a table that the buddy cannot allocate contiguously comes from
 * vmalloc (B98).
 */

/** Bytes per page: flags, and page_owner's own data. Releases after v5.2 keep a few more. */
const ENTRY_SIZE = 8 + 12;

const get_order = (pages: number): number => Math.ceil(Math.log2(pages));

export const v5_2 = {
  /** alloc_pages_exact_nid(), or else vzalloc_node(); null without memory. */
  *alloc_page_ext(this: Kernel, size: number, nid: number): Steps<page_ext | null> {
    const nr_pages = Math.ceil(size / this.c.PAGE_SIZE);
    const order = get_order(nr_pages);
    if (order < this.c.MAX_ORDER) {
      const found = yield* this.$alloc_pages('page_ext', nid, nr_pages, nr_pages, 2 ** order, USE.UNMOVABLE);
      if (found) return { pfn: found.pfn, nr_pages, addr: 0 };
    }
    const addr = yield* this.vmalloc(size);
    return addr === 0 ? null : { pfn: -1, nr_pages, addr };
  },

  *free_page_ext(this: Kernel, base: page_ext): Steps<void> {
    if (base.addr !== 0) yield* this.vfree(base.addr);
    else yield* this.free_pages(base.pfn, base.nr_pages);
  },

  /** 0 or -ENOMEM. Sections of boot memory got their tables at boot. */
  *init_section_page_ext(this: Kernel, nr: number, nid: number): Steps<number> {
    if ((yield* this.$section_mem_map(nr)) & SECTION_IS_EARLY) return 0;
    if (yield* exists('page_ext', nr)) return 0;
    const base = yield* this.alloc_page_ext(ENTRY_SIZE * this.c.PAGES_PER_SECTION, nid);
    if (base === null) {
      yield* pr_err('page ext allocation failure');
      return -this.errno.ENOMEM;
    }
    yield* alloc('page_ext', nr, base);
    return 0;
  },

  *offline_page_ext(this: Kernel, start_pfn: number, nr_pages: number): Steps<void> {
    const end = pfn_to_section_nr(this.c, start_pfn + nr_pages - 1);
    for (let nr = pfn_to_section_nr(this.c, start_pfn); nr <= end; nr++) {
      if (!(yield* exists('page_ext', nr))) continue;
      const base: page_ext = {
        pfn: yield* R('page_ext', nr, 'pfn'),
        nr_pages: yield* R('page_ext', nr, 'nr_pages'),
        addr: yield* R('page_ext', nr, 'addr'),
      };
      yield* free('page_ext', nr);
      yield* this.free_page_ext(base);
    }
  },

  *online_page_ext(this: Kernel, start_pfn: number, nr_pages: number): Steps<number> {
    const first = pfn_to_section_nr(this.c, start_pfn);
    const end = pfn_to_section_nr(this.c, start_pfn + nr_pages - 1);
    const nid = yield* R('mem_section', first, 'nid');
    for (let nr = first; nr <= end; nr++) {
      if ((yield* this.init_section_page_ext(nr, nid)) === 0) continue;
      yield* this.offline_page_ext(start_pfn, nr_pages);
      return -this.errno.ENOMEM;
    }
    return 0;
  },
};

export const page_ext_callback: MemoryNotifier = function* (
  this: Kernel,
  action: number,
  { start_pfn, nr_pages }: memory_notify,
): Steps<number> {
  if (action === MEM_GOING_ONLINE) return yield* this.online_page_ext(start_pfn, nr_pages);
  if (action === MEM_OFFLINE || action === MEM_CANCEL_ONLINE) {
    yield* this.offline_page_ext(start_pfn, nr_pages);
  }
  return 0;
};
