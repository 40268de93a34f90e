import { checkEntry } from '../../check/check-entry.ts';
import { readEntry } from '../../check/entry.ts';
import { expectedOf, type Row } from '../../check/row.ts';
import type { Variation } from '../../check/variation.ts';
import { toldText, whyText } from '../../report/check/check-text.ts';
import { tellingOf } from '../../report/story/telling.ts';
import { traceChrome } from '../../report/trace/chrome.ts';
import type { Bounds } from '../../schedule/replay/verdict.ts';
import { orRefused, type Refused } from '../refused.ts';

/** One entry on one release. Entries are sent as text, because parsed entries cannot be sent to a worker. */
export interface CheckTask {
  readonly id: string;
  readonly text: string;
  readonly file: string;
  readonly release: string;
  readonly variation: Variation;
  readonly mode: 'states' | 'traces';
  readonly bounds: Bounds;
  /** Look only for the failure that the entry names. */
  readonly named_only?: boolean;
  /** How much to print about a failure. */
  readonly story: 'whole' | 'brief' | 'none';
  readonly timeline: boolean;
}

/** The main function of a worker thread of `mhp check`. */
export default function work(task: CheckTask): Promise<Row | Refused> {
  return orRefused(() => rowOf(task));
}

function rowOf(task: CheckTask): Row {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const entry = readEntry(task.text, task.file);
  const { told, ...checked } = checkEntry(entry, task.release, {
    variation: task.variation,
    mode: task.mode,
    bounds: task.bounds,
    named_only: task.named_only ?? false,
    watch: { elapsed: seconds },
  });
  const threads = told?.kind === 'threads' ? told : null;
  return {
    ...checked,
    expected: expectedOf(entry, task.release),
    token: threads?.token ?? null,
    preemptions: threads?.preemptions ?? null,
    story: told && task.story !== 'none' ? (task.story === 'whole' ? toldText(told) : whyText(told)) : null,
    timeline: task.timeline && threads ? traceChrome(threads.story, tellingOf(threads.story)) : null,
    seconds: seconds(),
  };
}
