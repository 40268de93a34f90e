import type { Violation } from '../../schedule/monitors/monitor.ts';
import type { Story, StoryEvent } from '../../schedule/replay/replay.ts';
import type { Step } from '../../steps/step.ts';
import { askText } from '../run/step-text.ts';

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

const list = (names: readonly string[]): string => (names.length === 0 ? 'no lock' : names.join(', '));

/** The failure; an invariant of a program has its own name. */
export const headline = ({ monitor, kind, subjects, text }: Violation): string =>
  subjects.invariant === monitor ? text : `${kind}: ${text}`;

/** The reason for the failure, in a paragraph: the two steps, the missing protection, the object and its history. */
export function whyText(story: Story): string {
  const { violation } = story;
  if (violation === undefined) return 'Nothing went wrong.';
  const parts = [`${headline(violation)}.`];
  if (violation.kind === 'deadlock') return [...parts, ...waits(story)].join(' ');
  const pair = conflictingPair(story);
  if (pair !== undefined) parts.push(...pairText(story, pair));
  const object = violation.subjects.object ?? objectOf(pair?.[1].step);
  if (object !== undefined) parts.push(...history(story, object));
  return parts.join(' ');
}

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

function pairText(story: Story, [first, second]: [StoryEvent, StoryEvent]): string[] {
  const name = (e: StoryEvent) => story.threads[e.thread]!;
  const a = heldBefore(story, first);
  const b = heldBefore(story, second);
  const common = a.filter((l) => b.includes(l));
  const parts = [
    `Step ${second.number} of ${name(second)} (${askText(second.step!)}) comes after step ${first.number} of ` +
      `${name(first)} (${askText(first.step!)}).`,
  ];
  const stale = story.events.findLast(
    (e) => e.thread === second.thread && e.number < first.number && conflicts(e.step, first.step),
  );
  if (stale !== undefined && stale.step?.op === 'read') {
    parts.push(`${name(second)} still goes by what it read in step ${stale.number}.`);
  }
  parts.push(
    common.length === 0
      ? `No lock orders them: ${name(first)} held ${list(a)}, ${name(second)} held ${list(b)}.`
      : `Both held ${list(common)}, but not throughout.`,
  );
  return parts;
}

function history(story: Story, object: string): string[] {
  const told = story.events
    .filter(
      (e) =>
        objectOf(e.step) === object &&
        ((e.step!.op === 'alloc' && e.result === true) || e.step!.op === 'free') &&
        !e.fault,
    )
    .map(
      (e) =>
        `${e.step!.op === 'alloc' ? 'allocated' : 'freed'} by ${story.threads[e.thread]} in step ${e.number}`,
    );
  const first = story.events.find((e) => objectOf(e.step) === object && !e.fault);
  const origin = first !== undefined && first.step!.op !== 'alloc' ? ['there from the beginning'] : [];
  return told.length === 0 ? [] : [`${object} was ${[...origin, ...told].join(', ')}.`];
}

/** For a deadlock: where each held lock was taken. */
function waits(story: Story): string[] {
  return story.end
    .locks()
    .filter((l) => l.holders.length > 0 && l.wanted.length > 0)
    .flatMap((l) =>
      l.holders.map((holder) => {
        const t = story.threads.indexOf(holder);
        const taken = story.events.findLast(
          (e) => e.thread === t && e.step?.op === 'lock' && e.step.lock === l.name && !e.again && !e.fault,
        );
        return `${holder} took ${l.name}${taken ? ` in step ${taken.number}` : ''} and has not released it.`;
      }),
    );
}
