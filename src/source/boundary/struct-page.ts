import type { Int64 } from '../../ir/read/values.ts';
import { type Page, PageReserved } from '../../kernel/mm/page.ts';
import { access_pages, PAGE_OFFSET_OF, page_operation } from '../../kernel/mm/page_access.ts';
import type { Steps } from '../../steps/step.ts';
import { wordOf } from '../values.ts';
import type { Site } from './site.ts';

/** Reads one struct page through the mapping of the memmap. */
const readPage = page_operation({
  name: 'read_page',
  writes: false,
  run: (state, start): Page => state.pages.get(start),
});

/** Functions of headers that compilers inline, so that no fault is in them. */
const INLINED = new Set(['test_bit', 'PageReserved']);

/**
 * A read of a member of a struct page. Of the flags the model has PG_reserved; the compiled functions test no other,
 * and the node and zone in the upper bits are not asked for.
 */
export function* readStructPage(site: Site, pfn: number, offset: number): Steps<Int64> {
  if (offset !== PAGE_OFFSET_OF.flags) return site.stop(`byte ${offset} of a struct page`);
  const page = yield* access_pages(
    site.k,
    site.chain.find((fn) => !INLINED.has(fn))!,
    readPage,
    pfn,
    pfn + 1,
  );
  return wordOf(PageReserved(page) ? 2 ** site.program.enumerator('PG_reserved') : 0);
}
