import type { BlockAnswer } from '../../answers/why/answer.ts';
import { firstLine, foundText, ownerText, sameBlocks, sumLine } from '../answers/why-text.ts';
import { blocksText, plural, rangeOf, sizeOf } from '../answers/words.ts';
import type { MapData } from '../drawing/block-map.ts';
import { blockMap } from '../drawing/block-svg.ts';
import { type AnswerAbout, answerPage, cells, drawn, listed, verbatim } from './answer-parts.ts';
import { h, type Node } from './element.ts';

/** More blocks that cannot go are told in the table alone. */
const MOST_TOLD = 40;

function told(answer: BlockAnswer, last: number): Node {
  const { block, reason, messages, cures, depends, unseen } = answer;
  return h(
    'section',
    { id: `memory${block}` },
    h('h2', {}, `${blocksText(block, last)}: ${firstLine(answer)}`),
    reason ? listed(`Refused in ${reason.where}`, foundText(reason)) : null,
    verbatim('The kernel prints', messages),
    cures.map(({ text, commands }) =>
      commands.length > 0 ? verbatim(`Cure: ${text}`, commands) : listed('Cure', [text]),
    ),
    listed('Depends', depends),
    listed('Not seen', unseen),
  );
}

/** The page of `mhp why`: a map of the blocks with those that stay, and the reasons, once for blocks that have the same. */
export function whyPage(answers: readonly BlockAnswer[], map: MapData, about: AnswerAbout): string {
  const rows = sameBlocks(answers);
  const [only] = answers;
  const one = answers.length === 1 && only ? only : null;
  const stays = new Map(
    answers.filter(({ verdict }) => verdict === 'no').map((of) => [of.block, firstLine(of)]),
  );
  const marked: MapData = {
    ...map,
    blocks: map.blocks.map((block) => {
      const why = stays.get(block.id);
      return why === undefined ? block : { ...block, stays: why };
    }),
  };
  const toldRows = rows.filter(
    ({ first }) => one !== null || first.verdict === 'no' || first.depends.length > 0,
  );
  const table = cells(
    ['blocks', 'range', 'offline', 'why not', 'zone', 'node', 'owner', 'migrate'],
    rows.map(({ first, last, short }) => [
      toldRows.length <= MOST_TOLD && toldRows.some((row) => row.first === first)
        ? h('a', { href: `#memory${first.block}` }, blocksText(first.block, last.block))
        : blocksText(first.block, last.block),
      h('code', {}, rangeOf(first.start, last.start + last.size - first.start)),
      h('strong', { class: first.verdict === 'no' ? 'bad' : undefined }, first.verdict),
      short,
      first.zone ?? '–',
      first.nodes.join(', ') || '–',
      ownerText(first.owner),
      first.migrate === null ? '?' : plural(first.migrate, 'page'),
    ]),
  );
  return answerPage(
    one
      ? `mhp why memory${one.block}`
      : `mhp why, ${plural(answers.length, 'block')} of ${sizeOf(map.block_size)}`,
    one ? firstLine(one) : sumLine(answers).trim(),
    about,
    [
      drawn(
        'Memory blocks; a corner marks those that stay',
        blockMap(marked, 'memory blocks', { hatch: false }),
      ),
      table,
      toldRows.slice(0, MOST_TOLD).map(({ first, last }) => told(first, last.block)),
      toldRows.length > MOST_TOLD
        ? h('p', { class: 'soft' }, `${toldRows.length - MOST_TOLD} more reasons: ask for single blocks`)
        : null,
    ],
  );
}
