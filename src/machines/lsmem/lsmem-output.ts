import { InputError, quote } from '../../errors/input-error.ts';
import type { Block } from '../machine.ts';
import { MAX_ADDRESS } from '../readers/block-dirs.ts';
import type { Blocks } from '../readers/blocks.ts';
import type { FileTree } from '../sources/tree.ts';
import { parseSize } from '../text/size.ts';

const DIR = 'sos_commands/memory';
const MAX_BLOCKS = 2 ** 20;

/**
 * The blocks from the output of lsmem, which a sosreport has if it lacks sys/devices/system/memory; undefined without
 * such a file.
 */
export function readLsmemOutput(tree: FileTree): Blocks | undefined {
  if (tree.kind(DIR) !== 'dir') return undefined;
  const name = (tree.list(DIR) ?? []).find((file) => /^lsmem(_|$)/.test(file));
  const text = name === undefined ? undefined : tree.readText(`${DIR}/${name}`);
  if (name === undefined || !text || !/^RANGE /m.test(text)) return undefined;
  const place = `${DIR}/${name}`;
  const { block_size, blocks } = parseLsmemTable(text, tree.source, place);
  const missing = ['no /sys/devices/system/memory: blocks are as lsmem printed them'];
  return { block_size, blocks, missing };
}

/**
 * Parses the table that lsmem prints: RANGE at the left, then right-aligned columns in any order, an empty line, the summary. Needs
 * RANGE and STATE.
 *
 * @throws InputError naming the line
 */
export function parseLsmemTable(
  text: string,
  file: string,
  place: string,
): { readonly block_size: number; readonly blocks: readonly Block[] } {
  const lines = text.split('\n');
  const wrong = (line: number, what: string): InputError =>
    new InputError(file, `${place} line ${line + 1}`, what);
  const size = blockSizeOf(lines, wrong);
  const head = lines.findIndex((line) => line.startsWith('RANGE '));
  if (head < 0) throw new InputError(file, place, 'has no line of headings that starts with RANGE');
  const ends = new Map<string, readonly [from: number, to: number]>();
  let from = 0;
  for (const heading of lines[head]!.matchAll(/\S+/g)) {
    const to = heading.index + heading[0].length;
    ends.set(heading[0], [from, to]);
    from = to;
  }
  const stateAt = ends.get('STATE');
  if (stateAt === undefined) throw wrong(head, 'has no column STATE');
  const blocks: Block[] = [];
  for (let i = head + 1; i < lines.length && lines[i] !== ''; i++) {
    const line = lines[i]!;
    // The range column is wider than its heading: it ends at the first blank.
    const range = /^0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})(?: |$)/.exec(line);
    if (range === null) throw wrong(i, `${quote(line)} does not start with a range`);
    const cell = (column: string): string => {
      const at = ends.get(column);
      return at === undefined ? '' : line.slice(Math.max(at[0], range[0].length - 1), at[1]).trim();
    };
    const start = Number.parseInt(range[1]!, 16);
    const end = Number.parseInt(range[2]!, 16) + 1;
    const count = (end - start) / size;
    if (end > MAX_ADDRESS) throw wrong(i, `${quote(line)} ends past 2^52`);
    if (start % size !== 0 || count < 1 || !Number.isInteger(count))
      throw wrong(i, `${quote(line)} is not a whole number of blocks`);
    if (start / size <= (blocks[blocks.length - 1]?.id ?? -1))
      throw wrong(i, `${quote(line)} overlaps the line before it`);
    if (blocks.length + count > MAX_BLOCKS) throw wrong(i, `has more than ${MAX_BLOCKS} blocks`);
    const state = STATES.get(cell('STATE'));
    if (state === undefined) throw wrong(i, `${quote(cell('STATE'))} is no state`);
    const node = cell('NODE');
    if (!/^\d{0,4}$/.test(node)) throw wrong(i, `${quote(node)} is no node`);
    const removable = cell('REMOVABLE');
    const zones = cell('ZONES');
    for (let n = 0; n < count; n++) {
      blocks.push({
        id: start / size + n,
        state,
        ...(removable === '' ? {} : { removable: removable === 'yes' }),
        ...(zones === '' ? {} : { valid_zones: zones.split('/').map(zoneName) }),
        nids: node === '' ? [] : [Number(node)],
      });
    }
  }
  return { block_size: size, blocks };
}

const STATES = new Map<string, Block['state']>([
  ['online', 'online'],
  ['offline', 'offline'],
  ['on->off', 'going-offline'],
]);

function zoneName(name: string): string {
  return name === 'None' ? 'none' : name === 'Highmem' ? 'HighMem' : name;
}

function blockSizeOf(lines: readonly string[], wrong: (line: number, what: string) => InputError): number {
  const at = lines.findIndex((line) => line.startsWith('Memory block size:'));
  if (at < 0) throw wrong(lines.length - 1, 'the summary with the block size is missing');
  const text = lines[at]!.slice('Memory block size:'.length).trim();
  const size = parseSize(text);
  if (size === undefined || size < 4096 || 2 ** Math.round(Math.log2(size)) !== size) {
    throw wrong(at, `block size ${quote(text)} is not a power of two from 4K to 2^52`);
  }
  return size;
}
