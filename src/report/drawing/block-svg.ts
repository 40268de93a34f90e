import { type Element, h, type Node } from '../page/element.ts';
import { humanSize } from '../text/human-size.ts';
import { type CellRow, letterOf, type MapBlock, type MapData, mapRows, PER_ROW } from './block-map.ts';
import { HATCH } from './hatch.ts';
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
    ...(block.mark === 'goes'
      ? [`goes offline as number ${block.place}`]
      : block.mark
        ? [`${block.mark} in this step`]
        : []),
    ...(block.stays ? [block.stays] : []),
  ].join(', ');

/** What has become of a block, so that it is not told by its frame alone. */
const markText = ({ mark, place }: MapBlock): string =>
  mark === 'new' ? ' new' : mark === 'goes' ? ` ${place}.` : mark ? ' ±' : '';

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
    h('text', { x: x + 3, y: y + 25, class: 'soft' }, `${letterOf(block)[0]}${markText(block)}`),
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

export interface MapOptions {
  /** Whether it brings the hatching with it, or the page has it. */
  readonly hatch?: boolean | undefined;
  /** Whether equal rows are folded. */
  readonly fold?: boolean | undefined;
}

/** What frames and corners mean, where there are any. */
const MARKS: readonly {
  readonly class: string;
  readonly is: (block: MapBlock) => boolean;
  readonly text: string;
}[] = [
  { class: 'cell new', is: ({ mark }) => mark === 'new', text: 'new' },
  { class: 'cell changed', is: ({ mark }) => mark === 'changed', text: '± changed' },
  { class: 'cell goes', is: ({ mark }) => mark === 'goes', text: '1. goes offline, in this order' },
  { class: 'stays', is: ({ stays }) => stays !== undefined, text: 'stays: something keeps it' },
];

/** A map of memory blocks as a drawing in a page. */
export function blockMap(
  map: MapData,
  label: string,
  { hatch = true, fold = true }: MapOptions = {},
): Element {
  let y = 22;
  const rows = mapRows(map, PER_ROW, fold).map((row): Node => {
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
  const marks = MARKS.filter(({ is }) => map.blocks.some(is));
  const place = (i: number): [x: number, y: number] => [LEFT + (i % 3) * 250, y + 8 + Math.floor(i / 3) * 20];
  const legend = meanings.map(([text, block], i) => {
    const [x, at] = place(i);
    const fill =
      block.state === 'online' ? zoneClass(block.zone) : block.state === 'offline' ? 'offline' : 'zone-none';
    return [
      h('rect', { x, y: at, width: 14, height: 14, class: `cell ${fill}` }),
      h('text', { x: x + 20, y: at + 11 }, text),
    ];
  });
  const marked = marks.map((mark, i) => {
    const [x, at] = place(meanings.length + i);
    return [
      mark.class === 'stays'
        ? h('path', { d: `M${x + 14} ${at}v12l-12 -12z`, class: 'stays' })
        : h('rect', { x, y: at, width: 14, height: 14, fill: 'none', class: mark.class }),
      h('text', { x: x + 20, y: at + 11 }, mark.text),
    ];
  });
  const height = y + 16 + Math.ceil((meanings.length + marks.length) / 3) * 20;
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
    marked,
  );
}

/** The same as a file. */
export const blockMapSvg = (map: MapData, label: string): string => standalone(blockMap(map, label));
