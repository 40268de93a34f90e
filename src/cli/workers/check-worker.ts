import { check_entry } from '../../check/check.ts';
import { read_entry } from '../../check/entry.ts';
import { expected_of, type Row } from '../../check/row.ts';
import type { Variation } from '../../check/variation.ts';
import { told_text, why_text } from '../../report/check/check.ts';
import { telling_of } from '../../report/story/telling.ts';
import { traceChrome } from '../../report/trace/chrome.ts';
import type { Bounds } from '../../schedule/replay/verdict.ts';
import { or_refused, type Refused } from '../refused.ts';

/** One entry on one release. Entries come as text: what is read of them cannot be sent to a worker. */
export interface CheckTask {
  readonly id: string;
  readonly text: string;
  readonly file: string;
  readonly release: string;
  readonly variation: Variation;
  readonly mode: 'states' | 'traces';
  readonly bounds: Bounds;
  /** Look for the failure that the entry names and for no other. */
  readonly named_only?: boolean;
  /** How much to tell of what went wrong. */
  readonly story: 'whole' | 'brief' | 'none';
  readonly timeline: boolean;
}

/** What a worker thread of `mhp check` runs. */
export default function work(task: CheckTask): Promise<Row | Refused> {
  return or_refused(() => row_of(task));
}

function row_of(task: CheckTask): Row {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const entry = read_entry(task.text, task.file);
  const { told, ...checked } = check_entry(entry, task.release, {
    variation: task.variation,
    mode: task.mode,
    bounds: task.bounds,
    named_only: task.named_only ?? false,
    watch: { elapsed: seconds },
  });
  const threads = told?.kind === 'threads' ? told : null;
  return {
    ...checked,
    expected: expected_of(entry, task.release),
    token: threads?.token ?? null,
    preemptions: threads?.preemptions ?? null,
    story: told && task.story !== 'none' ? (task.story === 'whole' ? told_text(told) : why_text(told)) : null,
    timeline: task.timeline && threads ? traceChrome(threads.story, telling_of(threads.story)) : null,
    seconds: seconds(),
  };
}
