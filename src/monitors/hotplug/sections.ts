import type { Config } from '../../kernel/config.ts';
import { MEMMAP, NO_PAGE, page_memmap } from '../../kernel/mm/page.ts';
import { subsection_set } from '../../kernel/mm/sparse.ts';
import { SECTION_HAS_MEM_MAP, SECTION_IS_EARLY, SECTION_IS_ONLINE, type State } from '../../kernel/state.ts';
import type { Failure } from '../../steps/failure.ts';
import { broken } from './broken.ts';
import { devicePfns } from './device-memory.ts';
import { merged, missing, type ZoneSpan } from './spans.ts';

/**
 * A section is valid exactly if its active sub-sections have a memmap (all of it if early), with usage allocated. An
 * online section has no uninitialised struct page.
 */
export function checkSections(state: State, c: Config): Failure[] {
  const found: Failure[] = [];
  const notSo = (what: string, section: number, text: string): void => {
    found.push(broken('sections', what, { section }, `section ${section} ${text}`));
  };
  const devices = devicePfns(state, c);
  for (const [nr, ms] of state.mem_section) {
    const start = nr * c.PAGES_PER_SECTION;
    const end = start + c.PAGES_PER_SECTION;
    const valid = (ms.section_mem_map & SECTION_HAS_MEM_MAP) !== 0;
    const early = (ms.section_mem_map & SECTION_IS_EARLY) !== 0;
    if (valid && !early && ms.subsection_map === null) notSo('no usage', nr, 'is valid and has no usage');
    if (!valid && state.pages.first(start, end, (page) => page !== NO_PAGE) >= 0) {
      notSo('memmap left', nr, 'is not valid and still has a memmap');
    }
    for (const span of activeSpans(state, c, nr)) {
      if (state.pages.first(span.start, span.end, (page) => page === NO_PAGE) >= 0) {
        notSo('no memmap', nr, 'is valid without a memmap');
      }
    }
    if (!(ms.section_mem_map & SECTION_IS_ONLINE) || ms.subsection_map === null) continue;
    // holes in an early section have struct pages, too, but nothing guarantees that they are initialised; nor does
    // anything for the first pages of device memory that shares it
    for (const span of missing(mapSpans(c, nr, ms.subsection_map), devices)) {
      if (state.pages.first(span.start, span.end, (page) => page_memmap(page) !== MEMMAP.INIT) >= 0) {
        notSo('not initialised', nr, 'is online with struct pages that are not initialised');
      }
    }
  }
  return found;
}

/** The pfns of a section that have struct pages, by its sub-sections; none for one that is not valid. */
export function activeSpans(state: State, c: Config, nr: number): ZoneSpan[] {
  const { section_mem_map, subsection_map } = state.mem_section.get(nr)!;
  if (!(section_mem_map & SECTION_HAS_MEM_MAP)) return [];
  const start = nr * c.PAGES_PER_SECTION;
  if (section_mem_map & SECTION_IS_EARLY) return [{ start, end: start + c.PAGES_PER_SECTION }];
  return subsection_map === null ? [] : mapSpans(c, nr, subsection_map);
}

/** The pfns for which a sub-section map has bits set. */
function mapSpans(c: Config, nr: number, subsectionMap: readonly number[]): ZoneSpan[] {
  const start = nr * c.PAGES_PER_SECTION;
  if (isFull(subsectionMap)) return [{ start, end: start + c.PAGES_PER_SECTION }];
  const found: ZoneSpan[] = [];
  for (let at = start; at < start + c.PAGES_PER_SECTION; at += c.PAGES_PER_SUBSECTION) {
    if (subsection_set(c, subsectionMap, at)) found.push({ start: at, end: at + c.PAGES_PER_SUBSECTION });
  }
  return merged(found);
}

/** The number of sub-sections in a section is a multiple of 32 in every configuration. */
const isFull = (map: readonly number[]): boolean => map.every((word) => word === -1);
