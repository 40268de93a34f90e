import type { BlockFact, Change, Diff } from '../../answers/diff/diff.ts';
import { plural, rangeOf, section } from './words.ts';

const fact = ({ state, zone, nodes }: BlockFact): string =>
  `${state}${zone ? ` ${zone}` : ''}${nodes.length > 0 ? ` node ${nodes.join(',')}` : ''}`;

/** A change in a line. */
export function changeText(change: Change): string {
  switch (change.kind) {
    case 'block added':
      return `+ memory${change.block}: ${fact(change.is)}`;
    case 'block removed':
      return `- memory${change.block}: ${fact(change.is)}`;
    case 'block':
      return `  memory${change.block}: ${fact(change.was)} -> ${fact(change.is)}`;
    case 'node':
      return `${change.what === 'appeared' ? '+' : '-'} node${change.node}`;
    case 'zone':
      return `  node ${change.node}, zone ${change.zone}: ${change.field} ${change.was} -> ${change.is}`;
    case 'resource added':
    case 'resource removed':
      return `${change.kind === 'resource added' ? '+' : '-'} ${rangeOf(change.start, change.size)} ${change.name}`;
    case 'parameter':
      return `  ${change.name}: ${change.was || '(none)'} -> ${change.is || '(none)'}`;
    case 'hugepages':
      return `  huge pages of order ${change.order}: ${change.was} -> ${change.is}`;
  }
}

export function diffText({ changes, operations }: Diff): string {
  const head = changes.length === 0 ? 'Nothing differs.' : `${plural(changes.length, 'difference')}.`;
  const lines = [
    head,
    ...section('explained by', operations),
    ...section('changes', changes.map(changeText)),
  ];
  return lines.map((text) => `${text}\n`).join('');
}
