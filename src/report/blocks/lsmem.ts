import type { ListedBlock } from '../../machines/lsmem/lsmem-source.ts';
import { type Column, pairLines, rawLines, tableLines } from '../text/columns.ts';
import { humanSize } from '../text/human-size.ts';
import { type LsRange, mergeBlocks, type SplitColumn } from './lsmem-ranges.ts';

export const LS_COLUMNS = ['RANGE', 'SIZE', 'STATE', 'REMOVABLE', 'BLOCK', 'NODE', 'ZONES'] as const;
/** The columns that lsmem 2.42 adds; it prints them only on machines that have such memory (s390). */
export const CONFIG_COLUMNS = ['CONFIGURED', 'MEMMAP-ON-MEMORY'] as const;
export type LsColumn = (typeof LS_COLUMNS)[number] | (typeof CONFIG_COLUMNS)[number];

/** A version of util-linux whose lsmem prints differently: 2.38.1, and 2.42 with wider labels and one more line. */
export const LSMEM_VERSIONS = ['2.38', '2.42'] as const;
export type LsmemVersion = (typeof LSMEM_VERSIONS)[number];

/** The default columns. */
export const DEFAULT_LS_COLUMNS: readonly LsColumn[] = ['RANGE', 'SIZE', 'STATE', 'REMOVABLE', 'BLOCK'];

const SPLIT_COLUMNS: readonly SplitColumn[] = ['STATE', 'REMOVABLE', 'NODE', 'ZONES', ...CONFIG_COLUMNS];

export interface LsOptions {
  readonly columns: readonly LsColumn[];
  /** Columns by which ranges are split; undefined: all columns shown. */
  readonly split: readonly LsColumn[] | undefined;
  /** One line per block. */
  readonly all: boolean;
  /** Sizes in bytes. */
  readonly bytes: boolean;
  readonly headings: boolean;
  readonly format: 'table' | 'raw' | 'pairs' | 'json';
  readonly list: boolean;
  readonly summary: boolean;
  readonly version: LsmemVersion;
  /** The parameter memmap_on_memory as its file has it, which 2.42 prints. */
  readonly memmapOnMemory?: string;
}

/** The columns by which ranges are split; these attributes of blocks must be read. */
export function splitColumns(options: Pick<LsOptions, 'columns' | 'split'>): ReadonlySet<SplitColumn> {
  const named: readonly string[] = options.split ?? options.columns;
  return new Set(SPLIT_COLUMNS.filter((column) => named.includes(column)));
}

/**
 * The text that `lsmem` of util-linux 2.38.1, or of 2.42, prints for these blocks.
 *
 * @param blocks ascending by number
 * @param blockSize bytes
 */
export function renderLsmem(blocks: readonly ListedBlock[], blockSize: number, asked: LsOptions): string {
  const configured = blocks[0]?.configured !== undefined;
  const columns = asked.columns.filter((name) => configured || !CONFIG_COLUMNS.some((own) => own === name));
  const options = { ...asked, columns };
  const ranges = options.list ? mergeBlocks(blocks, splitColumns(options), options.all) : [];
  const lines = options.list ? listLines(ranges, blockSize, options) : [];
  if (options.summary) {
    if (options.list) lines.push('');
    lines.push(...summaryLines(blocks, blockSize, options));
  }
  return lines.map((line) => `${line}\n`).join('');
}

function listLines(ranges: readonly LsRange[], blockSize: number, options: LsOptions): string[] {
  if (options.format === 'json') return jsonLines(ranges, blockSize, options);
  const columns = options.columns.map((name) => columnOf(name, options));
  const rows = ranges.map((range) =>
    options.columns.map((column) => cellOf(range, column, blockSize, options.bytes)),
  );
  if (options.format === 'raw') return rawLines(columns, rows, options.headings);
  if (options.format === 'pairs') return pairLines(columns, rows);
  return tableLines(columns, rows, options.headings);
}

/** libsmartcols 2.42 forgets the width hint of a column that a heading made wide enough. */
function columnOf(name: LsColumn, { version, headings }: LsOptions): Column {
  if (name === 'SIZE' && (version === '2.38' || !headings)) return { name, right: true, hint: 5 };
  return { name, right: name !== 'RANGE' };
}

function cellOf({ first, count }: LsRange, column: LsColumn, blockSize: number, bytes: boolean): string {
  switch (column) {
    case 'RANGE': {
      const start = first.id * blockSize;
      return `0x${hex16(start)}-0x${hex16(start + count * blockSize - 1)}`;
    }
    case 'SIZE':
      return bytes ? String(count * blockSize) : humanSize(count * blockSize);
    case 'STATE':
      return STATES[first.state];
    case 'REMOVABLE':
      return first.state !== 'online' || first.removable === undefined ? '' : first.removable ? 'yes' : 'no';
    case 'BLOCK':
      return count === 1 ? String(first.id) : `${first.id}-${first.id + count - 1}`;
    case 'NODE':
      return first.nid === undefined ? '' : String(first.nid);
    case 'ZONES':
      return first.zones.map(zoneName).join('/');
    case 'CONFIGURED':
      return first.configured ? 'yes' : 'no';
    case 'MEMMAP-ON-MEMORY':
      return first.memmap_on_memory ? 'yes' : 'no';
  }
}

const STATES: Record<ListedBlock['state'], string> = {
  online: 'online',
  offline: 'offline',
  'going-offline': 'on->off',
  unknown: '?',
};

const ZONES: Readonly<Record<string, string>> = {
  DMA: 'DMA',
  DMA32: 'DMA32',
  Normal: 'Normal',
  Highmem: 'Highmem',
  HighMem: 'Highmem',
  Movable: 'Movable',
  Device: 'Device',
  none: 'None',
};

function zoneName(word: string): string {
  return Object.hasOwn(ZONES, word) ? ZONES[word]! : 'Unknown';
}

function hex16(address: number): string {
  return address.toString(16).padStart(16, '0');
}

function jsonLines(ranges: readonly LsRange[], blockSize: number, options: LsOptions): string[] {
  const lines = ['{', '   "memory": ['];
  for (const [r, range] of ranges.entries()) {
    lines.push(r === 0 ? '      {' : '      },{');
    for (const [c, column] of options.columns.entries()) {
      const comma = c === options.columns.length - 1 ? '' : ',';
      lines.push(
        `         "${column.toLowerCase()}": ${jsonCell(range, column, blockSize, options.bytes)}${comma}`,
      );
    }
  }
  lines.push('      }', '   ]', '}');
  return lines;
}

function jsonCell(range: LsRange, column: LsColumn, blockSize: number, bytes: boolean): string {
  const cell = cellOf(range, column, blockSize, bytes);
  const { first } = range;
  if (column === 'REMOVABLE' && first.removable !== undefined) return cell === 'yes' ? 'true' : 'false';
  if (cell === '') return 'null';
  return column === 'NODE' || (column === 'SIZE' && bytes) ? cell : `"${cell}"`;
}

/** The width of labels in the summary. */
const LABELS: Readonly<Record<LsmemVersion, number>> = { '2.38': 23, '2.42': 32 };

function summaryLines(
  blocks: readonly ListedBlock[],
  blockSize: number,
  { bytes, version, memmapOnMemory }: LsOptions,
): string[] {
  const online = blocks.filter((block) => block.state === 'online').length;
  const text = (label: string, value: string): string =>
    `${label.padEnd(LABELS[version])} ${value.padStart(bytes ? 15 : 5)}`;
  const line = (label: string, size: number): string => text(label, bytes ? String(size) : humanSize(size));
  const memmap = version === '2.42' ? memmapMode(memmapOnMemory) : undefined;
  return [
    line('Memory block size:', blockSize),
    line('Total online memory:', online * blockSize),
    line('Total offline memory:', (blocks.length - online) * blockSize),
    ...(memmap === undefined ? [] : [text('Memmap on memory parameter:', memmap)]),
  ];
}

/** Of the file's text only the beginning counts; undefined for any other text. */
const memmapMode = (text: string | undefined): string | undefined =>
  [
    ['Y', 'yes'],
    ['N', 'no'],
    ['force', 'force'],
  ].find(([beginning]) => text?.startsWith(beginning!))?.[1];
