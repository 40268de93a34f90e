import type { PageLayout, PageRun } from '../../scenarios/pages/page-runs.ts';
import { type Column, pairLines, rawLines, tableLines } from '../text/columns.ts';
import { humanSize } from '../text/human-size.ts';

/** Runs of pages as a table like that of lsmem. */

export const PAGE_COLUMNS = [
  'RANGE',
  'SIZE',
  'PAGES',
  'NODE',
  'ZONE',
  'KIND',
  'FLAGS',
  'BLOCK',
  'SECTION',
  'SUBSECTION',
  'OWNER',
] as const;
export type PageColumn = (typeof PAGE_COLUMNS)[number];

export const GROUPS = ['block', 'section', 'subsection', 'run'] as const;
export type PageGroup = (typeof GROUPS)[number];

export interface TableOptions {
  /** Sizes in bytes. */
  readonly bytes: boolean;
  readonly headings: boolean;
  readonly format: 'table' | 'raw' | 'pairs' | 'json';
}

export interface PagesOptions extends TableOptions {
  /** The columns shown; runs that differ in one of them are separate rows. */
  readonly columns: readonly PageColumn[];
  /** Rows are split at the borders of these groups. */
  readonly by: PageGroup;
}

export const groupPages = (layout: PageLayout, by: PageGroup): number =>
  ({
    block: layout.pages_per_block,
    section: layout.pages_per_section,
    subsection: layout.pages_per_subsection,
    run: Number.POSITIVE_INFINITY,
  })[by];

const text = (value: string | number | null): string => (value === null ? '' : String(value));

/** The key that is equal for runs that may become one row. */
const keyOf = (run: PageRun, columns: readonly PageColumn[]): string =>
  columns.map((column) => trait(run, column)).join('\n');

function trait(run: PageRun, column: PageColumn): string {
  switch (column) {
    case 'NODE':
      return text(run.nid);
    case 'ZONE':
      return text(run.zone);
    case 'KIND':
      return run.kind;
    case 'FLAGS':
      return run.flags.join();
    case 'OWNER':
      return text(run.owner);
    default:
      return '';
  }
}

/** Runs split at the groups' borders, and merged if no shown column differs. */
export function* pageRows(
  runs: Iterable<PageRun>,
  layout: PageLayout,
  { by, columns }: PagesOptions,
): Generator<PageRun> {
  const n = groupPages(layout, by);
  let last = null as PageRun | null;
  for (const run of runs) {
    for (let pfn = run.pfn; pfn < run.pfn + run.nr_pages; ) {
      const end = Math.min(run.pfn + run.nr_pages, (Math.floor(pfn / n) + 1) * n);
      const part: PageRun = { ...run, pfn, nr_pages: end - pfn };
      pfn = end;
      if (
        last &&
        last.pfn + last.nr_pages === part.pfn &&
        (n === Number.POSITIVE_INFINITY || part.pfn % n !== 0) &&
        keyOf(last, columns) === keyOf(part, columns)
      ) {
        last = { ...last, nr_pages: last.nr_pages + part.nr_pages };
        continue;
      }
      if (last) yield last;
      last = part;
    }
  }
  if (last) yield last;
}

const hex16 = (address: number): string => address.toString(16).padStart(16, '0');

/** A range of bytes as lsmem prints it, the last byte included. */
export const rangeText = (start: number, size: number): string =>
  `0x${hex16(start)}-0x${hex16(start + size - 1)}`;

export const sizeText = (size: number, bytes: boolean): string => (bytes ? String(size) : humanSize(size));

/** The first and last unit of `n` pages that a row touches. */
const units = ({ pfn, nr_pages }: PageRun, n: number): readonly [number, number] => [
  Math.floor(pfn / n),
  Math.floor((pfn + nr_pages - 1) / n),
];

/** The blocks of a row; null if a part of it has none, as device memory does. */
function blocksOf(row: PageRun, layout: PageLayout): readonly [number, number] | null {
  const [first, last] = units(row, layout.pages_per_block);
  for (let id = first; id <= last; id++) if (!layout.has_block(id)) return null;
  return [first, last];
}

/** The row's sub-sections, numbered within their section; null for a row of several sections. */
function subsectionsOf(row: PageRun, layout: PageLayout): readonly [number, number] | null {
  const [first, last] = units(row, layout.pages_per_section);
  if (first !== last) return null;
  const [a, b] = units(row, layout.pages_per_subsection);
  const base = (first * layout.pages_per_section) / layout.pages_per_subsection;
  return [a - base, b - base];
}

const spanText = (span: readonly [number, number] | null): string =>
  span === null ? '' : span[0] === span[1] ? String(span[0]) : `${span[0]}-${span[1]}`;
type Span = number | readonly [number, number] | null;
const spanJson = (span: readonly [number, number] | null): Span =>
  span !== null && span[0] === span[1] ? span[0] : span;

function cellOf(row: PageRun, column: PageColumn, layout: PageLayout, bytes: boolean): string {
  const size = row.nr_pages * layout.page_size;
  switch (column) {
    case 'RANGE':
      return rangeText(row.pfn * layout.page_size, size);
    case 'SIZE':
      return sizeText(size, bytes);
    case 'PAGES':
      return String(row.nr_pages);
    case 'BLOCK':
      return spanText(blocksOf(row, layout));
    case 'SECTION':
      return spanText(units(row, layout.pages_per_section));
    case 'SUBSECTION':
      return spanText(subsectionsOf(row, layout));
    default:
      return trait(row, column);
  }
}

const LEFT: ReadonlySet<string> = new Set(['RANGE', 'ZONE', 'KIND', 'FLAGS', 'OWNER', 'NAMES']);

const columnOf = (name: string): Column =>
  name === 'SIZE' ? { name, right: true, hint: 5 } : { name, right: !LEFT.has(name) };

/**
 * A table in one of lsmem's formats other than JSON. In raw output a blank within a cell becomes \x20, as in
 * util-linux.
 */
export function linesOfTable(
  names: readonly string[],
  cells: readonly (readonly string[])[],
  { format, headings }: TableOptions,
): string[] {
  const columns = names.map(columnOf);
  if (format === 'pairs') return pairLines(columns, cells);
  if (format !== 'raw') return tableLines(columns, cells, headings);
  return rawLines(
    columns,
    cells.map((row) => row.map((cell) => cell.replaceAll(' ', '\\x20'))),
    headings,
  );
}

export function pagesText(rows: Iterable<PageRun>, layout: PageLayout, options: PagesOptions): string {
  const { columns, bytes } = options;
  const cells = [...rows].map((row) => columns.map((column) => cellOf(row, column, layout, bytes)));
  return linesOfTable(columns, cells, options)
    .map((line) => `${line}\n`)
    .join('');
}

function jsonCell(row: PageRun, column: PageColumn, layout: PageLayout): readonly [string, unknown] {
  const key = column.toLowerCase();
  switch (column) {
    case 'RANGE':
      return ['start', row.pfn * layout.page_size];
    case 'SIZE':
      return [key, row.nr_pages * layout.page_size];
    case 'PAGES':
      return [key, row.nr_pages];
    case 'NODE':
      return [key, row.nid];
    case 'ZONE':
      return [key, row.zone];
    case 'FLAGS':
      return [key, row.flags];
    case 'OWNER':
      return [key, row.owner];
    case 'BLOCK':
      return [key, spanJson(blocksOf(row, layout))];
    case 'SECTION':
      return [key, spanJson(units(row, layout.pages_per_section))];
    case 'SUBSECTION':
      return [key, spanJson(subsectionsOf(row, layout))];
    case 'KIND':
      return [key, row.kind];
  }
}

/** Sizes in bytes; block, section and sub-section (within its section) as a number, or as the first and the last of several. */
export const pagesJson = (
  rows: Iterable<PageRun>,
  layout: PageLayout,
  { columns }: PagesOptions,
  notes: readonly string[],
): unknown => ({
  schema: 'mhp-pages/1',
  notes,
  page_size: layout.page_size,
  block_size: layout.pages_per_block * layout.page_size,
  section_size: layout.pages_per_section * layout.page_size,
  subsection_size: layout.pages_per_subsection * layout.page_size,
  pages: [...rows].map((row) => Object.fromEntries(columns.map((column) => jsonCell(row, column, layout)))),
});
