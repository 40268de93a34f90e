import type { Int64 } from '../../ir/read/values.ts';
import { SIZEOF_STRUCT_PAGE } from '../../kernel/config.ts';
import { usage_steps } from '../../kernel/mm/sparse.ts';
import { alloc, exists, look, R, W } from '../../kernel/ops.ts';
import { PFN_DOWN } from '../../kernel/pfn.ts';
import { SECTION_IS_EARLY } from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';
import type { Place } from '../addresses.ts';
import { equal, numberOf, wordOf, ZERO } from '../values.ts';
import type { Site } from './site.ts';

/** struct mem_section and struct mem_section_usage, as the model keeps them: by the number of the section. */

type PlaceOf<K extends Place['kind']> = Extract<Place, { readonly kind: K }>;

/** Bits of section_mem_map below the pointer (SECTION_MAP_MASK); a release uses 4 to 6 of them. */
const FLAGS = SIZEOF_STRUCT_PAGE - 1;

/** The struct page of pfn 0, from which section_mem_map counts (sparse_encode_mem_map()). */
const memmapOf = ({ k: { c } }: Site): number =>
  c.VMEMMAP_START - PFN_DOWN(c, c.mappable_range.start) * SIZEOF_STRUCT_PAGE;

export function* readSectionRoot(site: Site, { root }: PlaceOf<'section root'>): Steps<Int64> {
  return (yield* exists('mem_section_root', root)) ? site.addresses.ofSectionRoot(root) : ZERO;
}

export function* writeSectionRoot(site: Site, { root }: PlaceOf<'section root'>, value: Int64): Steps<void> {
  const object = site.addresses.freshAt(value);
  if (object?.fresh !== 'root') return site.stop('a root of sections that is none');
  yield* alloc('mem_section_root', root, { nid: object.nid });
}

export function* readSection(site: Site, { nr, offset }: PlaceOf<'section'>, size: number): Steps<Int64> {
  if (size === 8 && offset === site.program.member('mem_section', 'section_mem_map').offset) {
    const map = yield* site.k.$section_mem_map(nr);
    return map === 0 ? ZERO : wordOf(memmapOf(site) + map);
  }
  if (size === 8 && offset === site.program.member('mem_section', 'usage').offset) {
    return (yield* look(usage_steps.has_usage, nr)) ? site.addresses.ofUsage(nr) : ZERO;
  }
  return site.stop(`byte ${offset} of a struct mem_section`);
}

export function* writeSection(
  site: Site,
  { nr, offset }: PlaceOf<'section'>,
  size: number,
  value: Int64,
): Steps<void> {
  if (size === 8 && offset === site.program.member('mem_section', 'section_mem_map').offset) {
    const flags = value.lo & FLAGS;
    const memmap = numberOf({ lo: value.lo & ~FLAGS, hi: value.hi });
    // sparse_init_one_section() takes the pointer out before it puts it in
    if (memmap !== memmapOf(site) && memmap !== 0) return site.stop('a memmap at another place');
    yield* W('mem_section', nr, 'section_mem_map', flags);
    return;
  }
  if (size !== 8 || offset !== site.program.member('mem_section', 'usage').offset)
    return site.stop(`byte ${offset} of a struct mem_section`);
  // the others of a root are zeroed
  if (!(yield* exists('mem_section', nr)))
    yield* alloc('mem_section', nr, { section_mem_map: 0, subsection_map: null, nid: 0 });
  if (equal(value, ZERO)) yield* W('mem_section', nr, 'subsection_map', null);
  else if (site.addresses.freshAt(value)?.fresh === 'usage')
    yield* W('mem_section', nr, 'subsection_map', usage_steps.empty_map(site.k.c));
  // sparse_init_one_section() writes the usage that is there
  else if (!equal(value, site.addresses.ofUsage(nr))) site.stop('a usage of another section');
}

/** The number of a word of the map of sub-sections, or an end of the run. */
function wordAt(site: Site, offset: number, size: number): number {
  const { offset: start, size: all } = site.program.member('mem_section_usage', 'subsection_map');
  const word = (offset - start) / 8;
  return size === 8 && Number.isInteger(word) && word >= 0 && offset < start + all
    ? word
    : site.stop(`byte ${offset} of a struct mem_section_usage`);
}

export function* readUsage(site: Site, { nr, offset }: PlaceOf<'usage'>, size: number): Steps<Int64> {
  const word = wordAt(site, offset, size);
  const why = site.chain.includes('pfn_section_valid') ? 'bit' : 'map';
  const [lo = 0, hi = 0] = yield* look(usage_steps.read_words, site.k.c, nr, word, why);
  return { lo, hi };
}

export function* writeUsage(
  site: Site,
  { nr, offset }: PlaceOf<'usage'>,
  size: number,
  { lo, hi }: Int64,
): Steps<void> {
  const word = wordAt(site, offset, size);
  const map =
    (yield* R('mem_section', nr, 'subsection_map')) ?? site.stop('a write to a usage that is freed');
  const words = [...map];
  words[2 * word] = lo;
  if (2 * word + 1 < words.length) words[2 * word + 1] = hi;
  yield* W('mem_section', nr, 'subsection_map', usage_steps.shared(words));
}

/** The flags of the page of a usage: reserved if boot has allocated it. */
export function* readPageOfUsage(site: Site, { nr, offset }: PlaceOf<'page of usage'>): Steps<Int64> {
  if (offset !== 0) return site.stop(`byte ${offset} of the struct page of a usage`);
  const early = (yield* site.k.$section_mem_map(nr)) & SECTION_IS_EARLY;
  return wordOf(early ? 2 ** site.program.enumerator('PG_reserved') : 0);
}
