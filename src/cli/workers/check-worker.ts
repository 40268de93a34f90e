import { checkEntry } from '../../check/check-entry.ts';
import { type Entry, type Reading, readEntry } from '../../check/entry.ts';
import { expectedOf, type Row } from '../../check/row.ts';
import { shapeOf, type Variation } from '../../check/variation.ts';
import { findRelease, type Release } from '../../releases/index.ts';
import { toldText, whyText } from '../../report/check/check-text.ts';
import { toldData } from '../../report/data/told-data.ts';
import { tellingOf } from '../../report/story/telling.ts';
import { traceChrome } from '../../report/trace/chrome.ts';
import { unlockedCalls, unlockedText } from '../../scenarios/interleaved/unlocked.ts';
import type { Bounds } from '../../schedule/replay/verdict.ts';
import type { SourceFunctionName } from '../../source/functions-of.ts';
import { SourceProgram } from '../../source/program.ts';
import { sourceRelease } from '../../source/release.ts';
import { loadBundle } from '../kbuild/bundle-file.ts';
import { treeLines } from '../kbuild/tree.ts';
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
  /** Whether the row says as data how it came about. */
  readonly data?: boolean;
  readonly reading?: Reading;
  /** A bundle whose C runs in place of the model's functions, and which of them; all that it has by default. */
  readonly source?: {
    readonly bundle: string;
    readonly functions?: readonly SourceFunctionName[];
    /** The tree whose lines the story shows. */
    readonly tree?: string;
  };
}

/** The program of the last bundle: a worker runs many entries on one. */
let loaded: { readonly bundle: string; readonly program: SourceProgram } | undefined;

function programOf({ bundle, tree }: NonNullable<CheckTask['source']>): SourceProgram {
  if (loaded?.bundle !== bundle) loaded = { bundle, program: new SourceProgram(loadBundle(bundle)) };
  const { program } = loaded;
  program.ran.clear();
  if (tree !== undefined) program.tree ??= treeLines(tree, program.bundle.version);
  return loaded.program;
}

/** The release of a task, with its C if it has any. */
function releaseOf({ release, source }: CheckTask): string | Release {
  const base = source && findRelease(release);
  if (!source || !base) return release;
  const { functions } = source;
  return sourceRelease(base, programOf(source), functions ? { functions } : {});
}

/** The main function of a worker thread of `mhp check`. */
export default function work(task: CheckTask): Promise<Row | Refused> {
  return orRefused(() => rowOf(task));
}

function notesOf(entry: Entry, release: string): string[] {
  const known = entry.kind === 'threads' ? findRelease(release) : undefined;
  if (entry.kind !== 'threads' || !known) return [];
  return unlockedCalls(entry.scenario.interleaved!, known).map(unlockedText);
}

function rowOf(task: CheckTask): Row {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const entry = readEntry(task.text, task.file, task.reading);
  const { told, ...checked } = checkEntry(entry, releaseOf(task), {
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
    notes: notesOf(entry, task.release),
    shape: shapeOf(entry, task.variation),
    data: task.data && told ? toldData(told, entry, task.release, task.variation) : null,
    timeline: task.timeline && threads ? traceChrome(threads.story, tellingOf(threads.story)) : null,
    ...(task.source ? { ran: [...loaded!.program.ran.keys()].sort() } : {}),
    seconds: seconds(),
  };
}
