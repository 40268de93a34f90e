import type { KernelWorld } from '../../interleave/kernel-machine.ts';
import { withLockNames } from '../../interleave/lock-names.ts';
import { MIGRATE, page_migratetype, page_use, USE } from '../../kernel/mm/page.ts';
import type { State } from '../../kernel/state.ts';
import type { Violation } from '../../schedule/monitors/monitor.ts';
import type { Story, StoryEvent } from '../../schedule/replay/replay.ts';
import { headline } from '../trace/why.ts';
import type { ToldEvent } from './clauses.ts';
import { chainText } from './names.ts';
import { shortText } from './number.ts';
import { valueText } from './values.ts';
import { type Deed, type Held, type StepPlace, type WhyPart, whyPartText } from './why-parts.ts';

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

/** The reason for the failure: the violation, and the history of its subjects. */
export function kernelWhy(story: Story, events: readonly ToldEvent[]): readonly WhyPart[] {
  const { violation } = story;
  if (!violation) return [{ kind: 'nothing' }];
  const { kind } = violation;
  const { pfns, entries } = about(story, events);
  const { state } = story.end.world<KernelWorld>();
  return [
    { kind: 'failure', failure: headline(violation) },
    ...[...entries].flatMap((pa) => historyOfEntry(story, events, pa)),
    ...pfns.flatMap((pfn) => historyOfPage(story, events, pfn)),
    ...(kind === 'deadlock' ? waits(story, events) : []),
    ...(kind === 'livelock' ? loopsOn(state) : []),
    ...(kind === 'lock-order' || kind === 'lock-misuse' ? taken(events, story, locksOf(violation)) : []),
  ];
}

/** A part of the reason as a sentence, in which locks are named as the source names them. */
export const kernelWhyText = (story: Story, part: WhyPart): string =>
  withLockNames(story.end.world<KernelWorld>().state, whyPartText(part));

/** The reason in lines of limited width. */
export const kernelWhyLines = (story: Story, parts: readonly WhyPart[]): string =>
  parts.map((part) => wrapped(kernelWhyText(story, part))).join('\n');

const COLUMNS = 110;

/** Lines of limited width; continuation lines are indented. */
function wrapped(text: string): string {
  const lines: string[] = [];
  for (const whole of text.split(' ')) {
    const word = shortText(whole, COLUMNS);
    const line = lines.at(-1);
    if (line === undefined) lines.push(word);
    else if (line.length + 1 + word.length <= COLUMNS) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines.join('\n');
}

const placeOf = (story: Story, event: StoryEvent): StepPlace => ({
  thread: story.threads[event.thread]!,
  step: event.number,
  in: chainText(event.step, 2),
});

/** The writes and reads of an entry, and by which threads; only the news. */
function historyOfEntry(story: Story, events: readonly ToldEvent[], pa: number): WhyPart[] {
  const of = events.filter(({ told, stale }) => told.pa === pa && !stale);
  const writes = of.filter(({ told }) => told.effect);
  const wrong = events.at(-1)!;
  const reads = of.filter(({ told, thread }) => !told.effect && thread === wrong.thread);
  const pointer = source(events);
  const told = pointer?.told.pa === pa ? [...reads, ...writes] : writes;
  return told
    .sort((a, b) => a.number - b.number)
    .map((event) => ({ kind: 'entry', at: placeOf(story, event), effect: event.told.text }));
}

/** The history of a page: the last event of each kind, in order, and the locks held. */
function historyOfPage(story: Story, events: readonly ToldEvent[], pfn: number): WhyPart[] {
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
  const all: (readonly [Deed['deed'], ToldEvent | undefined])[] = [
    ['taken', taken],
    ['found', pointer],
    ['cleared', cleared],
    ['freed', freed],
    ['taken again', again],
  ];
  const deedOf = (deed: Deed['deed'], event: ToldEvent): Deed => ({
    deed,
    entry: deed === 'found' || deed === 'cleared' ? (event.told.name ?? null) : null,
    ...placeOf(story, event),
  });
  const deeds = all
    .flatMap(([deed, event]) => (event ? [deedOf(deed, event)] : []))
    .sort((a, b) => a.step - b.step);
  if (wrong?.fault && touches(wrong, pfn)) deeds.push(deedOf('accessed', wrong));
  if (deeds.length === 0) return [];
  const history: WhyPart = { kind: 'page', pfn, deeds };
  if (!freed || !wrong?.fault || freed.thread === wrong.thread) return [history];
  const held = (event: StoryEvent): Held => ({
    thread: story.threads[event.thread]!,
    locks: heldBefore(story, event),
  });
  const [first, second] = [held(freed), held(wrong)];
  const common = first.locks.filter((lock) => second.locks.includes(lock));
  return [history, { kind: 'order', first, second, common, of: 'threads' }];
}

/** For a deadlock: which thread waits where for what, and where the other thread took it. */
function waits(story: Story, events: readonly ToldEvent[]): WhyPart[] {
  return story.end
    .locks()
    .filter(({ holders, wanted }) => holders.length > 0 && wanted.length > 0)
    .flatMap(({ name, holders, wanted }) => [
      ...wanted.map(
        (thread): WhyPart => ({
          kind: 'waits',
          thread,
          lock: name,
          in: chainText(story.pending[story.threads.indexOf(thread)], 2),
        }),
      ),
      ...holders.flatMap((holder): WhyPart[] => {
        const t = story.threads.indexOf(holder);
        const event = events.findLast(
          ({ thread, step, again, fault }) =>
            thread === t && step?.op === 'lock' && step.lock === name && !again && !fault,
        );
        return event ? [{ kind: 'lock taken', lock: name, at: placeOf(story, event) }] : [];
      }),
    ]);
}

/** For a lock order: where and by which thread each named lock was first taken. */
function taken(events: readonly ToldEvent[], story: Story, locks: ReadonlySet<string>): WhyPart[] {
  const seen = new Set<string>();
  return events.flatMap((event): WhyPart[] => {
    const { step, thread } = event;
    if (step?.op !== 'lock' || !locks.has(step.lock) || event.again) return [];
    const key = `${thread} ${step.lock}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ kind: 'lock taken', lock: step.lock, at: placeOf(story, event) }];
  });
}

/** A loop over a range that is to go offline: the pages of isolated pageblocks that are not free. */
function loopsOn(state: State): WhyPart[] {
  const told: WhyPart[] = [];
  for (const { start, end, value } of state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
    if (page_migratetype(value) !== MIGRATE.ISOLATE || page_use(value) === USE.FREE) continue;
    if (page_use(value) === USE.NONE) continue;
    told.push({
      kind: 'loops',
      pfn: start,
      nr_pages: end - start,
      state: valueText(state, 'page', value),
    });
  }
  return told.slice(0, 3);
}
