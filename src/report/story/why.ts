import type { Violation } from '../../schedule/monitors/monitor.ts';
import type { Story, StoryEvent } from '../../schedule/replay/replay.ts';
import { headline } from '../trace/why.ts';
import type { ToldEvent } from './clauses.ts';
import { chainText } from './names.ts';
import { pfnText } from './step-teller.ts';

/** The subjects of a violation, from itself and the steps before it. */
interface About {
  readonly pfns: readonly number[];
  /** The physical addresses of page table entries. */
  readonly entries: ReadonlySet<number>;
}

function about(story: Story, events: readonly ToldEvent[]): About {
  const { pfn = 0, va } = story.violation?.subjects ?? {};
  const onTheWay = events.filter(
    ({ told: { deed, covers } }) =>
      (deed === 'written' || deed === 'cleared') &&
      covers !== undefined &&
      va !== undefined &&
      covers.va <= va &&
      va < covers.va + covers.size,
  );
  const cleared = onTheWay.filter(({ told }) => told.deed === 'cleared');
  const pointer = source(events);
  return {
    pfns: [
      ...new Set([
        // page 0 is the target of a null pointer, not a subject
        ...(pfn === 0 ? [] : [pfn]),
        ...cleared.flatMap(({ told }) => told.pfns.map(({ pfn }) => pfn)),
      ]),
    ],
    entries: new Set(
      [...onTheWay, ...(pointer ? [pointer] : [])].flatMap(({ told: { pa } }) =>
        pa === undefined ? [] : [pa],
      ),
    ),
  };
}

/** The read that gave a pointer to no table: the entry was empty by then. */
function source(events: readonly ToldEvent[]): ToldEvent | undefined {
  const wrong = events.at(-1);
  if (wrong?.fault?.kind !== 'wild-access') return undefined;
  const last = events.findLast(
    ({ thread, number, told }) => thread === wrong.thread && number < wrong.number && told.deed === 'found',
  );
  return last?.told.entry?.what === 'none' ? last : undefined;
}

const touches = ({ told }: ToldEvent, pfn: number): boolean =>
  told.pfns.some((range) => range.pfn <= pfn && pfn < range.pfn + range.nr_pages);

/** The locks of a violation: those awaited or taken in a cycle, or the misused one. */
function locksOf(violation: Violation | undefined): ReadonlySet<string> {
  const { lock, locks = [], held = [] } = violation?.subjects ?? {};
  return new Set([...(lock === undefined ? [] : [lock]), ...locks, ...held]);
}

/** Steps that no summary omits: those on the pages, entries and locks of the violation. */
export function pertinent(story: Story, events: readonly ToldEvent[]): (event: ToldEvent) => boolean {
  const { pfns, entries } = about(story, events);
  const locks = locksOf(story.violation);
  return (event) => {
    const { step, told } = event;
    if (event.fault || event.notice || step?.op === 'warn' || step?.op === 'bug') return true;
    if ((step?.op === 'lock' || step?.op === 'unlock') && locks.has(step.lock)) return true;
    if (told.effect && told.pa !== undefined && entries.has(told.pa)) return true;
    return pfns.some((pfn) => touches(event, pfn));
  };
}

/** The locks that a thread holds before an event. */
function heldBefore(story: Story, { number, thread }: StoryEvent): string[] {
  const held: string[] = [];
  for (const e of story.events) {
    if (e.number >= number) break;
    if (e.thread !== thread || e.fault || e.again) continue;
    if (e.step?.op === 'lock' && (!e.step.try || e.result === true)) held.push(e.step.lock);
    if (e.step?.op === 'unlock') held.splice(held.lastIndexOf(e.step.lock), 1);
  }
  return held;
}

const list = (names: readonly string[]): string => (names.length === 0 ? 'no lock' : names.join(', '));

/** The reason for the failure: the violation, and the history of its subjects. */
export function kernelWhy(story: Story, events: readonly ToldEvent[]): string {
  const { violation } = story;
  if (!violation) return 'Nothing went wrong.';
  const { kind } = violation;
  const { pfns, entries } = about(story, events);
  return [
    `${headline(violation)}.`,
    ...[...entries].flatMap((pa) => historyOfEntry(story, events, pa)),
    ...pfns.flatMap((pfn) => historyOfPage(story, events, pfn)),
    ...(kind === 'deadlock' ? waits(story, events) : []),
    ...(kind === 'lock-order' || kind === 'lock-misuse' ? taken(events, story, locksOf(violation)) : []),
  ]
    .map(wrapped)
    .join('\n');
}

const COLUMNS = 110;

/** Lines of limited width; continuation lines are indented. */
function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined) lines.push(word);
    else if (line.length + 1 + word.length <= COLUMNS) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines.join('\n');
}

/** The writes and reads of an entry, and by which threads; only the news. */
function historyOfEntry(story: Story, events: readonly ToldEvent[], pa: number): string[] {
  const of = events.filter(({ told, stale }) => told.pa === pa && !stale);
  const writes = of.filter(({ told }) => told.effect);
  const wrong = events.at(-1)!;
  const reads = of.filter(({ told, thread }) => !told.effect && thread === wrong.thread);
  const pointer = source(events);
  const told = pointer?.told.pa === pa ? [...reads, ...writes] : writes;
  return told
    .sort((a, b) => a.number - b.number)
    .map(
      (event) => `${story.threads[event.thread]} in step ${event.number}${where(event)}: ${event.told.text}.`,
    );
}

function where(event: StoryEvent): string {
  const chain = chainText(event.step, 2);
  return chain ? ` (${chain})` : '';
}

const by = (story: Story, event: StoryEvent): string =>
  `by ${story.threads[event.thread]} in step ${event.number}${where(event)}`;

/** The history of a page: the last event of each kind, in order, and the locks held. */
function historyOfPage(story: Story, events: readonly ToldEvent[], pfn: number): string[] {
  const about = events.filter((event) => touches(event, pfn));
  const wrong = events.at(-1);
  const freed = about.findLast(({ told }) => told.deed === 'freed');
  const pointer =
    wrong?.fault && freed
      ? about.findLast(
          ({ told, thread, number }) =>
            told.deed === 'found' && thread === wrong.thread && number < freed.number,
        )
      : undefined;
  const taken = about.findLast(
    ({ told, number }) => told.deed === 'taken' && !(freed && number > freed.number),
  );
  const cleared = about.findLast(
    ({ told, number }) => told.deed === 'cleared' && !(freed && number > freed.number),
  );
  const again = about.find(({ told, number }) => told.deed === 'taken' && freed && number > freed.number);
  const deeds: (readonly [string, ToldEvent | undefined])[] = [
    ['taken', taken],
    [`found in ${pointer?.told.name}`, pointer],
    [`cleared out of ${cleared?.told.name}`, cleared],
    ['freed', freed],
    ['taken again', again],
  ];
  const told = deeds
    .flatMap(([deed, event]) => (event ? [{ deed, event }] : []))
    .sort((a, b) => a.event.number - b.event.number)
    .map(({ deed, event }) => `${deed} ${by(story, event)}`);
  const accessed = wrong?.fault && touches(wrong, pfn) ? [`accessed ${by(story, wrong)}`] : [];
  const all = [...told, ...accessed];
  if (all.length === 0) return [];
  const history = `${pfnText(pfn)} was ${all.length > 1 ? `${all.slice(0, -1).join(', ')} and ` : ''}${all.at(-1)}.`;
  if (!freed || !wrong?.fault || freed.thread === wrong.thread) return [history];
  const [a, b] = [heldBefore(story, freed), heldBefore(story, wrong)];
  const common = a.filter((lock) => b.includes(lock));
  const [one, other] = [story.threads[freed.thread], story.threads[wrong.thread]];
  return [
    history,
    common.length === 0
      ? `No lock orders the two: ${one} held ${list(a)}, ${other} ${list(b)}.`
      : `Both held ${list(common)}, but not throughout.`,
  ];
}

/** For a deadlock: which thread waits where for what, and where the other thread took it. */
function waits(story: Story, events: readonly ToldEvent[]): string[] {
  return story.end
    .locks()
    .filter(({ holders, wanted }) => holders.length > 0 && wanted.length > 0)
    .flatMap(({ name, holders, wanted }) => [
      ...wanted.map((waiter) => {
        const where = chainText(story.pending[story.threads.indexOf(waiter)], 2);
        return `${waiter} waits for ${name}${where ? ` in ${where}` : ''}.`;
      }),
      ...holders.flatMap((holder) => {
        const t = story.threads.indexOf(holder);
        const event = events.findLast(
          ({ thread, step, again, fault }) =>
            thread === t && step?.op === 'lock' && step.lock === name && !again && !fault,
        );
        return event ? [`${name} was taken ${by(story, event)}.`] : [];
      }),
    ]);
}

/** For a lock order: where and by which thread each named lock was first taken. */
function taken(events: readonly ToldEvent[], story: Story, locks: ReadonlySet<string>): string[] {
  const seen = new Set<string>();
  return events.flatMap((event) => {
    const { step, thread } = event;
    if (step?.op !== 'lock' || !locks.has(step.lock) || event.again) return [];
    const key = `${thread} ${step.lock}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [`${step.lock} was taken ${by(story, event)}.`];
  });
}
