import { entries, pointsToTable } from '../../hardware/walks/walk.ts';
import type { Config } from '../../kernel/config.ts';
import { leaf_address } from '../../kernel/include/linux/pgtable.ts';
import { PageReserved, PageTable, page_use, USE } from '../../kernel/mm/page.ts';
import type { State } from '../../kernel/state.ts';
import type { Failure } from '../../steps/failure.ts';
import { broken } from './broken.ts';
import { merged, missing, type ZoneSpan } from './spans.ts';

/**
 * Every table page is linked once and belongs to the allocator or to memblock. No table page is left over or missing in
 * the count. Constructors and destructors pair (B36).
 */
export function checkTables(state: State, c: Config): Failure[] {
  if (!state.mmu) return [];
  const found: Failure[] = [];
  const linked: ZoneSpan[] = [];
  for (const run of entries(state.mmu, -(2 ** c.t.va_bits), 0)) {
    if (!pointsToTable(state.mmu, run)) continue;
    const together = run.n === 1 || run.stride === c.PAGE_SIZE ? run.n : 1;
    for (let i = 0; i < run.n; i += together) {
      const page = leaf_address(c, { addr: run.addr + i * run.stride, attr: run.attr }) / c.PAGE_SIZE;
      linked.push({ start: page, end: page + together });
    }
  }
  linked.sort((a, b) => a.start - b.start);
  for (const [i, { start }] of linked.entries()) {
    if (i > 0 && linked[i - 1]!.end > start)
      found.push(
        broken(
          'tables',
          'linked twice',
          { pfn: start },
          `table page 0x${start.toString(16)} is linked twice`,
        ),
      );
  }
  return [...found, ...checkPages(state, merged(linked))];
}

const isTable = (page: number): boolean => page_use(page) === USE.TABLE || PageReserved(page);

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0);

function checkPages(state: State, linked: readonly ZoneSpan[]): Failure[] {
  const found: Failure[] = [];
  for (const { start, end } of linked) {
    const other = state.pages.first(start, end, (page) => !isTable(page));
    if (other >= 0) {
      const now = page_use(state.pages.get(other)) === USE.FREE ? 'free' : 'no table page';
      found.push(
        broken(
          'tables',
          'linked',
          { pfn: other, state: now },
          `pfn 0x${other.toString(16)} is linked and is ${now}`,
        ),
      );
    }
  }
  const taken: ZoneSpan[] = [];
  let constructed = 0;
  for (const run of state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
    if (page_use(run.value) === USE.TABLE) taken.push(run);
    if (!PageTable(run.value)) continue;
    constructed += run.end - run.start;
    if (page_use(run.value) !== USE.TABLE) {
      found.push(
        broken(
          'tables',
          'no destructor',
          { pfn: run.start },
          `pfn 0x${run.start.toString(16)} was freed without its destructor`,
        ),
      );
    }
  }
  const { allocated, freed } = state.table_pages;
  const counted = total(allocated) - total(freed);
  const n = taken.reduce((sum, { start, end }) => sum + end - start, 0);
  if (counted !== n)
    found.push(
      broken(
        'tables',
        'pages counted',
        { count: counted, bound: n },
        `${n} table pages are taken, ${counted} counted`,
      ),
    );
  for (const { start, end } of missing(merged(taken), linked)) {
    found.push(
      broken(
        'tables',
        'linked nowhere',
        { pfn: start, nr_pages: end - start },
        `${end - start} table pages at pfn 0x${start.toString(16)} are linked nowhere`,
      ),
    );
  }
  const { nr_page_table_pages } = state.vars.get(0)!;
  if (nr_page_table_pages !== constructed) {
    found.push(
      broken(
        'tables',
        nr_page_table_pages < constructed ? 'NR_PAGETABLE too low' : 'NR_PAGETABLE too high',
        {
          count: nr_page_table_pages,
          bound: constructed,
          state: constructed - nr_page_table_pages === total(freed) ? 'all that were freed' : 'some',
        },
        `NR_PAGETABLE is ${nr_page_table_pages}, ${constructed} table pages are constructed`,
      ),
    );
  }
  return found;
}
