import { kinds, type PageKind } from '../../scenarios/reserved/kinds.ts';
import {
  type Answer,
  answers,
  buildNames,
  type Cell,
  type Comparison,
  kindNames,
} from '../../scenarios/reserved/matrix.ts';
import { type Column, tableLines } from '../text/columns.ts';

const left = (name: string): Column => ({ name, right: false });

/** A cell has three answers if the build decides how an uninitialised struct page reads. */
const cellText = (cell: Cell, changed: boolean): string => {
  const all = answers(cell).length === 1 ? answers(cell) : buildNames.map((build) => cell[build]);
  return `${all.join('/')}${changed ? ' \u2260' : ''}`;
};

const COLUMNS = [left('CONSUMER'), left('QUESTION'), left('RELEASE'), ...kindNames.map(left)];

/** A release after the second has a line where its answers differ from those of the first. */
const hasLine = ({ changed }: Comparison['rows'][number], i: number): boolean => i < 2 || changed.length > 0;

/** The releases without a line, by consumer. */
function unchangedLines(comparisons: readonly Comparison[]): string[] {
  return comparisons.flatMap(({ consumer, rows }) => {
    const without = rows.filter((row, i) => !hasLine(row, i)).map(({ release }) => release);
    const answer = without.length === 1 ? 'answers' : 'answer';
    return without.length === 0
      ? []
      : [`${consumer}: ${without.join(', ')} ${answer} as ${rows[0]!.release}`];
  });
}

/** The lines of one consumer. */
function rowsOf({ consumer, asks, rows }: Comparison): string[][] {
  return rows
    .filter(hasLine)
    .map(({ release, row, changed }, i) => [
      i === 0 ? consumer : '',
      i === 0 ? `${asks}?` : '',
      release,
      ...kindNames.map((kind) => cellText(row[kind], changed.includes(kind))),
    ]);
}

/** Consumers of PG_reserved by kinds of pages: on the first release, and on the others the differences from it. */
export function reservedText(comparisons: readonly Comparison[]): string {
  const unchanged = unchangedLines(comparisons);
  const lines = [
    ...tableLines(COLUMNS, comparisons.flatMap(rowsOf), true).map((line) => line.trimEnd()),
    ...(unchanged.length ? ['', ...unchanged] : []),
    '',
    ...kindNames.map((kind) => `${kind}  ${kinds[kind]}`),
    '',
    '\u2260  another answer than on the first release',
    '-  there is no such page, or nobody could hand it over',
    'a/b/c  the struct page is uninitialised: as built without CONFIG_DEBUG_VM, with it, with CONFIG_DEBUG_VM_PGFLAGS, too',
  ];
  return `${lines.join('\n')}\n`;
}

/** One answer, or one per build if they differ. */
function cellJson(cell: Cell): Answer | Cell {
  const all = answers(cell);
  return all.length === 1 ? all[0]! : (Object.fromEntries(buildNames.map((b) => [b, cell[b]])) as Cell);
}

/** The comparisons as data, with every release. */
export const reservedJson = (comparisons: readonly Comparison[]): unknown => ({
  schema: 'mhp-reserved/1',
  kinds,
  consumers: comparisons.map(({ consumer, file, asks, rows }) => ({
    consumer,
    file,
    question: asks,
    releases: rows.map(({ release, row, changed }) => ({
      release,
      answers: Object.fromEntries(kindNames.map((kind: PageKind) => [kind, cellJson(row[kind])])),
      changed,
    })),
  })),
});
