import type { BlockFact, Change, Diff } from '../../answers/diff/diff.ts';
import { changeText } from '../answers/diff-text.ts';
import { plural } from '../answers/words.ts';
import type { MapBlock, MapData } from '../drawing/block-map.ts';
import { blockMap } from '../drawing/block-svg.ts';
import { type AnswerAbout, answerPage, drawn, listed, verbatim } from './answer-parts.ts';

type BlockChange = Extract<Change, { readonly block: number }>;

const isBlock = (change: Change): change is BlockChange => 'block' in change;

const blockOf = (id: number, size: number, { state, zone, nodes }: BlockFact): MapBlock => ({
  id,
  start: id * size,
  state,
  node: nodes[0] ?? -1,
  zone,
});

/** The map of the second moment, with what is new or has changed since the first. */
export function diffMap(map: MapData, { changes }: Diff): MapData {
  const changed = new Map(changes.filter(isBlock).map((one) => [one.block, one]));
  return {
    ...map,
    blocks: map.blocks.map((block) => {
      const change = changed.get(block.id);
      if (!change) return block;
      return { ...block, mark: change.kind === 'block added' ? ('new' as const) : ('changed' as const) };
    }),
  };
}

/** More lines are counted. */
const MOST = 400;

const short = (lines: readonly string[]): string[] =>
  lines.length <= MOST ? [...lines] : [...lines.slice(0, MOST), `… and ${lines.length - MOST} more`];

/** The page of `mhp diff`: what explains the difference, the map of the second moment, every change. */
export function diffPage(
  found: Diff,
  { before, after }: { readonly before: string; readonly after: string },
  map: MapData,
  about: AnswerAbout,
): string {
  const gone = found.changes.filter(isBlock).filter(({ kind }) => kind === 'block removed');
  return answerPage(
    `mhp diff ${before} ${after}`,
    found.changes.length === 0 ? 'Nothing differs.' : `${plural(found.changes.length, 'difference')}.`,
    about,
    [
      listed('Explained by', found.operations),
      drawn(
        'Memory blocks afterwards; framed: new, dashed: changed',
        blockMap(diffMap(map, found), 'memory blocks afterwards', { hatch: false }),
      ),
      gone.length > 0
        ? drawn(
            'Memory blocks that are gone',
            blockMap(
              {
                block_size: map.block_size,
                blocks: gone.map(({ block, is }) => blockOf(block, map.block_size, is)),
              },
              'memory blocks that are gone',
              { hatch: false },
            ),
          )
        : null,
      verbatim('Changes', short(found.changes.map(changeText))),
    ],
  );
}
