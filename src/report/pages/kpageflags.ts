import type { KpageflagsRun } from '../../scenarios/pages/kpageflags.ts';
import { range_text, size_text, type TableOptions, table_lines } from './pages.ts';

/** Words of /proc/kpageflags, a row for each run of equal ones. */

/** A bit's name as tools/mm/page-types.c has it, by number. */
const NAMES: Readonly<Record<number, string>> = {
  4: 'dirty',
  5: 'lru',
  10: 'buddy',
  15: 'compound_head',
  16: 'compound_tail',
  17: 'huge',
  19: 'hwpoison',
  20: 'nopage',
  23: 'offline',
  24: 'zero_page',
  26: 'pgtable',
  32: 'reserved',
  37: 'owner_private',
  38: 'arch',
  39: 'uncached',
};

/** Names of the bits that are set, in their order. */
export const bit_names = (value: number): string[] =>
  Object.entries(NAMES)
    .filter(([bit]) => Math.floor(value / 2 ** Number(bit)) % 2 === 1)
    .map(([, name]) => name);

const word = (value: number): string => `0x${value.toString(16).padStart(16, '0')}`;

/** Where reading a word is a BUG it says so. */
export function kpageflags_text(
  runs: Iterable<KpageflagsRun>,
  page_size: number,
  options: TableOptions,
): string {
  const cells = [...runs].map(({ pfn, nr_pages, value }) => [
    range_text(pfn * page_size, nr_pages * page_size),
    size_text(nr_pages * page_size, options.bytes),
    String(nr_pages),
    value === null ? 'BUG' : word(value),
    value === null ? '' : bit_names(value).join(),
  ]);
  return table_lines(['RANGE', 'SIZE', 'PAGES', 'KPAGEFLAGS', 'NAMES'], cells, options)
    .map((line) => `${line}\n`)
    .join('');
}

export const kpageflags_json = (runs: Iterable<KpageflagsRun>, page_size: number): unknown => ({
  schema: 'mhp-kpageflags/1',
  page_size,
  runs: [...runs].map(({ pfn, nr_pages, value }) => ({
    start: pfn * page_size,
    size: nr_pages * page_size,
    pages: nr_pages,
    kpageflags: value === null ? null : word(value),
    names: value === null ? [] : bit_names(value),
  })),
});
