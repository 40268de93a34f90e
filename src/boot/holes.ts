import { pfn_valid_by_memblock } from '../kernel/arch/arm64/mmu.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { MEMBLOCK_NOMAP } from '../kernel/mm/memblock.ts';
import { NO_PAGE, POISON_PAGE, ZERO_PAGE } from '../kernel/mm/page.ts';
import { MEMBLOCK_MEMORY, SECTION_IS_EARLY, type State } from '../kernel/state.ts';

interface Span {
  readonly start: number;
  readonly end: number;
}

/** What memblock maps, in pages, ascending. */
function mapped(k: Kernel, state: State): Span[] {
  return state.memblock_type
    .get(MEMBLOCK_MEMORY)!
    .regions.filter(({ flags }) => !(flags & MEMBLOCK_NOMAP))
    .map(({ base, size }) => ({
      start: Math.ceil(base / k.c.PAGE_SIZE),
      end: Math.floor((base + size) / k.c.PAGE_SIZE),
    }));
}

/** The parts of a span that none of the others covers. */
function uncovered(span: Span, others: readonly Span[]): Span[] {
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

/**
 * Where arm64's pfn_valid() asks memblock (until v5.13) boot initialises the struct page of a hole only if the first pfn
 * of its pageblock is valid. The others stay as the memmap was allocated, poisoned with CONFIG_DEBUG_VM (FACTS 3.1).
 */
export function raw_holes(k: Kernel, state: State): void {
  if (k.pfn_valid !== pfn_valid_by_memblock.pfn_valid) return;
  const ram = mapped(k, state);
  if (ram.length === 0) return;
  const raw = k.c.DEBUG_VM ? POISON_PAGE : ZERO_PAGE;
  const n = k.c.pageblock_nr_pages;
  for (const [nr, { section_mem_map }] of state.mem_section) {
    if (!(section_mem_map & SECTION_IS_EARLY)) continue;
    const start = nr * k.c.PAGES_PER_SECTION;
    for (const hole of uncovered({ start, end: start + k.c.PAGES_PER_SECTION }, ram)) {
      // a pageblock that starts with RAM lends its validity to the whole of it
      const first = Math.ceil(hole.start / n) * n;
      if (first < hole.end) state.pages.update(first, hole.end, (page) => (page === NO_PAGE ? page : raw));
    }
  }
}
