import type { StoryEvent } from '../../schedule/replay/replay.ts';
import { type EntriesRead, entriesText, type Told } from './step-teller.ts';

/** A step, and its effect in words. */
export interface ToldEvent extends StoryEvent {
  readonly told: Told;
  /** The thread found the same value there shortly before. */
  readonly stale: boolean;
}

/** Steps that are told as one clause. */
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

/** The finding without the particular page ("a page, pfn 0x10122"): entries of one kind are told together. */
const kind = ({ what }: EntriesRead): string => what.replace(/pfn .*/, '');

/** Merges entries read one after another into one run; undefined if they do not form a run. */
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

/**
 * The steps of one thread, in order, as clauses. Runs of entries become one clause, and so does a read with the write
 * that follows it.
 */
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

/** The news in the clauses, as a sentence. */
export function clausesText(of: readonly Clause[]): string {
  const news = of.filter(({ stale }) => !stale);
  const major = news.filter(({ minor }) => !minor);
  const said = [major, news, of.slice(-1)].find(({ length }) => length > 0) ?? [];
  return said.map(({ text }) => text).join('; ');
}
