import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { letterOf, type MapBlock, type MapData } from '../../../src/report/drawing/block-map.ts';
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

/** The pixels of a map from a row on; four bytes a block, transparent where there is none. */
export function pixelsOf(
  byId: ReadonlyMap<number, MapBlock>,
  firstRow: number,
  rows: number,
): Uint8ClampedArray<ArrayBuffer> {
  const data = new Uint8ClampedArray(WIDTH * rows * 4);
  for (let i = 0; i < WIDTH * rows; i++) {
    const block = byId.get(firstRow * WIDTH + i);
    if (!block) continue;
    const [r, g, b] = COLOURS[letterOf(block)[0]] ?? COLOURS['?']!;
    // every other offline block darker: a texture, not only a colour
    const dim = block.state === 'offline' && i % 2 === 1 ? 0.5 : block.mark ? 0.7 : 1;
    data.set([r * dim, g * dim, b * dim, 255], i * 4);
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
  const [row, setRow] = useState(0);
  const byId = useRef<ReadonlyMap<number, MapBlock>>(new Map());
  const last = Math.floor((map.blocks.at(-1)?.id ?? 0) / WIDTH);
  const rows = Math.min(SHOWN, last + 1);
  useEffect(() => {
    byId.current = new Map(map.blocks.map((block) => [block.id, block]));
  }, [map]);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    context?.putImageData(new ImageData(pixelsOf(byId.current, row, rows), WIDTH, rows), 0, 0);
  }, [map, row, rows]);
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
        One pixel: a block of {humanSize(map.block_size)}; one row: {WIDTH} blocks. {legend}
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
          onBlock((row + Math.floor(((event.clientY - top) / height) * rows)) * WIDTH + column);
        }}
        onWheel={(event) =>
          setRow((now) => Math.max(0, Math.min(last + 1 - rows, now + Math.sign(event.deltaY) * 4)))
        }
      />
      {last + 1 > rows && (
        <label>
          from row{' '}
          <input
            type="range"
            min={0}
            max={last + 1 - rows}
            value={row}
            onChange={({ target }) => setRow(Number(target.value))}
          />
        </label>
      )}
    </div>
  );
}
