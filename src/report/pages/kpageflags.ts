import type { KpageflagsRun } from '../../scenarios/pages/kpageflags.ts';
import { linesOfTable, rangeText, sizeText, type TableOptions } from './pages.ts';

/** Words of /proc/kpageflags, one row per run of equal words. */

/** The names of bits as in tools/mm/page-types.c, by number. */
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

/** The names of the bits that are set, in their order. */
const bitNames = (value: number): string[] =>
  Object.entries(NAMES)
    .filter(([bit]) => Math.floor(value / 2 ** Number(bit)) % 2 === 1)
    .map(([, name]) => name);

const word = (value: number): string => `0x${value.toString(16).padStart(16, '0')}`;

/** If reading a word is a BUG, its row says so. */
export function kpageflagsText(
  runs: Iterable<KpageflagsRun>,
  pageSize: number,
  options: TableOptions,
): string {
  const cells = [...runs].map(({ pfn, nr_pages, value }) => [
    rangeText(pfn * pageSize, nr_pages * pageSize),
    sizeText(nr_pages * pageSize, options.bytes),
    String(nr_pages),
    value === null ? 'BUG' : word(value),
    value === null ? '' : bitNames(value).join(),
  ]);
  return linesOfTable(['RANGE', 'SIZE', 'PAGES', 'KPAGEFLAGS', 'NAMES'], cells, options)
    .map((line) => `${line}\n`)
    .join('');
}

export const kpageflagsJson = (
  runs: Iterable<KpageflagsRun>,
  pageSize: number,
  notes: readonly string[],
): unknown => ({
  schema: 'mhp-kpageflags/1',
  notes,
  page_size: pageSize,
  runs: [...runs].map(({ pfn, nr_pages, value }) => ({
    start: pfn * pageSize,
    size: nr_pages * pageSize,
    pages: nr_pages,
    kpageflags: value === null ? null : word(value),
    names: value === null ? [] : bitNames(value),
  })),
});
