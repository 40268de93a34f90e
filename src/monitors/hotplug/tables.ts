import { entries, points_to_table } from '../../hardware/walk.ts';
import type { Config } from '../../kernel/config.ts';
import { leaf_address } from '../../kernel/include/linux/pgtable.ts';
import { PageReserved, PageTable, page_use, USE } from '../../kernel/mm/page.ts';
import type { State } from '../../kernel/state.ts';
import { merged, missing, type Span } from './spans.ts';

/**
 * FACTS section 7, 4: a table page is linked once and belongs to the allocator or to memblock, no table page is left
 * over or forgotten by the count, constructors and destructors pair (B36).
 */
export function check_tables(state: State, c: Config): string[] {
  if (!state.mmu) return [];
  const broken: string[] = [];
  const linked: Span[] = [];
  for (const run of entries(state.mmu, -(2 ** c.t.va_bits), 0)) {
    if (!points_to_table(state.mmu, run)) continue;
    const together = run.n === 1 || run.stride === c.PAGE_SIZE ? run.n : 1;
    for (let i = 0; i < run.n; i += together) {
      const page = leaf_address(c, { addr: run.addr + i * run.stride, attr: run.attr }) / c.PAGE_SIZE;
      linked.push({ start: page, end: page + together });
    }
  }
  linked.sort((a, b) => a.start - b.start);
  for (const [i, { start }] of linked.entries()) {
    if (i > 0 && linked[i - 1]!.end > start)
      broken.push(`table page 0x${start.toString(16)} is linked twice`);
  }
  return [...broken, ...check_pages(state, merged(linked))];
}

const is_table = (page: number): boolean => page_use(page) === USE.TABLE || PageReserved(page);

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0);

function check_pages(state: State, linked: readonly Span[]): string[] {
  const broken: string[] = [];
  for (const { start, end } of linked) {
    const other = state.pages.first(start, end, (page) => !is_table(page));
    if (other >= 0) {
      const what = page_use(state.pages.get(other)) === USE.FREE ? 'is free' : 'is no table page';
      broken.push(`pfn 0x${other.toString(16)} is linked and ${what}`);
    }
  }
  const taken: Span[] = [];
  let constructed = 0;
  for (const run of state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
    if (page_use(run.value) === USE.TABLE) taken.push(run);
    if (!PageTable(run.value)) continue;
    constructed += run.end - run.start;
    if (page_use(run.value) !== USE.TABLE) {
      broken.push(`pfn 0x${run.start.toString(16)} was freed without its destructor`);
    }
  }
  const { allocated, freed } = state.table_pages;
  const counted = total(allocated) - total(freed);
  const n = taken.reduce((sum, { start, end }) => sum + end - start, 0);
  if (counted !== n) broken.push(`${n} table pages are taken, ${counted} counted`);
  for (const { start, end } of missing(merged(taken), linked)) {
    broken.push(`${end - start} table pages at pfn 0x${start.toString(16)} are linked nowhere`);
  }
  const { nr_page_table_pages } = state.vars.get(0)!;
  if (nr_page_table_pages !== constructed) {
    broken.push(`NR_PAGETABLE is ${nr_page_table_pages}, ${constructed} table pages are constructed`);
  }
  return broken;
}
