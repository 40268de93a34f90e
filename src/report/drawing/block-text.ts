import { humanSize } from '../text/human-size.ts';
import { letterOf, type MapData, mapRows, PER_ROW } from './block-map.ts';

/** A map of memory blocks for a terminal: a letter a block, and what the letters mean. */
export function blockMapText(map: MapData): string {
  const rows = mapRows(map);
  const starts = rows.map((row) => (row.kind === 'cells' ? `0x${row.start.toString(16)}` : ''));
  const width = Math.max(2, ...starts.map((text) => text.length));
  const lines = rows.map((row, i) => {
    if (row.kind === 'gap') return `${''.padEnd(width)}  nothing for ${humanSize(row.size)}`;
    if (row.kind === 'alike') return `${''.padEnd(width)}  ${row.rows} rows alike, to memory${row.last}`;
    const cells = row.cells.map((cell) => (cell ? letterOf(cell)[0] : '.')).join('');
    const first = row.cells.find((cell) => cell !== null)!;
    const node = row.node === null ? 'several nodes' : row.node < 0 ? 'no node' : `node ${row.node}`;
    return `${starts[i]!.padEnd(width)}  ${cells}  memory${first.id}, ${node}`;
  });
  const meanings = new Map(map.blocks.map((block) => letterOf(block)));
  const legend = [...meanings].sort().map(([letter, meaning]) => `${letter} ${meaning}`);
  return [
    `a letter is a block of ${humanSize(map.block_size)}, a row ${humanSize(map.block_size * PER_ROW)}`,
    ...lines,
    [...legend, '. no block'].join('; '),
    '',
  ].join('\n');
}
