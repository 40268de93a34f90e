import { type Element, h, type Node } from '../page/element.ts';
import { humanSize } from '../text/human-size.ts';
import { type CellRow, letterOf, type MapBlock, type MapData, mapRows, PER_ROW } from './block-map.ts';
import { standalone } from './svg.ts';

const CELL = 38;
const HEIGHT = 30;
const GAP = 4;
const LEFT = 118;

/** The class of a zone's colour. */
export function zoneClass(zone: string | null): string {
  if (zone === null) return 'zone-none';
  if (/movable/i.test(zone)) return 'zone-movable';
  if (/device/i.test(zone)) return 'zone-device';
  return /dma/i.test(zone) ? 'zone-dma' : 'zone-normal';
}

const titleOf = (block: MapBlock, size: number): string =>
  [
    `memory${block.id}`,
    `0x${block.start.toString(16)}-0x${(block.start + size - 1).toString(16)}`,
    block.node < 0 ? 'no node' : `node ${block.node}`,
    letterOf(block)[1],
    ...(block.mark ? [`${block.mark} in this step`] : []),
    ...(block.stays ? [block.stays] : []),
  ].join(', ');

function cellOf(block: MapBlock, column: number, y: number, size: number): Element {
  const x = LEFT + column * (CELL + GAP);
  const fill =
    block.state === 'online' ? zoneClass(block.zone) : block.state === 'offline' ? 'offline' : 'zone-none';
  return h(
    'g',
    { 'data-block': block.id },
    h('title', {}, titleOf(block, size)),
    h('rect', {
      x,
      y,
      width: CELL,
      height: HEIGHT,
      class: `cell ${fill}${block.mark ? ` ${block.mark}` : ''}`,
    }),
    h('text', { x: x + 3, y: y + 12 }, block.id),
    h(
      'text',
      { x: x + 3, y: y + 25, class: 'soft' },
      `${letterOf(block)[0]}${block.mark === 'new' ? ' new' : block.mark ? ' ±' : ''}`,
    ),
    block.stays ? h('path', { d: `M${x + CELL} ${y}v12l-12 -12z`, class: 'stays' }) : null,
  );
}

function rowOf({ start, cells, node }: CellRow, y: number, size: number): Node[] {
  return [
    h('text', { x: LEFT - 8, y: y + 19, 'text-anchor': 'end', class: 'mono' }, `0x${start.toString(16)}`),
    cells.map((cell, i) => (cell ? cellOf(cell, i, y, size) : null)),
    h(
      'text',
      { x: LEFT + PER_ROW * (CELL + GAP) + 6, y: y + 19 },
      node === null ? 'several nodes' : node < 0 ? 'no node' : `node ${node}`,
    ),
  ];
}

/** The hatching of what is offline. */
export const HATCH: Element = h(
  'defs',
  {},
  h(
    'pattern',
    { id: 'hatch', width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    h('rect', { width: 6, height: 6, class: 'hatch-bg' }),
    h('rect', { width: 2.5, height: 6, class: 'hatch-fg' }),
  ),
);

/** A map of memory blocks as a drawing in a page. `hatch`: whether it brings the hatching with it. */
export function blockMap(map: MapData, label: string, hatch = true): Element {
  let y = 22;
  const rows = mapRows(map).map((row): Node => {
    const at = y;
    if (row.kind === 'cells') {
      y += HEIGHT + GAP;
      return rowOf(row, at, map.block_size);
    }
    y += 20;
    const text =
      row.kind === 'gap'
        ? `nothing for ${humanSize(row.size)}`
        : `${row.rows} rows alike, to memory${row.last}`;
    return h(
      'text',
      { x: LEFT + (PER_ROW * (CELL + GAP)) / 2, y: at + 14, 'text-anchor': 'middle', class: 'soft' },
      `⋯ ${text} ⋯`,
    );
  });
  const meanings = [...new Map(map.blocks.map((block) => [letterOf(block).join(' '), block]))].sort(
    ([a], [b]) => (a < b ? -1 : 1),
  );
  const legend = meanings.map(([text, block], i) => {
    const [x, at] = [LEFT + (i % 3) * 220, y + 8 + Math.floor(i / 3) * 20];
    const fill =
      block.state === 'online' ? zoneClass(block.zone) : block.state === 'offline' ? 'offline' : 'zone-none';
    return [
      h('rect', { x, y: at, width: 14, height: 14, class: `cell ${fill}` }),
      h('text', { x: x + 20, y: at + 11 }, text),
    ];
  });
  const height = y + 16 + Math.ceil(meanings.length / 3) * 20;
  const width = LEFT + PER_ROW * (CELL + GAP) + 96;
  return h(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': label },
    hatch ? HATCH : null,
    h(
      'text',
      { x: LEFT, y: 14, class: 'soft' },
      `one cell: a block of ${humanSize(map.block_size)}; one row: ${humanSize(map.block_size * PER_ROW)}`,
    ),
    rows,
    legend,
  );
}

/** The same as a file. */
export const blockMapSvg = (map: MapData, label: string): string => standalone(blockMap(map, label));
