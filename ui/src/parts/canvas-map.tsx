import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { letterOf, type MapData } from '../../../src/report/drawing/block-map.ts';
import { humanSize } from '../../../src/report/text/human-size.ts';

/** A map of very many blocks: one pixel a block, which is enlarged. What the colours mean is listed in words beside it. */

type Colour = readonly [number, number, number];
const COLOURS: Readonly<Record<string, Colour>> = {
  N: [90, 150, 210],
  M: [60, 170, 110],
  d: [150, 160, 210],
  D: [150, 160, 210],
  V: [200, 150, 70],
  o: [120, 120, 120],
  '+': [230, 200, 60],
  '?': [180, 40, 40],
};
const WIDTH = 256;

/** Rows of blocks that have any, by number: what is empty is left out. */
const rowsOf = ({ blocks }: MapData): number[] =>
  [...new Set(blocks.map(({ id }) => Math.floor(id / WIDTH)))].sort((a, b) => a - b);

/** All pixels of a map: four bytes a block, transparent where there is none. */
function pixelsOf({ blocks }: MapData, rows: readonly number[]): Uint8ClampedArray<ArrayBuffer> {
  const data = new Uint8ClampedArray(WIDTH * rows.length * 4);
  const places = new Map(rows.map((row, i) => [row, i]));
  for (const block of blocks) {
    const [r, g, b] = COLOURS[letterOf(block)[0]] ?? COLOURS['?']!;
    // every other offline block darker: a texture, not only a colour
    const dim = block.state === 'offline' && block.id % 2 === 1 ? 0.5 : block.mark ? 0.7 : 1;
    const place = places.get(Math.floor(block.id / WIDTH))! * WIDTH + (block.id % WIDTH);
    data.set([r * dim, g * dim, b * dim, 255], place * 4);
  }
  return data;
}

/** Rows that are shown at a time. */
const SHOWN = 64;

export function CanvasMap({
  map,
  onBlock,
}: {
  readonly map: MapData;
  readonly onBlock: (block: number) => void;
}): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [wanted, setRow] = useState(0);
  const all = useMemo(() => rowsOf(map), [map]);
  // drawn once; to pan is to copy another part
  const image = useMemo(() => new ImageData(pixelsOf(map, all), WIDTH, all.length), [map, all]);
  const rows = Math.min(SHOWN, all.length);
  const most = all.length - rows;
  const row = Math.min(wanted, most);
  useEffect(() => {
    canvas.current?.getContext('2d')?.putImageData(image, 0, -row);
  }, [image, row]);
  const legend = useMemo(() => {
    const counts = new Map<string, number>();
    for (const block of map.blocks) {
      const meaning = letterOf(block)[1];
      counts.set(meaning, (counts.get(meaning) ?? 0) + 1);
    }
    return [...counts].map(([meaning, nr]) => `${nr} ${meaning}`).join('; ');
  }, [map]);
  return (
    <div>
      <p className="soft">
        One pixel: a block of {humanSize(map.block_size)}; one row: {WIDTH} blocks; rows without blocks are
        left out. {legend}
      </p>
      <canvas
        ref={canvas}
        className="map"
        width={WIDTH}
        height={rows}
        role="img"
        aria-label={`${map.blocks.length} memory blocks`}
        onClick={(event) => {
          const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
          const column = Math.floor(((event.clientX - left) / width) * WIDTH);
          const line = all[row + Math.floor(((event.clientY - top) / height) * rows)];
          if (line !== undefined) onBlock(line * WIDTH + column);
        }}
        onWheel={({ deltaY }) => setRow(Math.max(0, Math.min(most, row + Math.sign(deltaY) * 4)))}
      />
      {most > 0 && (
        <label>
          from memory{all[row]! * WIDTH} on{' '}
          <input
            type="range"
            min={0}
            max={most}
            value={row}
            onChange={({ target }) => setRow(Number(target.value))}
          />
        </label>
      )}
    </div>
  );
}
