import type { Violation } from '../../schedule/monitors/monitor.ts';
import type { Story, StoryEvent } from '../../schedule/replay/replay.ts';
import type { Step } from '../../steps/step.ts';
import { askText } from '../run/step-text.ts';
import { type Deed, type Held, type StepPlace, type WhyPart, whyPartText } from '../story/why-parts.ts';

/** The object of a step, as `table#key`. */
function objectOf(step: Step | undefined): string | undefined {
  return step !== undefined && 'obj' in step && 'key' in step ? `${step.obj}#${step.key}` : undefined;
}

function writes(step: Step): boolean {
  return step.op === 'write' || step.op === 'atomic' || step.op === 'free' || step.op === 'alloc';
}

function conflicts(a: Step | undefined, b: Step | undefined): boolean {
  if (a === undefined || b === undefined || objectOf(a) === undefined || objectOf(a) !== objectOf(b))
    return false;
  if (!writes(a) && !writes(b)) return false;
  return 'field' in a && 'field' in b ? a.field === b.field : true;
}

/** The locks and read sections of a thread just before an event. */
function heldBefore(story: Story, event: StoryEvent): string[] {
  const held: string[] = [];
  for (const e of story.events) {
    if (e.number >= event.number) break;
    if (e.thread !== event.thread || e.fault || e.again) continue;
    if (e.step?.op === 'lock' && (!e.step.try || e.result === true)) held.push(e.step.lock);
    if (e.step?.op === 'unlock') held.splice(held.lastIndexOf(e.step.lock), 1);
  }
  return held;
}

/** The failure; an invariant of a program has its own name. */
export const headline = ({ monitor, kind, subjects, text }: Violation): string =>
  subjects.invariant === monitor ? text : `${kind}: ${text}`;

/** The reason for the failure: the two steps, the missing protection, the object and its history. */
export function programWhy(story: Story): readonly WhyPart[] {
  const { violation } = story;
  if (violation === undefined) return [{ kind: 'nothing' }];
  const failure: WhyPart = { kind: 'failure', failure: headline(violation) };
  if (violation.kind === 'deadlock') return [failure, ...waits(story)];
  const pair = conflictingPair(story);
  const object = violation.subjects.object ?? objectOf(pair?.[1].step);
  return [
    failure,
    ...(pair === undefined ? [] : pairParts(story, pair)),
    ...(object === undefined ? [] : history(story, object)),
  ];
}

/** The same in a paragraph. */
export const whyText = (story: Story): string => programWhy(story).map(whyPartText).join(' ');

/** The last failing step and the last conflicting step of another thread; else the last conflict. */
function conflictingPair(story: Story): [StoryEvent, StoryEvent] | undefined {
  const backwards = story.events.toReversed();
  for (const second of backwards) {
    const first = backwards.find(
      (e) => e.number < second.number && e.thread !== second.thread && conflicts(e.step, second.step),
    );
    if (first !== undefined) return [first, second];
    if (second.fault !== undefined) return undefined;
  }
  return undefined;
}

const placeOf = (story: Story, event: StoryEvent): StepPlace => ({
  thread: story.threads[event.thread]!,
  step: event.number,
  in: '',
});

function pairParts(story: Story, [first, second]: [StoryEvent, StoryEvent]): WhyPart[] {
  const held = (event: StoryEvent): Held => ({
    thread: story.threads[event.thread]!,
    locks: heldBefore(story, event),
  });
  const [a, b] = [held(first), held(second)];
  const asking = (event: StoryEvent) => ({ ...placeOf(story, event), asks: askText(event.step!) });
  const stale = story.events.findLast(
    (e) => e.thread === second.thread && e.number < first.number && conflicts(e.step, first.step),
  );
  return [
    { kind: 'conflict', first: asking(first), second: asking(second) },
    ...(stale?.step?.op === 'read' ? [{ kind: 'stale' as const, at: placeOf(story, stale) }] : []),
    {
      kind: 'order',
      first: a,
      second: b,
      common: a.locks.filter((lock) => b.locks.includes(lock)),
      of: 'steps',
    },
  ];
}

function history(story: Story, object: string): WhyPart[] {
  const deeds = story.events
    .filter(
      (e) =>
        objectOf(e.step) === object &&
        ((e.step!.op === 'alloc' && e.result === true) || e.step!.op === 'free') &&
        !e.fault,
    )
    .map(
      (e): Deed => ({
        deed: e.step!.op === 'alloc' ? 'allocated' : 'freed',
        entry: null,
        ...placeOf(story, e),
      }),
    );
  const first = story.events.find((e) => objectOf(e.step) === object && !e.fault);
  const initial = first !== undefined && first.step!.op !== 'alloc';
  return deeds.length === 0 ? [] : [{ kind: 'object', object, initial, deeds }];
}

/** For a deadlock: where each held lock was taken. */
function waits(story: Story): WhyPart[] {
  return story.end
    .locks()
    .filter((l) => l.holders.length > 0 && l.wanted.length > 0)
    .flatMap((l) =>
      l.holders.map((holder): WhyPart => {
        const t = story.threads.indexOf(holder);
        const taken = story.events.findLast(
          (e) => e.thread === t && e.step?.op === 'lock' && e.step.lock === l.name && !e.again && !e.fault,
        );
        return { kind: 'lock kept', lock: l.name, thread: holder, step: taken?.number ?? null };
      }),
    );
}
