import type { StoryEvent } from '../../schedule/replay/replay.ts';
import { type EntriesRead, entriesText, type Told } from './step-teller.ts';

/** A step, and what it did in words. */
export interface ToldEvent extends StoryEvent {
  readonly told: Told;
  /** The thread found the same there a moment ago: no news. */
  readonly stale: boolean;
}

/** Steps that are told in one breath. */
export interface Clause {
  readonly text: string;
  readonly effect: boolean;
  readonly stale: boolean;
  readonly minor: boolean;
  readonly events: readonly ToldEvent[];
}

const clause = (event: ToldEvent): Clause => ({
  text: event.told.text,
  effect: event.told.effect,
  stale: event.stale,
  minor: event.told.minor ?? false,
  events: [event],
});

/** "a page, pfn 0x10122" without which: entries that are alike are told together. */
const kind = ({ what }: EntriesRead): string => what.replace(/pfn .*/, '');

/** Entries read one after the other as one run; undefined where they are none. */
function joined({ events }: Clause, next: ToldEvent): Clause | undefined {
  const first = events[0]!.told.entry;
  const last = events.at(-1)!.told.entry;
  const entry = next.told.entry;
  if (!first || !last || !entry || next.fault) return undefined;
  const follows = last.pfn === entry.pfn && last.index + last.n === entry.index;
  if (!follows || kind(first) !== kind(entry)) return undefined;
  const n = entry.index + entry.n - first.index;
  return {
    text: entriesText({ ...first, n }),
    effect: false,
    stale: false,
    minor: false,
    events: [...events, next],
  };
}

/** Steps of one thread in order as clauses: runs of entries, and what is read only to be written, in one. */
export function clauses(events: readonly ToldEvent[]): Clause[] {
  const found: Clause[] = [];
  for (const event of events) {
    const last = found.at(-1);
    const run = last && joined(last, event);
    const { step, told } = event;
    const updates =
      step?.op === 'write' &&
      last?.events.at(-1)?.step?.op === 'read' &&
      last.events[0]!.told.field === told.field;
    if (run) found[found.length - 1] = run;
    else if (updates) found[found.length - 1] = { ...clause(event), events: [...last.events, event] };
    else found.push(clause(event));
  }
  return found;
}

/** What is news in them, as a sentence. */
export function clausesText(of: readonly Clause[]): string {
  const news = of.filter(({ stale }) => !stale);
  const major = news.filter(({ minor }) => !minor);
  const said = [major, news, of.slice(-1)].find(({ length }) => length > 0) ?? [];
  return said.map(({ text }) => text).join('; ');
}
