import type { Int64 } from '../../ir/read/values.ts';
import {
  MEMMAP,
  type Page,
  PageReserved,
  page_memmap,
  page_nid,
  page_zonenum,
} from '../../kernel/mm/page.ts';
import { access_pages, PAGE_OFFSET_OF, page_operation } from '../../kernel/mm/page_access.ts';
import type { Steps } from '../../steps/step.ts';
import { wordOf } from '../values.ts';
import { modelName } from './names.ts';
import type { Site } from './site.ts';
import { nodeAndZone } from './zones.ts';

/** Reads one struct page through the mapping of the memmap. */
const readPage = page_operation({
  name: 'read_page',
  writes: false,
  run: (state, start): Page => state.pages.get(start),
});

/** Functions of headers that compilers inline, so that no fault is in them. */
const INLINED = new Set([
  ...['test_bit', 'PageReserved', 'page_zone', 'page_zonenum', 'page_to_nid'],
  // since v6.17
  ...['memdesc_nid', 'memdesc_zonenum'],
]);

/** Functions that read the node and the zone. */
const OF_ZONES = new Set(['page_to_nid', 'page_zonenum']);

/**
 * A read of a member of a struct page. Of the flags the model has PG_reserved, and the node and zone in the upper bits
 * of those that are initialised; the compiled functions test no other.
 */
export function* readStructPage(site: Site, pfn: number, offset: number): Steps<Int64> {
  if (offset !== PAGE_OFFSET_OF.flags) return site.stop(`byte ${offset} of a struct page`);
  const page = yield* access_pages(
    site.k,
    modelName(site.chain.find((fn) => !INLINED.has(fn))!, site.program.bundle),
    readPage,
    pfn,
    pfn + 1,
  );
  const reserved = wordOf(PageReserved(page) ? 2 ** site.program.enumerator('PG_reserved') : 0);
  if (!site.chain.some((fn) => OF_ZONES.has(fn))) return reserved;
  if (page_memmap(page) === MEMMAP.POISON) return { lo: -1, hi: -1 };
  const { lo, hi } = nodeAndZone(site, page_nid(page), page_zonenum(page));
  return { lo: lo | reserved.lo, hi };
}
