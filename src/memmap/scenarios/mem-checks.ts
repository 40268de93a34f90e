import { SECTION_HAS_MEM_MAP, SECTION_IS_EARLY } from '../../kernel/state.ts';
import type { Failure, Subjects } from '../../steps/failure.ts';
import { type MemConfig, page_add, pfn_to_section_nr, SIZEOF_STRUCT_PAGE } from '../kernel/config.ts';
import { arch_pfn_to_nid, pfn_to_pointer } from '../kernel/memory_model.ts';
import { type Memmap, PG_head, PG_tail } from '../kernel/world.ts';

/** Checks after an operation; they only read. */

/** A violation; the caller adds the kind. */
export type Found = Pick<Failure, 'subjects' | 'text'>;

const pages = (what: string, start: number, end: number, text: string): Found => ({
  subjects: { what, pfn: start, nr_pages: end - start },
  text: `${pfns(start, end)} ${text}`,
});

const notSo = (what: string, subjects: Omit<Subjects, 'invariant' | 'what'>, text: string): Found => ({
  subjects: { invariant: 'sections', what, ...subjects },
  text,
});

const pfns = (start: number, end: number): string =>
  end === start + 1
    ? `pfn 0x${start.toString(16)}`
    : `pfn 0x${start.toString(16)}-0x${(end - 1).toString(16)}`;

const word = (n: number): string => BigInt.asUintN(64, BigInt(n)).toString(16);

interface Runs<V> {
  in(start: number, end: number): Iterable<{ start: number; end: number; value: V }>;
}

/** The runs of [start, end) that do not satisfy the test, with neighbours merged. */
function* without<V>(
  runs: Runs<V>,
  start: number,
  end: number,
  test: (value: V) => boolean,
): Generator<[number, number]> {
  let open: [number, number] | null = null;
  for (const run of runs.in(start, end)) {
    if (test(run.value)) continue;
    if (open && open[1] === run.start) open = [open[0], run.end];
    else {
      if (open) yield open;
      open = [run.start, run.end];
    }
  }
  if (open) yield open;
}

/** Every tail is marked and refers to its head. */
export function* tails(world: Memmap, c: MemConfig, head: number, nr: number): Generator<Found> {
  const firstPage = pfn_to_pointer.run(world, c, head);
  for (const [start, end] of without(world.pages, head + 1, head + nr, (word) => (word & PG_tail) !== 0))
    yield pages(
      'no tails',
      start,
      end,
      `are not tails of the page at 0x${head.toString(16)}: put_page() of one frees it alone`,
    );
  for (const [start, end] of without(world.first_page, head + 1, head + nr, (at) => at === firstPage))
    yield {
      subjects: { what: 'first_page', pfn: start, nr_pages: end - start },
      text: `first_page of ${pfns(start, end)} is not the page at 0x${head.toString(16)}`,
    };
}

/** No page of a range is part of a compound page. */
export function* singles(world: Memmap, head: number, nr: number): Generator<Found> {
  const single = (word: number): boolean => (word & (PG_head | PG_tail)) === 0;
  for (const [start, end] of without(world.pages, head, head + nr, single))
    yield pages(
      'still compound',
      start,
      end,
      `still are of the page at 0x${head.toString(16)}, which is gone`,
    );
}

export function* zeroed(world: Memmap, head: number, nr: number): Generator<Found> {
  for (const [start, end] of without(world.contents, head, head + nr, (text) => text === 'zero'))
    yield pages('not cleared', start, end, "keep what was in them: the new owner reads another's data");
}

export function* copied(world: Memmap, dst: number, src: number, nr: number): Generator<Found> {
  const distance = src - dst;
  const want = `copy${distance < 0 ? '' : '+'}${distance}`;
  for (const [start, end] of without(world.contents, dst, dst + nr, (text) => text === want))
    yield pages('not copied', start, end, 'do not hold the copy');
}

/** Checks sections, their pointers and the existing memmaps, for scenarios that add and remove. */
export function* sections(world: Memmap, c: MemConfig, valid: (pfn: number) => boolean): Generator<Found> {
  const used = new Set<number>();
  for (const [nr, ms] of world.mem_section) {
    const first = nr * c.PAGES_PER_SECTION;
    if (ms.flags & SECTION_IS_EARLY && !(ms.flags & SECTION_HAS_MEM_MAP) && ms.section_mem_map === 0)
      yield notSo(
        'early',
        { section: nr, node: ms.nid },
        `section ${nr} of node ${ms.nid} is early before it has a memmap`,
      );
    // crash and makedumpfile rely on this
    if (ms.flags === 0 && ms.section_mem_map !== 0)
      yield notSo(
        'pointer kept',
        { section: nr, va: ms.section_mem_map },
        `section ${nr} is empty and its section_mem_map is 0x${word(ms.section_mem_map)}: a dump tool takes it for a memmap`,
      );
    if (!(ms.flags & SECTION_HAS_MEM_MAP)) continue;
    const decoded = page_add(ms.section_mem_map, first);
    used.add(decoded);
    if (decoded !== pfn_to_pointer.run(world, c, first))
      yield notSo(
        'wrong pointer',
        { section: nr },
        `section_mem_map of section ${nr} is no memmap: it points into the linear map of the memory itself`,
      );
    for (let pfn = first; pfn < first + c.PAGES_PER_SECTION; pfn += c.PAGES_PER_SUBSECTION)
      if (valid(pfn) && !reachable(world, c, pfn))
        yield notSo('no struct page', { pfn }, `pfn 0x${pfn.toString(16)} is valid and has no struct page`);
  }
  yield* homeless(world);
  for (const [at, size] of world.maps) {
    const delta = world.places.get(at);
    if (typeof delta !== 'number' || world.mem_section.size === 0 || used.has(at)) continue;
    const pfn = (at - delta) / SIZEOF_STRUCT_PAGE;
    const nrPages = size / SIZEOF_STRUCT_PAGE;
    yield notSo(
      'memmap leaked',
      { pfn, nr_pages: nrPages },
      `the memmap of ${pfns(pfn, pfn + nrPages)} is leaked: no section has it`,
    );
  }
}

/** Usemaps that are still in use in a section that was removed. */
function* homeless(world: Memmap): Generator<Found> {
  for (const [nr, key] of world.bootmem?.usemap ?? []) {
    const { section } = world.bootmem!.pages.get(key)!;
    const has = (at: number): boolean =>
      ((world.mem_section.get(at)?.flags ?? 0) & SECTION_HAS_MEM_MAP) !== 0;
    if (section !== nr && has(nr) && !has(section))
      yield notSo(
        'usemap of another',
        { section: nr, found: section },
        `the usemap of section ${nr} lies in section ${section}, which is gone`,
      );
  }
}

/** The pointer for a pfn reaches the struct page of that pfn. */
export function reachable(world: Memmap, c: MemConfig, pfn: number): boolean {
  if (c.memory_model === 'DISCONTIGMEM' && arch_pfn_to_nid(world, pfn) < 0) return false;
  if (c.memory_model.startsWith('SPARSEMEM') && pfn_to_section_nr(c, pfn) >= c.NR_MEM_SECTIONS) return false;
  const p = pfn_to_pointer.run(world, c, pfn);
  if (p === null || p < 0) return false;
  const place = world.places.get(p);
  return typeof place === 'number' && (p - place) / SIZEOF_STRUCT_PAGE === pfn;
}
