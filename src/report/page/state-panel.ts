import type { Snapshot } from '../data/delta.ts';
import type { StoryData } from '../data/story-data.ts';
import { type Element, h, type Node } from './element.ts';

/** What there is at a step of a story: page tables and where CPUs still reach, locks, pages, fields. */

interface HeldValue {
  readonly as: string;
  readonly level: string;
  readonly va: string;
  readonly size: number;
  readonly pfn: string;
  readonly held_by: readonly number[];
  readonly in_flight: readonly number[];
  readonly settled: boolean;
}

const short = (hex: string): string => hex.replace(/^0x/, '');
const cpus = (list: readonly number[]): string =>
  list.length === 0 ? '–' : list.map((cpu) => `CPU ${cpu}`).join(', ');

/** The groups of a snapshot that `changed` names keys of, so that a reader sees what the step did. */
type Changed = Snapshot;

const mark = (changed: Changed, group: string, key: string): string | undefined =>
  changed[group] && key in changed[group]! ? 'changed' : undefined;

function section(title: string, ...content: readonly Node[]): Element {
  return h('section', { class: 'panel' }, h('h2', {}, title), ...content);
}

const table = (headings: readonly string[], rows: readonly Node[]): Element =>
  h(
    'table',
    { class: 'state' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        headings.map((text) => h('th', { scope: 'col' }, text)),
      ),
    ),
    h('tbody', {}, rows),
  );

/** Entries by table, as a tree: a table below the entry that leads to it, or led to it. */
export function tablesPanel(data: StoryData, now: Snapshot, changed: Changed): Element | null {
  if (data.entries.length === 0) return null;
  const order = data.tables?.levels ?? [];
  const tables = [...new Set(data.entries.map(({ table }) => table))];
  const levelOf = (pfn: string): number =>
    order.indexOf(data.entries.find(({ table }) => table === pfn)?.level ?? '');
  const pages = now.pages ?? {};
  const free = (pfn: string): boolean => /PageBuddy|pcp->lists/.test(`${pages[pfn] ?? ''}`);
  const groups = tables
    .sort((a, b) => levelOf(a) - levelOf(b) || (a < b ? -1 : 1))
    .map((pfn) => {
      const entries = data.entries.filter(({ table }) => table === pfn);
      const level = entries[0]!.level ?? '?';
      const reachers = heldOf(now).filter((one) => one.as === 'table' && one.pfn === pfn);
      return h(
        'div',
        { class: `pt${free(pfn) ? ' free' : ''}` },
        h('h3', {}, `${level} table, pfn ${pfn}`, free(pfn) ? h('strong', {}, ' is free') : null),
        h(
          'table',
          { class: 'state' },
          h(
            'tbody',
            {},
            entries.map(({ pa, index, n, va }) =>
              h(
                'tr',
                { class: mark(changed, 'entries', pa), 'data-group': 'entries', 'data-key': pa },
                h('td', { class: 'n' }, n === 1 ? `[${index}]` : `[${index}…${index + n - 1}]`),
                h('td', {}, h('code', {}, va ? short(va) : pa)),
                h('td', {}, `${now.entries?.[pa] ?? 'none'}`),
              ),
            ),
          ),
        ),
        reachers.map((one) =>
          h(
            'p',
            { class: 'reach' },
            one.held_by.length > 0
              ? `◀ ${cpus(one.held_by)}: a walk cache may still lead here (${one.level} entry of ${short(one.va)})`
              : `◀ ${cpus(one.in_flight)}: instructions in flight may still use it`,
          ),
        ),
      );
    });
  return section('Page tables', groups);
}

const heldOf = (now: Snapshot): HeldValue[] => Object.values(now.held ?? {}) as HeldValue[];

export function heldPanel(now: Snapshot, changed: Changed): Element | null {
  const rows = Object.entries(now.held ?? {}).map(([key, value]) => {
    const one = value as HeldValue;
    return h(
      'tr',
      { class: mark(changed, 'held', key), 'data-group': 'held', 'data-key': key },
      h('td', {}, h('code', {}, short(one.va))),
      h('td', {}, `${one.level} ${one.as === 'table' ? 'table' : 'leaf'}, pfn ${one.pfn}`),
      h('td', {}, cpus(one.held_by)),
      h('td', {}, cpus(one.in_flight)),
      h('td', {}, one.settled ? 'yes' : 'no'),
    );
  });
  if (rows.length === 0) return null;
  return section(
    'What CPUs may hold, and memory no longer says',
    table(['address', 'was', 'TLB or walk cache', 'in flight', 'all walkers see the change'], rows),
  );
}

export function locksPanel(now: Snapshot, changed: Changed): Element {
  const locks = Object.entries(now.locks ?? {}).map(([name, value]) => {
    const { holders, wanted } = value as { holders: readonly string[]; wanted: readonly string[] };
    return h(
      'tr',
      { class: mark(changed, 'locks', name), 'data-group': 'locks', 'data-key': name },
      h('td', {}, h('code', {}, name)),
      h('td', {}, holders.join(', ') || '–'),
      h('td', {}, wanted.join(', ') || '–'),
    );
  });
  return section(
    'Locks',
    locks.length === 0
      ? h('p', {}, 'Nobody holds or wants a lock.')
      : table(['lock', 'held by', 'wanted by'], locks),
  );
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  const { size, mapped, pages } = value as { size?: number; mapped?: boolean; pages?: number };
  if (size === undefined) return JSON.stringify(value);
  return `${size} bytes, ${mapped ? `${pages} pages` : 'not mapped'}`;
}

/** A group whose values are texts. */
export function valuesPanel(title: string, group: string, now: Snapshot, changed: Changed): Element | null {
  const values = now[group] ?? {};
  const gone = Object.keys(changed[group] ?? {}).filter((key) => !(key in values));
  const rows = [
    ...Object.entries(values).map(([key, value]) =>
      h(
        'tr',
        { class: mark(changed, group, key), 'data-group': group, 'data-key': key },
        h('td', {}, h('code', {}, key)),
        h('td', {}, valueText(value)),
      ),
    ),
    ...gone.map((key) =>
      h(
        'tr',
        { class: 'changed', 'data-group': group, 'data-key': key },
        h('td', {}, h('code', {}, key)),
        h('td', {}, 'gone'),
      ),
    ),
  ];
  return rows.length === 0 ? null : section(title, h('table', { class: 'state' }, h('tbody', {}, rows)));
}

/** Everything at a step; `changed`: its delta. */
export const statePanels = (data: StoryData, now: Snapshot, changed: Changed): Node[] => [
  tablesPanel(data, now, changed),
  heldPanel(now, changed),
  locksPanel(now, changed),
  valuesPanel('Pages', 'pages', now, changed),
  valuesPanel('Fields', 'fields', now, changed),
  valuesPanel('vmalloc areas', 'vmap_areas', now, changed),
];
