import { InputError, quote } from '../../errors/input-error.ts';
import type { Block } from '../machine.ts';
import { notModelled } from '../readers/architecture.ts';
import { MAX_ADDRESS } from '../readers/block-dirs.ts';
import { parseSize } from '../text/size.ts';
import { hasLsmemLine, isLsmemJson, type LsmemRow, type LsmemRows, lsmemRows } from './lsmem-rows.ts';

const MAX_BLOCKS = 2 ** 20;

/** What a captured output of lsmem says. */
export interface LsmemOutput {
  /** Bytes. */
  readonly block_size: number;
  /** Ascending. */
  readonly blocks: readonly Block[];
  /** The parameter memmap_on_memory as its file has it; util-linux 2.42 and later print it. */
  readonly memmap_on_memory?: string;
  /** What was assumed, one line each. */
  readonly missing: readonly string[];
}

/** Whether a text is what lsmem prints: its table, or its JSON, raw or pairs format. */
export const isLsmem = (text: string): boolean =>
  hasLsmemLine(text) || S390_TOOLS.test(text.slice(0, 1000)) || isLsmemJson(text);

/** The headings of the lsmem of s390-tools, which no other architecture has. */
const S390_TOOLS = /^Address [Rr]ange +Size \(MB\)/m;

/**
 * Parses the output of lsmem of util-linux, in any of its formats, with any columns in any order that tell where blocks
 * are and in which state.
 *
 * @throws InputError naming the line
 */
export function parseLsmem(text: string, file: string, place: string): LsmemOutput {
  if (S390_TOOLS.test(text)) throw new InputError(file, place, notModelled('s390x'));
  const rows = lsmemRows(text, file, place);
  const wrong = (row: LsmemRow, what: string): InputError =>
    new InputError(file, [place, row.place].filter((part) => part !== '').join(' '), what);
  if (rows.rows.some((row) => row.cells.has('CONFIGURED')))
    throw new InputError(file, place, `has a column CONFIGURED and ${notModelled('s390x')}`);
  const { size, assumed } = blockSize(rows, wrong);
  const blocks: Block[] = [];
  for (const row of rows.rows) {
    const { first, count } = placed(row, size, wrong);
    if ((first + count) * size > MAX_ADDRESS) throw wrong(row, 'ends past 2^52');
    if (first <= (blocks.at(-1)?.id ?? -1)) throw wrong(row, 'overlaps the line before it');
    if (blocks.length + count > MAX_BLOCKS) throw wrong(row, `has more than ${MAX_BLOCKS} blocks`);
    const common = attributes(row, wrong);
    for (let n = 0; n < count; n++) blocks.push({ id: first + n, ...common });
  }
  if (blocks.length === 0) throw new InputError(file, place, 'lists no memory');
  const columns = rows.rows[0]!.cells;
  const lacking = ['REMOVABLE', 'ZONES', 'NODE'].filter((name) => !columns.has(name));
  const { memmap_on_memory } = rows;
  return {
    block_size: size,
    blocks,
    ...(memmap_on_memory === undefined ? {} : { memmap_on_memory }),
    missing: [
      'no /sys/devices/system/memory: blocks are as lsmem printed them',
      ...(lacking.length === 0 ? [] : [`lsmem printed no ${lacking.join(', ')}`]),
      ...(assumed ? [`the block size is unknown, ${size} is assumed`] : []),
    ],
  };
}

type Wrong = (row: LsmemRow, what: string) => InputError;

interface Range {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

function rangeOf(row: LsmemRow, wrong: Wrong): Range | undefined {
  const text = row.cells.get('RANGE');
  if (text === undefined) return undefined;
  const match = /^0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})$/.exec(text);
  const range = match && { start: Number.parseInt(match[1]!, 16), end: Number.parseInt(match[2]!, 16) + 1 };
  if (!range || range.end <= range.start) throw wrong(row, `${quote(text)} is no range`);
  if (range.end > MAX_ADDRESS) throw wrong(row, `${quote(text)} ends past 2^52`);
  return range;
}

function idsOf(row: LsmemRow, wrong: Wrong): { readonly first: number; readonly count: number } | undefined {
  const text = row.cells.get('BLOCK');
  if (text === undefined) return undefined;
  const match = /^(\d{1,12})(?:-(\d{1,12}))?$/.exec(text);
  const first = Number(match?.[1] ?? Number.NaN);
  const count = Number(match?.[2] ?? first) - first + 1;
  if (!(count > 0)) throw wrong(row, `${quote(text)} are no block numbers`);
  return { first, count };
}

/** The block size of the summary; else that of ranges with block numbers; else the usual one. */
function blockSize(rows: LsmemRows, wrong: Wrong): { readonly size: number; readonly assumed: boolean } {
  const named = rows.block_size;
  if (named !== undefined) {
    const size = parseSize(named.text);
    if (size === undefined || !isBlockSize(size))
      throw wrong(
        { place: named.place, cells: new Map() },
        `block size ${quote(named.text)} ${NO_BLOCK_SIZE}`,
      );
    return { size, assumed: false };
  }
  for (const row of rows.rows) {
    const range = rangeOf(row, wrong);
    const ids = idsOf(row, wrong);
    if (range === undefined || ids === undefined) break;
    const size = (range.end - range.start) / ids.count;
    if (!isBlockSize(size) || range.start !== ids.first * size)
      throw wrong(row, 'has a range that is not that of its blocks');
    return { size, assumed: false };
  }
  return { size: 2 ** 27, assumed: true };
}

const NO_BLOCK_SIZE = 'is not a power of two from 4K to 2^52';
const isBlockSize = (size: number): boolean =>
  size >= 4096 && size <= MAX_ADDRESS && 2 ** Math.round(Math.log2(size)) === size;

function placed(
  row: LsmemRow,
  size: number,
  wrong: Wrong,
): { readonly first: number; readonly count: number } {
  const range = rangeOf(row, wrong);
  const ids = idsOf(row, wrong);
  if (range === undefined) {
    if (ids === undefined) throw wrong(row, 'has neither RANGE nor BLOCK');
    return ids;
  }
  const first = range.start / size;
  const count = (range.end - range.start) / size;
  if (!Number.isInteger(first) || !Number.isInteger(count))
    throw wrong(row, 'is not a whole number of blocks');
  if (ids !== undefined && (ids.first !== first || ids.count !== count))
    throw wrong(row, 'has a range that is not that of its blocks');
  return { first, count };
}

const STATES = new Map<string, Block['state']>([
  ['online', 'online'],
  ['offline', 'offline'],
  ['on->off', 'going-offline'],
]);

const REMOVABLE = new Map([
  ['yes', true],
  ['true', true],
  ['no', false],
  ['false', false],
]);

function attributes({ cells, ...row }: LsmemRow, wrong: Wrong): Omit<Block, 'id'> {
  const text = cells.get('STATE');
  const state = STATES.get(text ?? '');
  if (state === undefined)
    throw wrong({ cells, ...row }, text === undefined ? 'has no STATE' : `${quote(text)} is no state`);
  const node = cells.get('NODE') ?? '';
  if (!/^(-1|\d{1,4})?$/.test(node)) throw wrong({ cells, ...row }, `${quote(node)} is no node`);
  const zones = cells.get('ZONES') ?? '';
  const removable = state === 'online' ? REMOVABLE.get(cells.get('REMOVABLE') ?? '') : undefined;
  return {
    state,
    ...(removable === undefined ? {} : { removable }),
    ...(zones === '' ? {} : { valid_zones: zones.split('/').map(zoneName) }),
    nids: node === '' || node === '-1' ? [] : [Number(node)],
  };
}

function zoneName(name: string): string {
  return name === 'None' ? 'none' : name === 'Highmem' ? 'HighMem' : name;
}
