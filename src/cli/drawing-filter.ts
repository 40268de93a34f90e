import { InputError, quote } from '../errors/input-error.ts';
import type { Bands } from '../report/drawing/bands.ts';
import type { MapBlock, MapData } from '../report/drawing/block-map.ts';

/** Parts of drawings, as lstopo's --filter: words of one aspect are alternatives, different aspects must all hold. */

interface Aspect {
  /** The word of a block; several if it has several. */
  readonly of: (block: MapBlock) => string;
}

const ASPECTS: readonly Aspect[] = [
  { of: ({ node }) => (node < 0 ? 'nonode' : `node${node}`) },
  { of: ({ state }) => state },
  { of: ({ zone }) => zone ?? 'nozone' },
];

const RANGE = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/;

/**
 * The blocks that words choose: node1, offline, Movable, nozone, 32..47.
 * @throws InputError for a word that is neither of any block nor a range
 */
export function filterMap(map: MapData, words: readonly string[]): MapData {
  const tests: ((block: MapBlock) => boolean)[] = [];
  const left = new Set(words.filter((word) => !RANGE.test(word)));
  for (const { of } of ASPECTS) {
    const there = new Set(map.blocks.map(of));
    const wanted = new Set(words.filter((word) => there.has(word)));
    for (const word of wanted) left.delete(word);
    if (wanted.size > 0) tests.push((block) => wanted.has(of(block)));
  }
  const [wrong] = left;
  if (wrong !== undefined) {
    const known = ASPECTS.flatMap(({ of }) => [...new Set(map.blocks.map(of))]).sort();
    throw new InputError(
      '--filter',
      '',
      `${quote(wrong)} is none of ${known.join(', ')}, and no range 32..47`,
    );
  }
  const ranges = words.flatMap((word) => {
    const found = RANGE.exec(word);
    return found ? [[Number(found[1]), Number(found[2] ?? found[1])] as const] : [];
  });
  if (ranges.length > 0) tests.push(({ id }) => ranges.some(([first, last]) => first <= id && id <= last));
  return { ...map, blocks: map.blocks.filter((block) => tests.every((test) => test(block))) };
}

/** The bands of the kinds that words name. @throws InputError for another word */
export function filterBands(bands: Bands, words: readonly string[]): Bands {
  const kinds = [...new Set(bands.bands.map(({ kind }) => kind))].sort();
  const wrong = words.find((word) => !kinds.includes(word));
  if (wrong !== undefined)
    throw new InputError('--filter', '', `${quote(wrong)} is none of ${kinds.join(', ')}`);
  return { ...bands, bands: bands.bands.filter(({ kind }) => words.includes(kind)) };
}
