import type { Command } from 'commander';
import { InputError } from '../../../errors/input-error.ts';
import { parseSize } from '../../../machines/text/size.ts';
import { pageBands } from '../../../report/drawing/page-bands.ts';
import { kpageflagsJson, kpageflagsText } from '../../../report/pages/kpageflags.ts';
import {
  GROUPS,
  groupPages,
  PAGE_COLUMNS,
  type PageColumn,
  type PageGroup,
  type PagesOptions,
  pageRows,
  pagesJson,
  pagesText,
} from '../../../report/pages/pages.ts';
import { kpageflagsRuns } from '../../../scenarios/pages/kpageflags.ts';
import { type PageRun, pageLayout, pageRuns } from '../../../scenarios/pages/page-runs.ts';
import { bandsDrawn, checkDrawing, type DrawingFlags, drawingOptions, drawn } from '../../drawing.ts';
import { machineOptions } from '../../inputs/machine-options.ts';
import { printNotes } from '../../inputs/notes.ts';
import { type SourceFlags, sessionOf } from '../../inputs/session-of.ts';

interface Flags extends SourceFlags, DrawingFlags {
  readonly by: string;
  readonly bytes?: boolean;
  readonly json?: boolean;
  readonly kpageflags?: boolean;
  readonly noheadings?: boolean;
  readonly output?: string;
  readonly pairs?: boolean;
  readonly range?: string;
  readonly raw?: boolean;
}

const COLUMN_HELP: Record<PageColumn, string> = {
  RANGE: 'first and last address',
  SIZE: 'size of the range',
  PAGES: 'struct pages',
  NODE: 'numa node in the struct pages',
  ZONE: 'zone in the struct pages',
  KIND: 'free, movable, kernel, page table, memmap, hugetlb, PageOffline, reserved, hole, offline, uninitialised, device',
  FLAGS: 'reserved, hwpoison, poisoned (page_init_poison), isolate, …',
  BLOCK: 'memory block number or blocks range',
  SECTION: 'section number or sections range',
  SUBSECTION: 'sub-section number or range within the section',
  OWNER: 'innermost resource of /proc/iomem',
};

/** Defines `mhp pages`: the struct pages of a machine, as runs. */
export function define(command: Command): void {
  drawingOptions(machineOptions(command), 'the struct pages', 'free, movable, pinned, memmap and other kinds')
    .argument(
      '[source]',
      'a scenario (run to its end) or a machine: file, directory, archive or RECORDING:STEP (default: this machine)',
    )
    .option('--after <n>', 'run only the first n steps of the scenario')
    .option('--by <unit>', `group pages by ${GROUPS.join(', ')}`, 'run')
    .option('--range <range>', 'print only START+SIZE, or START-END as in the output')
    .option('--kpageflags', 'print the words of /proc/kpageflags, with the bits that the model knows')
    .option('-J, --json', 'use JSON output format')
    .option('-P, --pairs', 'use key="value" output format')
    .option('-b, --bytes', 'print SIZE in bytes rather than in human readable format')
    .option('-n, --noheadings', "don't print headings")
    .option(
      '-o, --output <list>',
      'output columns; +list adds to the default ones; runs are split by the columns shown',
    )
    .option('-r, --raw', 'use raw output format')
    .addHelpText('after', () => {
      const width = Math.max(...PAGE_COLUMNS.map((name) => name.length));
      return `\nColumns:\n${PAGE_COLUMNS.map((name) => `  ${name.padEnd(width)}  ${COLUMN_HELP[name]}`).join('\n')}`;
    })
    .action(async (source: string | undefined, flags: Flags) => {
      process.stdout.write(await pages(source, flags));
    });
}

async function pages(source: string | undefined, flags: Flags): Promise<string> {
  checkDrawing(flags);
  const options = optionsOf(flags);
  const range = rangeOf(flags.range);
  const { session, notes } = await sessionOf(source, flags);
  printNotes(notes);
  const { state, kernel } = session;
  const { PAGE_SIZE } = kernel.c;
  const start = Math.floor(range.start / PAGE_SIZE);
  const end = Math.ceil(range.end / PAGE_SIZE);
  const drawing = async () => bandsDrawn(pageBands(pageRuns(state, kernel, start, end), PAGE_SIZE), flags);
  if (await drawn(flags, drawing)) return '';
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  if (flags.kpageflags) {
    const runs = kpageflagsRuns(state, kernel, start, end);
    return options.format === 'json'
      ? json(kpageflagsJson(runs, PAGE_SIZE, notes))
      : kpageflagsText(runs, PAGE_SIZE, options);
  }
  const layout = pageLayout(state, kernel);
  mustBeFew(pageRuns(state, kernel, start, end), groupPages(layout, options.by));
  const rows = pageRows(pageRuns(state, kernel, start, end), layout, options);
  return options.format === 'json'
    ? json(pagesJson(rows, layout, options, notes))
    : pagesText(rows, layout, options);
}

/** The most rows of a table, which is built in memory: 16T have eight million sub-sections. */
const MAX_ROWS = 1_000_000;

/** @throws InputError for more rows than a table can hold */
function mustBeFew(runs: Iterable<PageRun>, pagesPerRow: number): void {
  let rows = 0;
  for (const { nr_pages } of runs) rows += Math.floor(nr_pages / pagesPerRow);
  if (rows > MAX_ROWS)
    throw new InputError('--by', '', `gives at least ${rows} rows, more than ${MAX_ROWS}: use --range`);
}

/** The combined meaning of the flags. @throws InputError if they contradict each other */
export function optionsOf(flags: Flags): PagesOptions {
  if ([flags.json, flags.pairs, flags.raw].filter(Boolean).length > 1)
    throw new InputError('mhp pages', '', 'mutually exclusive arguments: --json --pairs --raw');
  if (flags.kpageflags && (flags.output !== undefined || flags.by !== 'run'))
    throw new InputError(
      'mhp pages',
      '',
      '--kpageflags has fixed columns and runs: it takes no -o and no --by',
    );
  const by = GROUPS.find((group) => group === flags.by);
  if (!by) throw new InputError('--by', '', `takes one of ${GROUPS.join(', ')}`);
  return {
    by: by satisfies PageGroup,
    columns: columnsOf(flags.output),
    bytes: flags.bytes === true,
    headings: flags.noheadings !== true,
    format: flags.json ? 'json' : flags.pairs ? 'pairs' : flags.raw ? 'raw' : 'table',
  };
}

function columnsOf(list: string | undefined): readonly PageColumn[] {
  if (list === undefined) return PAGE_COLUMNS;
  const named = list
    .replace(/^\+/, '')
    .split(',')
    .map((name) => {
      const column = PAGE_COLUMNS.find((known) => known === name.toUpperCase());
      if (!column) throw new InputError('-o', '', `unknown column: ${name}`);
      return column;
    });
  return list.startsWith('+') ? [...PAGE_COLUMNS, ...named] : named;
}

/** A range in bytes, the end exclusive; without text everything. */
export function rangeOf(text: string | undefined): { start: number; end: number } {
  if (text === undefined) return { start: 0, end: Number.MAX_SAFE_INTEGER };
  const match = /^([^+-]+)([+-])([^+-]+)$/.exec(text);
  const start = match && parseSize(match[1]!);
  const other = match && parseSize(match[3]!);
  if (typeof start === 'number' && typeof other === 'number') {
    const end = match![2] === '+' ? start + other : other + 1;
    if (end > start && Number.isSafeInteger(end)) return { start, end };
  }
  throw new InputError(
    '--range',
    '',
    'takes START+SIZE or START-END (END is the last byte), such as 5G+128M',
  );
}
