import type { Kernel } from '../../kernel/kernel.ts';
import { MEMBLOCK_NOMAP } from '../../kernel/mm/memblock/memblock.ts';
import { MIGRATE, make_page, NO_PAGE, PG_reserved, POISON_PAGE, ZERO_PAGE } from '../../kernel/mm/page.ts';
import { MEMBLOCK_MEMORY, SECTION_IS_EARLY, type State, zone_key } from '../../kernel/state.ts';
import type { ReleaseConstants } from '../../releases/define.ts';

interface Span {
  readonly start: number;
  readonly end: number;
}

/** memblock's memory, in pages, ascending. */
function memory(k: Kernel, state: State): (Span & { readonly nid: number; readonly flags: number })[] {
  return state.memblock_type.get(MEMBLOCK_MEMORY)!.regions.map(({ base, size, nid, flags }) => ({
    start: Math.ceil(base / k.c.PAGE_SIZE),
    end: Math.floor((base + size) / k.c.PAGE_SIZE),
    nid,
    flags,
  }));
}

const mapped = (k: Kernel, state: State): Span[] =>
  memory(k, state).filter(({ flags }) => !(flags & MEMBLOCK_NOMAP));

/** The parts of a span that no other span covers. */
export function uncovered(span: Span, others: readonly Span[]): Span[] {
  const left: Span[] = [];
  let at = span.start;
  for (const { start, end } of others) {
    if (end <= at || start >= span.end) continue;
    if (start > at) left.push({ start: at, end: start });
    at = end;
  }
  if (at < span.end) left.push({ start: at, end: span.end });
  return left;
}

/** Writes a struct page for each page of early sections in the span; pages without memmap or offline stay unchanged. */
function initRange(k: Kernel, state: State, { start, end }: Span, value: number): void {
  const n = k.c.PAGES_PER_SECTION;
  for (const [nr, { section_mem_map }] of state.mem_section) {
    const first = Math.max(start, nr * n);
    const last = Math.min(end, (nr + 1) * n);
    if (first >= last || !(section_mem_map & SECTION_IS_EARLY)) continue;
    state.pages.update(first, last, (page) => (page === NO_PAGE || page === ZERO_PAGE ? page : value));
  }
}

/**
 * The boot code's struct pages for holes. In 5.10.35, not yet in 5.10.7, a hole gets the node and the zone of the
 * memory behind it, and a hole behind all memory those of the last memory (init_unavailable_range() in
 * mm/page_alloc.c). Before, only holes in no zone were special: node 0 and the first zone.
 */
export function bootHoles(k: Kernel, state: State, style: ReleaseConstants['holes']): void {
  const ram = memory(k, state);
  if (ram.length === 0) return;
  if (style !== 'zone') {
    const zones = [...state.zone.values()]
      .filter((zone) => zone.spanned_pages > 0)
      .map(({ zone_start_pfn: start, spanned_pages }) => ({ start, end: start + spanned_pages }));
    const known = [...zones, ...ram].sort((a, b) => a.start - b.start);
    const page = make_page(0, 0, MIGRATE.MOVABLE, style === 'reserved' ? PG_reserved : 0);
    for (const hole of uncovered({ start: 0, end: Number.POSITIVE_INFINITY }, known)) {
      initRange(k, state, hole, page);
    }
    return;
  }
  let holePfn = 0;
  let last = make_page(ram[0]!.nid, 0, MIGRATE.MOVABLE, PG_reserved);
  for (const { start, end, nid } of ram) {
    for (const index of k.c.zones.keys()) {
      const zone = state.zone.get(zone_key(nid, index));
      if (!zone || zone.present_pages === 0) continue;
      const first = Math.max(start, zone.zone_start_pfn);
      const stop = Math.min(end, zone.zone_start_pfn + zone.spanned_pages);
      const page = make_page(nid, index, MIGRATE.MOVABLE, PG_reserved);
      last = page;
      if (first >= stop) continue;
      if (holePfn < first) initRange(k, state, { start: holePfn, end: first }, page);
      holePfn = stop;
    }
  }
  initRange(k, state, { start: holePfn, end: Number.POSITIVE_INFINITY }, last);
}

/**
 * If arm64's pfn_valid() asks memblock (until v5.15), boot initialises the struct page of a hole only if the first pfn
 * of its pageblock is valid (init_unavailable_range() of 5.10). The others stay as the memmap was allocated, poisoned
 * with CONFIG_DEBUG_VM.
 */
export function rawHoles(k: Kernel, state: State, constants: ReleaseConstants): void {
  if (!constants.HAVE_ARCH_PFN_VALID[k.c.arch]) return;
  const ram = mapped(k, state);
  if (ram.length === 0) return;
  const raw = k.c.DEBUG_VM ? POISON_PAGE : ZERO_PAGE;
  const n = k.c.pageblock_nr_pages;
  for (const [nr, { section_mem_map }] of state.mem_section) {
    if (!(section_mem_map & SECTION_IS_EARLY)) continue;
    const start = nr * k.c.PAGES_PER_SECTION;
    for (const hole of uncovered({ start, end: start + k.c.PAGES_PER_SECTION }, ram)) {
      // if a pageblock starts with RAM, all of it counts as valid
      const first = Math.ceil(hole.start / n) * n;
      if (first < hole.end) state.pages.update(first, hole.end, (page) => (page === NO_PAGE ? page : raw));
    }
  }
}
