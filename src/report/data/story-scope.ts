import { Runs } from '../../hardware/memory/runs.ts';
import type { AboutEntry } from '../../interleave/about.ts';
import type { KernelOperation } from '../../kernel/operation.ts';
import type { State } from '../../kernel/state.ts';
import type { Story } from '../../schedule/replay/replay.ts';
import type { ToldEvent } from '../story/clauses.ts';

/** Page table entries one after another, in one table. */
export interface EntryRange {
  /** Physical address of the first. */
  readonly pa: number;
  readonly n: number;
  /** The table: its page, and its depth if a walk reached it. */
  readonly pfn: number;
  readonly index: number;
  readonly depth: number | null;
  /** The first address that the first entry translates. */
  readonly va: number | null;
}

export interface PageInterval {
  readonly pfn: number;
  readonly nr_pages: number;
}

export interface FieldName {
  readonly key: number;
  readonly field: string;
}

/** What a story is about: what its steps access, and every field that changes in it. */
export interface Scope {
  readonly entries: readonly EntryRange[];
  readonly pages: readonly PageInterval[];
  /** Fields, by the table of their objects. */
  readonly tables: ReadonlyMap<string, readonly FieldName[]>;
}

/** The pieces into which the ends of ranges cut them, ascending. */
function pieces(ranges: readonly (readonly [start: number, end: number])[]): [number, number][] {
  const cuts = [...new Set(ranges.flat())].sort((a, b) => a - b);
  const opened = new Map<number, number>();
  for (const [start, end] of ranges) {
    opened.set(start, (opened.get(start) ?? 0) + 1);
    opened.set(end, (opened.get(end) ?? 0) - 1);
  }
  const found: [number, number][] = [];
  let open = 0;
  for (const [i, cut] of cuts.entries()) {
    open += opened.get(cut)!;
    if (open > 0) found.push([cut, cuts[i + 1]!]);
  }
  return found;
}

const TABLE_ENTRY = 8;

function entriesOf(events: readonly ToldEvent[], states: readonly State[], page: number): EntryRange[] {
  const at = new Map<number, AboutEntry>();
  const ranges = new Map<string, [number, number]>();
  const wrong = new Set<number>();
  for (const { step, about, fault } of events) {
    const entry = about as AboutEntry | undefined;
    if (entry?.kind !== 'entry' || step?.op !== 'call') continue;
    const n = (step.operation as KernelOperation).entries?.(...step.args)?.n ?? 1;
    if (!at.get(entry.pa)?.place) at.set(entry.pa, entry);
    ranges.set(`${entry.pa} ${n}`, [entry.pa, entry.pa + n * TABLE_ENTRY]);
    if (fault) wrong.add(entry.pa);
  }
  const starts = [...at.keys()].sort((a, b) => a - b);
  const mmus = [...new Set(states.map(({ mmu }) => mmu!))];
  let next = 0;
  return pieces([...ranges.values()]).flatMap(([pa, end]): EntryRange[] => {
    while (next + 1 < starts.length && starts[next + 1]! <= pa) next++;
    const n = (end - pa) / TABLE_ENTRY;
    if (!wrong.has(pa) && mmus.every(({ words }) => words.in(pa, n).length === 0)) return [];
    const known = at.get(starts[next]!)!;
    const by = (pa - known.pa) / TABLE_ENTRY;
    const t = mmus[0]!.t;
    const { place } = known;
    const pfn = Math.floor(pa / page);
    const same = place && pfn === known.pfn;
    return [
      {
        pa,
        n,
        pfn,
        index: (pa - pfn * page) / TABLE_ENTRY,
        depth: same ? place.depth : null,
        va: same ? place.va + by * 2 ** t.shift[place.depth]! : null,
      },
    ];
  });
}

const fieldText = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, part: unknown) =>
    part instanceof Runs ? [...part.in(0, Number.MAX_SAFE_INTEGER)] : part,
  );

type Rows = ReadonlyMap<number, Readonly<Record<string, unknown>>>;

/** The fields of a table that differ between two states; objects that appear or disappear with all of their fields. */
function differing(before: Rows, after: Rows): FieldName[] {
  const found: FieldName[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(key), after.get(key)];
    if (old === now) continue;
    for (const field of Object.keys(now ?? old!))
      if (!old || !now || fieldText(old[field]) !== fieldText(now[field])) found.push({ key, field });
  }
  return found;
}

/** What a kernel's story is about. */
export function kernelScope(events: readonly ToldEvent[], states: readonly State[]): Scope {
  const first = states[0]!;
  const tables = accessed(events);
  const add = (table: string, { key, field }: FieldName): void => {
    const names = tables.get(table) ?? new Map();
    tables.set(table, names.set(`${key} ${field}`, { key, field }));
  };
  for (const [i, state] of states.entries()) {
    const before = states[i - 1] ?? state;
    if (before === state) continue;
    for (const [part, rows] of Object.entries(state))
      if (rows instanceof Map && rows !== (before as unknown as Record<string, unknown>)[part])
        for (const name of differing(
          (before as unknown as Record<string, Rows>)[part]!,
          rows as unknown as Rows,
        ))
          add(part, name);
  }
  const t = first.mmu?.t;
  return {
    entries: t ? entriesOf(events, states, 2 ** t.page_shift) : [],
    pages: pieces(
      events.flatMap(({ told }) =>
        told.pfns.map(({ pfn, nr_pages }): [number, number] => [pfn, pfn + nr_pages]),
      ),
    ).map(([pfn, end]) => ({ pfn, nr_pages: end - pfn })),
    tables: listed(tables),
  };
}

/** What the story of a program without a kernel is about. */
export const programScope = ({ events }: Story): Scope => ({
  entries: [],
  pages: [],
  tables: listed(accessed(events)),
});

type FieldsByTable = Map<string, Map<string, FieldName>>;

function accessed(events: Story['events']): FieldsByTable {
  const tables: FieldsByTable = new Map();
  for (const { step } of events) {
    if (!step || !('obj' in step) || !('key' in step) || !('field' in step)) continue;
    const { obj, key, field } = step;
    const names = tables.get(obj) ?? new Map();
    tables.set(obj, names.set(`${key} ${field}`, { key, field }));
  }
  return tables;
}

const listed = (tables: FieldsByTable): Scope['tables'] =>
  new Map([...tables].map(([table, names]) => [table, [...names.values()]]));
