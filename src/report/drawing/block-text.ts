import { humanSize } from '../text/human-size.ts';
import { letterOf, type MapBlock, type MapData, mapRows, PER_ROW } from './block-map.ts';

/** What a plan or a comparison says of a block takes the place of its letter. */
function signOf(block: MapBlock): readonly [letter: string, meaning: string] {
  if (block.stays !== undefined) return ['!', 'stays: something keeps it'];
  if (block.mark === 'goes') return ['-', 'goes offline'];
  if (block.mark === 'new') return ['*', 'new'];
  if (block.mark === 'changed') return ['~', 'changed'];
  return letterOf(block);
}

/** A map of memory blocks for a terminal: a letter a block, and what the letters mean. `fold`: equal rows once. */
export function blockMapText(
  map: MapData,
  { fold = true }: { readonly fold?: boolean | undefined } = {},
): string {
  const rows = mapRows(map, PER_ROW, fold);
  const starts = rows.map((row) => (row.kind === 'cells' ? `0x${row.start.toString(16)}` : ''));
  const width = Math.max(2, ...starts.map((text) => text.length));
  const lines = rows.map((row, i) => {
    if (row.kind === 'gap') return `${''.padEnd(width)}  nothing for ${humanSize(row.size)}`;
    if (row.kind === 'alike') return `${''.padEnd(width)}  ${row.rows} rows alike, to memory${row.last}`;
    const cells = row.cells.map((cell) => (cell ? signOf(cell)[0] : '.')).join('');
    const first = row.cells.find((cell) => cell !== null)!;
    const node = row.node === null ? 'several nodes' : row.node < 0 ? 'no node' : `node ${row.node}`;
    return `${starts[i]!.padEnd(width)}  ${cells}  memory${first.id}, ${node}`;
  });
  const meanings = new Map(map.blocks.map((block) => signOf(block)));
  const legend = [...meanings].sort().map(([letter, meaning]) => `${letter} ${meaning}`);
  return [
    `a letter is a block of ${humanSize(map.block_size)}, a row ${humanSize(map.block_size * PER_ROW)}`,
    ...lines,
    [...legend, '. no block'].join('; '),
    '',
  ].join('\n');
}
