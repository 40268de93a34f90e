import type { Story, StoryEvent } from '../../schedule/replay/replay.ts';
import type { Call } from '../../steps/within.ts';
import { plainTelling, type Telling } from './telling.ts';

/** One event of the Chrome trace-event format; times are in microseconds. */
export type ChromeEvent = Readonly<Record<string, unknown>>;

/** The length in microseconds with which a step is drawn: an execution has no time, only order. */
const STEP = 1000;

/**
 * A told execution as a Chrome trace-event file: a track per thread, a slice per call and per step, a slice per held
 * lock.
 */
export function traceChrome(
  story: Story,
  telling: Telling = plainTelling,
): { traceEvents: ChromeEvent[]; displayTimeUnit: 'ms' } {
  const names = story.threads.map((name, tid) => ({
    name: 'thread_name',
    ph: 'M',
    pid: 1,
    tid: tid + 1,
    args: { name },
  }));
  const process = { name: 'process_name', ph: 'M', pid: 1, tid: 0, args: { name: story.program } };
  const texts = telling.texts(story);
  const steps = story.events.map((e, i) => ({
    name: texts[i],
    cat: e.step?.op ?? 'end',
    ph: 'X',
    ts: e.number * STEP,
    dur: STEP,
    pid: 1,
    tid: e.thread + 1,
    args: { step: e.number, preemption: e.preempts },
  }));
  const end = { name: 'violation', ph: 'i', s: 'g', ts: (story.events.length + 1) * STEP, pid: 1, tid: 0 };
  const violation = story.violation === undefined ? [] : [{ ...end, args: { why: telling.why(story) } }];
  return {
    traceEvents: [process, ...names, ...locks(story), ...calls(story), ...steps, ...violation],
    displayTimeUnit: 'ms',
  };
}

/** Calls of functions, from their first step to their last; callers come before their callees. */
function calls(story: Story): ChromeEvent[] {
  const found = new Map<
    string,
    { readonly call: Call; readonly thread: number; from: number; upto: number }
  >();
  for (const { step, thread, number } of story.events)
    for (const call of step?.by ?? []) {
      const key = `${thread} ${call.nr}`;
      const known = found.get(key);
      if (known) known.upto = number + 1;
      else found.set(key, { call, thread, from: number, upto: number + 1 });
    }
  return [...found.values()].map(({ call, thread, from, upto }) => ({
    name: call.text ?? `${call.fn}()`,
    cat: 'call',
    ph: 'X',
    ts: from * STEP,
    dur: (upto - from) * STEP,
    pid: 1,
    tid: thread + 1,
  }));
}

/** Locks are asynchronous slices, because they need not nest. */
function locks(story: Story): ChromeEvent[] {
  const open: { lock: string; thread: number; id: number }[] = [];
  const events: ChromeEvent[] = [];
  let id = 0;
  const slice = (ph: 'b' | 'e', e: { lock: string; thread: number; id: number }, at: number) =>
    events.push({
      name: `holds ${e.lock}`,
      cat: 'lock',
      ph,
      id: e.id,
      ts: at * STEP,
      pid: 1,
      tid: e.thread + 1,
    });
  for (const e of story.events) {
    if (granted(e)) {
      const held = { lock: (e.step as { lock: string }).lock, thread: e.thread, id: ++id };
      open.push(held);
      slice('b', held, e.number);
    } else if (e.step?.op === 'unlock' && !e.fault) {
      const { lock } = e.step;
      const at = open.findLastIndex((h) => h.thread === e.thread && h.lock === lock);
      if (at >= 0) slice('e', open.splice(at, 1)[0]!, e.number + 1);
    }
  }
  for (const held of open) slice('e', held, story.events.length + 1);
  return events;
}

function granted(e: StoryEvent): boolean {
  return e.step?.op === 'lock' && !e.again && !e.fault && (!e.step.try || e.result === true);
}
