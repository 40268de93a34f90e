import type { Kernel } from '../../kernel/kernel.ts';
import { PageHuge, page_hstate } from '../../kernel/mm/page.ts';
import { MEMBLOCK_MEMORY, type State } from '../../kernel/state.ts';
import { Runner } from '../../schedule/runner.ts';

/**
 * /proc/kpageflags as runs of equal words. The kernel is asked once per place where a word can change, not once per
 * page.
 */

export interface KpageflagsRun {
  readonly pfn: number;
  readonly nr_pages: number;
  /** Null: reading it crashes the kernel. */
  readonly value: number | null;
}

/**
 * The pfns in [start, end) at which the value may change: boundaries of struct pages, sections, sub-sections of partial
 * sections, memblock regions, pagemaps.
 */
function edges(state: State, { c }: Kernel, start: number, end: number): number[] {
  const at = new Set([start]);
  const edge = (pfn: number): void => {
    if (pfn > start && pfn < end) at.add(pfn);
  };
  for (const run of state.pages.in(start, end)) edge(run.start);
  const whole = (map: readonly number[] | null): boolean => map?.every((word) => ~word === 0) ?? true;
  for (const [nr, { subsection_map }] of state.mem_section) {
    const first = nr * c.PAGES_PER_SECTION;
    const next = first + c.PAGES_PER_SECTION;
    const step = whole(subsection_map) ? c.PAGES_PER_SECTION : c.PAGES_PER_SUBSECTION;
    for (let pfn = first; pfn <= next; pfn += step) edge(pfn);
  }
  const bytes = (from: number, size: number): void => {
    edge(Math.ceil(from / c.PAGE_SIZE));
    edge(Math.ceil((from + size) / c.PAGE_SIZE));
  };
  for (const { base, size } of state.memblock_type.get(MEMBLOCK_MEMORY)!.regions) bytes(base, size);
  for (const map of state.dev_pagemap.values()) bytes(map.start, map.end + 1 - map.start);
  bytes(state.zero_pfn * c.PAGE_SIZE, c.PAGE_SIZE);
  return [...at].sort((a, b) => a - b);
}

/** The boundaries inside huge pages: the first page has a word of its own. */
function* hugePages(n: number, start: number, end: number): Generator<readonly [number, number]> {
  for (let pfn = start; pfn < end; ) {
    const next = pfn % n === 0 ? pfn + 1 : Math.ceil(pfn / n) * n;
    yield [pfn, Math.min(next, end)];
    pfn = next;
  }
}

/** The words of [start, end), up to the end of the file. */
export function* kpageflagsRuns(
  state: State,
  k: Kernel,
  start: number,
  end: number,
): Generator<KpageflagsRun> {
  const runner = new Runner(state);
  const limit = Math.min(end, runner.run(k.get_max_dump_pfn()).value!);
  if (start >= limit) return;
  let last = null as KpageflagsRun | null;
  const at = edges(state, k, start, limit);
  for (const [i, first] of at.entries()) {
    const next = at[i + 1] ?? limit;
    const page = state.pages.get(first);
    const n = 2 ** k.c.huge_page_orders[page_hstate(page)]!;
    for (const [pfn, stop] of PageHuge(page) ? hugePages(n, first, next) : [[first, next] as const]) {
      const value = runner.run(k.$kpageflags_word(pfn)).value ?? null;
      if (last && last.value === value) {
        last = { ...last, nr_pages: last.nr_pages + stop - pfn };
        continue;
      }
      if (last) yield last;
      last = { pfn, nr_pages: stop - pfn, value };
    }
  }
  if (last) yield last;
}
