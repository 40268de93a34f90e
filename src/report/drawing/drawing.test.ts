import { expect, test } from 'vitest';
import { layout } from '../../geometry/layouts.ts';
import { translation } from '../../geometry/translation.ts';
import { bandsDrawing, bandsText } from './bands.ts';
import { type MapBlock, mapRows } from './block-map.ts';
import { blockMapSvg } from './block-svg.ts';
import { blockMapText } from './block-text.ts';
import { geometryBands } from './geometry-bands.ts';
import { standalone } from './svg.ts';

const SIZE = 2 ** 27;
const block = (id: number, more: Partial<MapBlock> = {}): MapBlock => ({
  id,
  start: id * SIZE,
  state: 'online',
  node: 0,
  zone: 'Normal',
  ...more,
});
const range = (from: number, to: number, more: Partial<MapBlock> = {}): MapBlock[] =>
  Array.from({ length: to - from }, (_, i) => block(from + i, more));

const map = {
  block_size: SIZE,
  blocks: [
    ...range(0, 16, { zone: 'DMA32' }),
    ...range(32, 96),
    block(96, { state: 'offline', zone: null, node: 1 }),
    block(97, { zone: 'Movable', node: 1, mark: 'new', stays: 'a page is pinned' }),
  ],
};

test('rows alike are folded, and what has no block is one gap', () => {
  expect(mapRows(map).map((row) => (row.kind === 'cells' ? row.start / SIZE : row))).toEqual([
    0,
    { kind: 'gap', size: 16 * SIZE },
    32,
    { kind: 'alike', rows: 3, last: 95 },
    96,
  ]);
  const all = mapRows(map, 16, false);
  expect(all.filter(({ kind }) => kind === 'cells')).toHaveLength(6);
  expect(mapRows({ block_size: SIZE, blocks: range(0, 32_768) })).toHaveLength(2);
});

test('a map for a terminal', () => {
  expect(blockMapText(map)).toBe(`a letter is a block of 128M, a row 2G
0x0          DDDDDDDDDDDDDDDD  memory0, node 0
             nothing for 2G
0x100000000  NNNNNNNNNNNNNNNN  memory32, node 0
             3 rows alike, to memory95
0x300000000  o!..............  memory96, node 1
! stays: something keeps it; D online, DMA32; N online, Normal; o offline; . no block
`);
});

test('a map as SVG: a title for each block, marks in words', () => {
  const svg = blockMapSvg(map, 'memory <blocks>');
  expect(svg).toMatch(
    /^<\?xml version="1.0" encoding="UTF-8"\?>\n<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /,
  );
  expect(svg).toContain('aria-label="memory &lt;blocks&gt;"');
  expect(svg).toContain(
    '<title>memory97, 0x308000000-0x30fffffff, node 1, online, Movable, new in this step, a page is pinned</title>',
  );
  expect(svg.match(/<rect[^>]*class="cell/g)).toHaveLength(16 + 16 + 2 + 4 + 1);
});

test('the address space of arm64, to scale', async () => {
  const t = translation('arm64', 4096, 39);
  const bands = geometryBands(t, layout(t, 'v5.4'));
  expect(bandsText(bands)).toMatch(/^linear +\|L{20} {20}\|/m);
  await expect(standalone(bandsDrawing(bands))).toMatchFileSnapshot('../../../docs/pictures/geometry.svg');
});
