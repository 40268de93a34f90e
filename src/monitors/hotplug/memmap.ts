import { entrySize } from '../../geometry/translation.ts';
import { leaves } from '../../hardware/walks/walk.ts';
import type { Config } from '../../kernel/config.ts';
import { leaf_address } from '../../kernel/include/linux/pgtable.ts';
import { page_use, USE } from '../../kernel/mm/page.ts';
import { vmemmap_of } from '../../kernel/pfn.ts';
import type { State } from '../../kernel/state.ts';
import type { Failure } from '../../steps/failure.ts';
import { broken } from './broken.ts';
import { activeSpans } from './sections.ts';
import { merged, missing, type ZoneSpan } from './spans.ts';

/**
 * The struct pages of active sub-sections are mapped, and nothing else of the memmap is. They lie in pages of their
 * own, all of which are mapped.
 */
export function checkMemmap(state: State, c: Config): Failure[] {
  const found: Failure[] = [];
  const { nr_vmemmap_pages } = state.vars.get(0)!;
  if (nr_vmemmap_pages < 0) {
    found.push(
      broken(
        'memmap',
        'more given back than taken',
        { nr_pages: -nr_vmemmap_pages },
        `${-nr_vmemmap_pages} pages of struct pages went to the allocator that had not come from it`,
      ),
    );
  }
  if (!state.mmu) return found;
  const active: ZoneSpan[] = [];
  for (const nr of state.mem_section.keys()) {
    for (const { start, end } of activeSpans(state, c, nr)) {
      active.push({ start: vmemmap_of(c, start), end: vmemmap_of(c, end) });
    }
  }
  const wanted = merged(active);
  const mapped: ZoneSpan[] = [];
  const pages: ZoneSpan[] = [];
  for (const leaf of leaves(state.mmu, c.VMEMMAP_START, c.VMEMMAP_END)) {
    const size = entrySize(c.t, leaf.depth);
    mapped.push(leaf);
    for (const { start, end } of missing([leaf], rounded(wanted, size))) {
      const span = described(c, start, end);
      found.push(
        broken('memmap', 'no section', span, `struct pages of ${text(span)} are mapped and have no section`),
      );
    }
    const together = leaf.n === 1 || leaf.stride === size ? leaf.n : 1;
    for (let i = 0; i < leaf.n; i += together) {
      const phys = leaf_address(c, { addr: leaf.addr + i * leaf.stride, attr: leaf.attr }) / c.PAGE_SIZE;
      pages.push({ start: phys, end: phys + (together * size) / c.PAGE_SIZE });
    }
  }
  for (const { start, end } of missing(wanted, merged(mapped))) {
    const span = described(c, start, end);
    found.push(broken('memmap', 'not mapped', span, `struct pages of ${text(span)} are not mapped`));
  }
  return [...found, ...checkPages(state, merged(pages))];
}

/** The spans rounded outward to whole entries. */
const rounded = (spans: readonly ZoneSpan[], size: number): ZoneSpan[] =>
  merged(
    spans.map(({ start, end }) => ({
      start: Math.floor(start / size) * size,
      end: Math.ceil(end / size) * size,
    })),
  );

/** The memory described by the struct pages at kernel addresses [start, end). */
function described(c: Config, start: number, end: number) {
  const bytes = (va: number): number =>
    c.mappable_range.start + ((va - c.VMEMMAP_START) / (vmemmap_of(c, 1) - vmemmap_of(c, 0))) * c.PAGE_SIZE;
  return { pa: bytes(start), size: bytes(end) - bytes(start) };
}

const text = ({ pa, size }: { readonly pa: number; readonly size: number }): string =>
  `0x${pa.toString(16)}-0x${(pa + size - 1).toString(16)}`;

/** Compares the pages that hold struct pages with the allocator's record of them. */
function checkPages(state: State, pages: readonly ZoneSpan[]): Failure[] {
  const found: Failure[] = [];
  for (const { start, end } of pages) {
    const free = state.pages.first(start, end, (page) => page_use(page) === USE.FREE);
    if (free >= 0)
      found.push(
        broken(
          'memmap',
          'free page',
          { pfn: free },
          `pfn 0x${free.toString(16)} holds struct pages and is free`,
        ),
      );
  }
  const taken: ZoneSpan[] = [];
  for (const run of state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
    if (page_use(run.value) === USE.MEMMAP) taken.push(run);
  }
  const counted = state.vars.get(0)!.nr_vmemmap_pages;
  const n = taken.reduce((sum, { start, end }) => sum + end - start, 0);
  if (counted >= 0 && counted !== n) {
    found.push(
      broken(
        'memmap',
        'pages counted',
        { count: counted, bound: n },
        `${n} pages are taken for struct pages, ${counted} counted`,
      ),
    );
  }
  for (const { start, end } of missing(merged(taken), pages)) {
    found.push(
      broken(
        'memmap',
        'pages lost',
        { pfn: start, nr_pages: end - start },
        `${end - start} pages at pfn 0x${start.toString(16)} were taken for struct pages and hold none`,
      ),
    );
  }
  return found;
}
