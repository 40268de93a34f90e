import { applied, type Snapshot } from './delta.ts';
import type { StoryData, StoryRow } from './story-data.ts';

/** What a picture of a story shows, computed from its data alone. */

/** A lock that a thread holds during some rows. */
export interface LockBar {
  readonly lock: string;
  readonly thread: string;
  /** Indices of rows, inclusive; a lock that is held at the end lasts one row longer than there are. */
  readonly from: number;
  readonly to: number;
}

/** The life of the page that a story is about, from a step on. */
export interface LifeSpan {
  /** The first step with this state; 0: from the beginning. */
  readonly step: number;
  readonly state: 'in use' | 'linked' | 'unlinked' | 'free' | 'in use again';
}

export interface Life {
  readonly name: string;
  readonly spans: readonly LifeSpan[];
}

/** More rows than this are folded, all but the first and the last. */
const MOST_ROWS = 240;

/** The rows that are drawn, and how many steps lie folded between them. */
export function drawnRows({
  rows,
}: StoryData): readonly (
  | StoryRow
  | { readonly kind: 'folded'; readonly first: number; readonly last: number }
)[] {
  if (rows.length <= MOST_ROWS) return rows;
  const [head, tail] = [rows.slice(0, MOST_ROWS / 4), rows.slice(-(MOST_ROWS * 3) / 4)];
  return [...head, { kind: 'folded', first: head.at(-1)!.last + 1, last: tail[0]!.first - 1 }, ...tail];
}

/** A thread that waits for ever, and for what. */
export interface Waiting {
  readonly thread: string;
  readonly lock: string;
  readonly holders: readonly string[];
}

/** Who waits for a lock when no thread can move. */
export function waitingAtEnd(data: StoryData): Waiting[] {
  if (data.violation?.kind !== 'deadlock') return [];
  const { locks = {} } = stateAfter(data, data.steps.length);
  return Object.entries(locks).flatMap(([lock, value]) => {
    const { holders, wanted } = value as LockState;
    return wanted.map((thread) => ({ thread, lock, holders }));
  });
}

/** The threads that take a step, or wait for ever. */
export function shownThreads(data: StoryData): readonly StoryData['threads'][number][] {
  const shown = new Set([
    ...data.steps.map(({ thread }) => thread),
    ...waitingAtEnd(data).map(({ thread }) => thread),
  ]);
  return data.threads.filter(({ name }) => shown.has(name));
}

/** The state after a number of steps; 0: the initial one. */
export function stateAfter({ initial, steps }: StoryData, number: number): Snapshot {
  let now = initial;
  for (const { delta } of steps.slice(0, number)) now = applied(now, delta);
  return now;
}

/** States of a story at any step, in little time: every so many steps one is kept. */
export class StateAt {
  static readonly #EVERY = 64;
  readonly #data: StoryData;
  readonly #kept: Snapshot[];

  constructor(data: StoryData) {
    this.#data = data;
    this.#kept = [data.initial];
  }

  after(number: number): Snapshot {
    const wanted = Math.floor(number / StateAt.#EVERY);
    for (let i = this.#kept.length; i <= wanted; i++)
      this.#kept.push(this.#forward(this.#kept[i - 1]!, (i - 1) * StateAt.#EVERY, i * StateAt.#EVERY));
    return this.#forward(this.#kept[wanted]!, wanted * StateAt.#EVERY, number);
  }

  #forward(from: Snapshot, first: number, last: number): Snapshot {
    let now = from;
    for (let i = first; i < Math.min(last, this.#data.steps.length); i++)
      now = applied(now, this.#data.steps[i]!.delta);
    return now;
  }
}

interface LockState {
  readonly holders: readonly string[];
  readonly wanted: readonly string[];
}

/** The locks held, as bars over rows. */
export function lockBars(data: StoryData, rows: ReturnType<typeof drawnRows>): LockBar[] {
  const bars: LockBar[] = [];
  const open = new Map<string, number>();
  const state = new StateAt(data);
  let locks: Readonly<Record<string, unknown>> = data.initial.locks ?? {};
  let at = 0;
  for (const [i, { kind, last }] of rows.entries()) {
    // a heading has the number of the step that follows it
    if (kind === 'switch' || kind === 'statement') continue;
    const seen = new Set<string>();
    for (; at < last; at++) {
      if (!data.steps[at]?.delta.locks) continue;
      locks = state.after(at + 1).locks ?? {};
      for (const [lock, value] of Object.entries(locks))
        for (const thread of (value as LockState).holders) seen.add(JSON.stringify([lock, thread]));
    }
    const now = new Set(
      Object.entries(locks).flatMap(([lock, value]) =>
        (value as LockState).holders.map((thread) => JSON.stringify([lock, thread])),
      ),
    );
    for (const key of new Set([...seen, ...now])) if (!open.has(key)) open.set(key, i);
    for (const [key, from] of open) {
      if (now.has(key)) continue;
      const [lock, thread] = JSON.parse(key) as [string, string];
      bars.push({ lock, thread, from, to: i });
      open.delete(key);
    }
  }
  for (const [key, from] of open) {
    const [lock, thread] = JSON.parse(key) as [string, string];
    bars.push({ lock, thread, from, to: rows.length });
  }
  return bars.sort((a, b) => a.from - b.from || b.to - a.to || (a.lock < b.lock ? -1 : 1));
}

interface PagePart {
  readonly kind: string;
  readonly pfn: string;
  readonly deeds: readonly { readonly deed: string; readonly step: number }[];
}

/** The life of the page that the reason is about; undefined if it is about none. */
export function lifeOf({ why }: StoryData): Life | undefined {
  const part = why.find(({ kind }) => kind === 'page') as unknown as PagePart | undefined;
  if (!part) return undefined;
  const spans: LifeSpan[] = [];
  const cleared = part.deeds.some(({ deed }) => deed === 'cleared' || deed === 'found');
  if (!part.deeds.some(({ deed }) => deed === 'taken'))
    spans.push({ step: 0, state: cleared ? 'linked' : 'in use' });
  for (const { deed, step } of part.deeds) {
    if (deed === 'taken') spans.push({ step, state: 'in use' });
    if (deed === 'cleared') spans.push({ step, state: 'unlinked' });
    if (deed === 'freed') spans.push({ step, state: 'free' });
    if (deed === 'taken again') spans.push({ step, state: 'in use again' });
  }
  return { name: `pfn ${part.pfn}`, spans };
}

/** The state of a life after a step; undefined before it begins. */
export const lifeAt = ({ spans }: Life, step: number): LifeSpan | undefined =>
  spans.findLast((span) => span.step <= step);

/** The last step up to a number that gave a value of a snapshot its present value; 0: it has been so from the beginning. */
export function writerOf({ steps }: StoryData, group: string, key: string, upTo: number): number {
  for (let i = Math.min(upTo, steps.length) - 1; i >= 0; i--)
    if (steps[i]!.delta[group] && key in steps[i]!.delta[group]!) return i + 1;
  return 0;
}

/** The next step, after or before a number, that changes a value; undefined if there is none. */
export function changeOf(
  { steps }: StoryData,
  group: string,
  key: string,
  from: number,
  direction: 1 | -1,
): number | undefined {
  for (let i = from + direction; i >= 1 && i <= steps.length; i += direction)
    if (steps[i - 1]!.delta[group] && key in steps[i - 1]!.delta[group]!) return i;
  return undefined;
}
