import type { Story } from '../schedule/replay.ts';
import { eventText } from './step-text.ts';
import { whyText } from './why.ts';

/** A told execution as plain data, with the schema named inside. */
export function traceJson(story: Story, token: string): Record<string, unknown> {
  return {
    schema: 'mhp/trace/1',
    program: story.program,
    token,
    threads: story.threads,
    violation: story.violation ?? null,
    why: whyText(story),
    steps: story.events.map((e) => ({
      number: e.number,
      thread: story.threads[e.thread],
      text: eventText(e),
      step: plain(e.step),
      outcome: e.outcome,
      result: plain(e.result),
      before: plain(e.before),
      announced: e.again,
      preemption: e.preempts,
      fault: e.fault ?? null,
    })),
  };
}

/** Functions become their names; what JSON has no word for becomes null. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_, v: unknown) =>
    typeof v === 'function' ? v.name : typeof v === 'bigint' ? `${v}` : v,
  );
  return text === undefined ? null : (JSON.parse(text) as unknown);
}
