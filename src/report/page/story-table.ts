import type { StoryData, StoryRow } from '../data/story-data.ts';
import {
  drawnRows,
  type Life,
  type LockBar,
  lifeAt,
  lifeOf,
  lockBars,
  shownThreads,
  waitingAtEnd,
} from '../data/story-view.ts';
import { type Element, h, type Node } from './element.ts';

/** A story as a table: a column a thread, time downwards, locks as bars beside the steps, the life of the page as a band. */

type Row = ReturnType<typeof drawnRows>[number];

const SHAPES: Readonly<Record<string, string>> = {
  'in use': 'used',
  linked: 'linked',
  unlinked: 'unlinked',
  free: 'free',
  'in use again': 'again',
};

const numbers = ({ first, last }: Row): string => (first === last ? `${first}` : `${first}–${last}`);

/** Bars in a column: a lock keeps its place from its first row to its last. */
function lanes(bars: readonly LockBar[]): { readonly bar: LockBar; readonly lane: number }[] {
  const free: number[] = [];
  return bars.map((bar) => {
    let lane = free.findIndex((until) => until < bar.from);
    if (lane < 0) lane = free.length;
    free[lane] = bar.to;
    return { bar, lane };
  });
}

export interface StoryTableOptions {
  /** Rows that are shown step by step, by index. */
  readonly unfolded?: ReadonlySet<number>;
}

interface Columns {
  readonly data: StoryData;
  readonly threads: readonly string[];
  readonly lanes: ReadonlyMap<string, ReturnType<typeof lanes>>;
  readonly life: Life | undefined;
  /** Steps that the reason names. */
  readonly named: ReadonlySet<number>;
}

function barsAt({ lanes }: Columns, thread: string, row: number): Node[] {
  const own = (lanes.get(thread) ?? []).filter(({ bar }) => bar.from <= row && row <= bar.to);
  return own.map(({ bar, lane }) => {
    const ends = `${bar.from === row ? ' from' : ''}${bar.to === row ? ' to' : ''}`;
    return h('i', { class: `bar l${lane % 6}${ends}`, style: `left:${4 + lane * 6}px`, title: bar.lock });
  });
}

function gutter({ lanes }: Columns, thread: string): number {
  const most = Math.max(-1, ...(lanes.get(thread) ?? []).map(({ lane }) => lane));
  return 10 + (most + 1) * 6;
}

function bandCell({ life }: Columns, row: Row, before: string | undefined): Node {
  if (!life) return null;
  const span = lifeAt(life, row.last);
  if (!span) return h('td', { class: 'band' });
  const isNew = span.state !== before;
  return h(
    'td',
    { class: `band ${SHAPES[span.state]}` },
    isNew ? h('span', {}, span.state) : h('span', { class: 'sr' }, span.state),
  );
}

function textOf(row: StoryRow, wrong: boolean): Node[] {
  return [
    row.label === null ? null : h('span', { class: 'fn' }, `${row.label}: `),
    h('span', { class: wrong ? 'wrong' : undefined }, row.text),
  ];
}

function stepsRow(
  columns: Columns,
  row: StoryRow,
  index: number,
  before: string | undefined,
  open: boolean,
): Element[] {
  const { data, threads, named } = columns;
  const last = data.steps[row.last - 1];
  const wrong =
    row.last === data.steps.length && data.violation !== null && Boolean(last?.fault || last?.notice);
  const why = data.steps.slice(row.first - 1, row.last).some(({ number }) => named.has(number));
  const cells = threads.map((thread, t) =>
    h(
      'td',
      { class: `t t${t % 6}`, style: `padding-left:${gutter(columns, thread) + 6}px` },
      barsAt(columns, thread, index),
      thread === row.thread
        ? [h('b', { class: `dot${why ? ' why' : ''}` }, why ? '◆' : '·'), ' ', textOf(row, wrong)]
        : null,
    ),
  );
  const main = h(
    'tr',
    {
      id: `s${row.last}`,
      class: `steps${why ? ' why' : ''}${wrong ? ' last' : ''}`,
      'data-first': row.first,
      'data-step': row.last,
    },
    h('th', { scope: 'row' }, numbers(row)),
    bandCell(columns, row, before),
    cells,
  );
  if (!open || row.first === row.last) return [main];
  const inner = data.steps.slice(row.first - 1, row.last).map((step) =>
    h(
      'tr',
      {
        id: `s${step.number}i`,
        class: `steps one${step.repeat || step.minor ? ' minor' : ''}`,
        'data-first': step.number,
        'data-step': step.number,
      },
      h('th', { scope: 'row' }, step.number),
      bandCell(columns, { ...row, first: step.number, last: step.number }, undefined),
      threads.map((thread, t) =>
        h(
          'td',
          { class: `t t${t % 6}`, style: `padding-left:${gutter(columns, thread) + 18}px` },
          barsAt(columns, thread, index),
          thread === step.thread ? step.text : null,
        ),
      ),
    ),
  );
  return [main, ...inner];
}

function headingRow(columns: Columns, row: StoryRow, index: number, before: string | undefined): Element {
  const { threads } = columns;
  const t = threads.indexOf(row.thread);
  const text = row.kind === 'switch' ? row.text.replace(/^-- /, '') : row.text;
  return h(
    'tr',
    { class: row.kind },
    h('td', {}),
    bandCell(columns, { ...row, last: row.first - 1 }, before),
    threads.map((thread, at) =>
      h(
        'td',
        { class: `t t${at % 6}`, style: `padding-left:${gutter(columns, thread) + 6}px` },
        barsAt(columns, thread, index),
        at === t ? h(row.kind === 'switch' ? 'em' : 'code', {}, text) : null,
      ),
    ),
  );
}

/** The table of a story. Rows with steps have their number in `data-step`. */
export function storyTable(data: StoryData, { unfolded = new Set() }: StoryTableOptions = {}): Element {
  const rows = drawnRows(data);
  const threads = shownThreads(data).map(({ name }) => name);
  const bars = lockBars(data, rows);
  const columns: Columns = {
    data,
    threads,
    lanes: new Map(threads.map((thread) => [thread, lanes(bars.filter((bar) => bar.thread === thread))])),
    life: lifeOf(data),
    named: new Set(data.why.flatMap(({ steps }) => steps)),
  };
  let state: string | undefined;
  const body = rows.flatMap((row, i): Element[] => {
    const before = state;
    const heading = row.kind === 'switch' || row.kind === 'statement';
    if (columns.life) state = lifeAt(columns.life, heading ? row.first - 1 : row.last)?.state;
    if (row.kind === 'folded')
      return [
        h(
          'tr',
          { class: 'folded' },
          h('td', {}),
          columns.life && h('td', { class: 'band' }),
          h('td', { colspan: threads.length }, `… ${row.last - row.first + 1} steps are left out here`),
        ),
      ];
    return row.kind === 'steps'
      ? stepsRow(columns, row, i, before, unfolded.has(i))
      : [headingRow(columns, row, i, before)];
  });
  const waiting = waitingAtEnd(data).map(({ thread, lock, holders }) =>
    h(
      'tr',
      { class: 'waits' },
      h('td', {}),
      columns.life && h('td', { class: 'band' }),
      threads.map((name, t) =>
        h(
          'td',
          { class: `t t${t % 6}`, style: `padding-left:${gutter(columns, name) + 6}px` },
          barsAt(columns, name, rows.length),
          name === thread
            ? h(
                'span',
                { class: 'wrong' },
                `waits for ${lock}, held by ${holders.map((one) => (one === thread ? 'itself' : one)).join(', ') || 'nobody'}`,
              )
            : null,
        ),
      ),
    ),
  );
  const head = h(
    'tr',
    {},
    h('th', { scope: 'col' }, 'step'),
    columns.life && h('th', { scope: 'col', class: 'band' }, columns.life.name),
    threads.map((name, t) =>
      h(
        'th',
        { scope: 'col', class: `t t${t % 6}` },
        `${name} · CPU ${data.threads.find((one) => one.name === name)!.cpu}`,
      ),
    ),
  );
  return h('table', { class: 'story' }, h('thead', {}, head), h('tbody', {}, body, waiting));
}

/** The reason for a failure; each step that it names is a link. */
export function whyList(data: StoryData): Element {
  const link = (step: number): Element =>
    h('a', { href: `#s${rowStep(data, step)}`, 'data-step': step }, step);
  const items = data.why.map((part): Element => {
    const deeds = (
      part as {
        deeds?: readonly { deed: string; step: number; thread: string; in: string; entry: string | null }[];
      }
    ).deeds;
    const subject = (part as { pfn?: string; object?: string }).pfn ?? (part as { object?: string }).object;
    if (!deeds || deeds.length < 2)
      return h(
        'li',
        {},
        part.text,
        part.steps.length > 0
          ? [' [', part.steps.map((step, i) => [i > 0 ? ', ' : '', link(step)]), ']']
          : null,
      );
    const rows = deeds.map(({ deed, step, thread, in: where, entry }) =>
      h(
        'tr',
        {},
        h('td', { class: 'n' }, link(step)),
        h('td', {}, thread),
        h(
          'td',
          {},
          `${deed}${entry ? ` ${deed === 'cleared' ? 'out of' : 'in'} ${entry}` : ''}`,
          where ? h('span', { class: 'in' }, ` ${where}`) : null,
        ),
      ),
    );
    return h(
      'li',
      {},
      h('span', {}, part.kind === 'page' ? `pfn ${subject} was` : `${subject} was`),
      h('table', { class: 'deeds' }, h('tbody', {}, rows)),
    );
  });
  return h('ol', { class: 'why' }, items);
}

/** The last step of the drawn row that has a step, which is the row's id. */
function rowStep({ rows }: StoryData, step: number): number {
  return (
    rows.find(({ kind, first, last }) => kind === 'steps' && first <= step && step <= last)?.last ?? step
  );
}
