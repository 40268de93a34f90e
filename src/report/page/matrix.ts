import type { CheckVerdict } from '../../check/checked.ts';
import { type Element, h } from './element.ts';

/** One result of a matrix. */
export interface Cell {
  readonly row: string;
  readonly column: string;
  readonly verdict: CheckVerdict;
  /** What is told of it beside its place: the failure, or why there is none. */
  readonly text: string;
}

/** Verdicts as letters, so that nothing is told by colour alone. */
export const LETTERS: Readonly<Record<CheckVerdict, string>> = {
  found: 'F',
  other: 'O',
  clean: '·',
  undecided: '?',
  'n/a': ' ',
};

export const LEGEND =
  'F found: the failure that the entry names; O another failure; · clean; ? undecided; blank: not there';

/** Series by name, then mainline from old to new. */
function inOrder(a: string, b: string): number {
  const [first, second] = [/^v\d/.test(a), /^v\d/.test(b)];
  if (first !== second) return first ? 1 : -1;
  return a.localeCompare(b, 'en', { numeric: true });
}

/** Verdicts by row and column; several of one place are counted by their verdicts. `href`: where a cell leads. */
export function matrix(
  cells: readonly Cell[],
  rowTitles: ReadonlyMap<string, string>,
  href?: (row: string, column: string) => string,
): Element {
  const columns = [...new Set(cells.map(({ column }) => column))].sort(inOrder);
  const rows = [...new Set(cells.map(({ row }) => row))];
  const at = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = `${cell.row}\n${cell.column}`;
    at.set(key, [...(at.get(key) ?? []), cell]);
  }
  const cellOf = (row: string, column: string): Element => {
    const here = at.get(`${row}\n${column}`) ?? [];
    const worst = (['found', 'other', 'undecided', 'clean', 'n/a'] as const).find((verdict) =>
      here.some((cell) => cell.verdict === verdict),
    );
    if (!worst) return h('td', {});
    const nr = here.filter(({ verdict }) => verdict === worst).length;
    const text = `${LETTERS[worst]}${here.length > 1 ? nr : ''}`;
    const title = `${row} on ${column}: ${here
      .map(({ verdict, text }) => (text ? `${verdict}, ${text}` : verdict))
      .slice(0, 3)
      .join('; ')}`;
    return h(
      'td',
      {
        title,
        class: worst === 'found' || worst === 'other' ? 'bad' : undefined,
        'data-row': row,
        'data-column': column,
      },
      href ? h('a', { href: href(row, column), 'aria-label': `${row} on ${column}: ${worst}` }, text) : text,
    );
  };
  return h(
    'table',
    { class: 'matrix' },
    h('caption', { class: 'soft' }, LEGEND),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('td', {}),
        columns.map((name) => h('th', { scope: 'col' }, name)),
        h('td', { class: 'title' }),
      ),
    ),
    h(
      'tbody',
      {},
      rows.map((row) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, row),
          columns.map((column) => cellOf(row, column)),
          h('td', { class: 'title' }, rowTitles.get(row) ?? ''),
        ),
      ),
    ),
  );
}
