import type { Story } from '../../schedule/replay/replay.ts';
import type { Step } from '../../steps/step.ts';
import type { PlacedStep } from '../../steps/within.ts';
import { plainTelling, type Telling } from './telling.ts';

/** A told execution as plain data that names its schema. */
export function traceJson(
  story: Story,
  token: string,
  telling: Telling = plainTelling,
): Record<string, unknown> {
  const texts = telling.texts(story);
  return {
    schema: 'mhp/trace/1',
    program: story.program,
    token,
    threads: story.threads,
    violation: story.violation ?? null,
    why: telling.why(story),
    steps: story.events.map((e, i) => ({
      number: e.number,
      thread: story.threads[e.thread],
      text: texts[i],
      step: plain(withoutCalls(e.step)),
      ...(e.step?.by ? { in: e.step.by.map(({ fn }) => fn) } : {}),
      outcome: e.outcome,
      result: plain(e.result),
      before: plain(e.before),
      announced: e.again,
      preemption: e.preempts,
      fault: e.fault ?? null,
    })),
  };
}

function withoutCalls(step: PlacedStep | undefined): Step | undefined {
  if (step?.by === undefined) return step;
  const { by, ...bare } = step;
  return bare;
}

/** Functions become their names; values that JSON cannot represent become null. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_, v: unknown) =>
    typeof v === 'function' ? v.name : typeof v === 'bigint' ? `${v}` : v,
  );
  return text === undefined ? null : (JSON.parse(text) as unknown);
}
