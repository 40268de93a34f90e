import { SourceMap } from 'node:module';
import { basename } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { checkEntry } from '../../check/check-entry.ts';
import type { Checked } from '../../check/checked.ts';
import { checkDesign, type DesignChecked, designVerdict } from '../../check/design/check-design.ts';
import type { ReturnKind } from '../../check/design/returns.ts';
import { type Entry, readEntry, type StepsEntry, type ThreadsEntry } from '../../check/entry.ts';
import { survey } from '../../check/survey.ts';
import { BadDesign, type DesignedRelease, replaced } from '../../releases/design.ts';
import { toldText } from '../../report/check/check-text.ts';
import type { DesignRow } from '../../report/check/design-text.ts';
import type { Bounds } from '../../schedule/replay/verdict.ts';
import type { Bundle } from '../files/design-bundle.ts';
import { orRefused } from '../refused.ts';

interface Task {
  readonly bundle: Bundle;
}

export interface LoadTask extends Task {
  readonly what: 'load';
}

/** Runs an entry on the base of a design. */
export interface BaseTask extends Task, Scenario, Search {
  readonly what: 'base';
}

export interface DesignTask extends Task, Scenario, Search {
  readonly what: 'design';
  readonly base: Row;
  readonly returns: Returned;
  /** Holds the number of the running function: its index among those replaced, from 1; 0 for none. */
  readonly running: Int32Array;
}

interface Scenario {
  readonly text: string;
  readonly file: string;
}

interface Search {
  readonly mode: 'states' | 'traces';
  readonly bounds: Bounds;
}

type Returned = ReadonlyMap<string, ReadonlySet<ReturnKind>>;
type Row = Omit<Checked, 'told'>;

export interface Loaded {
  readonly name: string;
  readonly base: string;
  readonly about: string;
  /** The names of replaced functions, on all architectures. */
  readonly replaced: readonly string[];
}

export interface BaseDone {
  /** The replaced functions that the entry calls. */
  readonly calls: readonly string[];
  readonly returns: Returned;
  /** Null if it calls none of them. */
  readonly base: Row | null;
}

export type DesignDone = DesignRow['design'];

const ARCHES = ['arm64', 'x86_64'] as const;

const allReplaced = (design: DesignedRelease): string[] => [
  ...new Set(ARCHES.flatMap((arch) => replaced(design, arch))),
];

// a design's output is not part of the answer, and an error in it ends no run
console.log = console.error;
process.exit = () => {
  throw new Error('a kernel function cannot call process.exit()');
};

// a design's output does not belong to the report
if (!isMainThread) process.stdout.write = process.stderr.write.bind(process.stderr);

let imports = 0;

/** Evaluates the design of a module anew, so that no state of one run reaches the next. */
async function designOf({ code }: Bundle): Promise<DesignedRelease> {
  const url = `data:text/javascript;n=${imports++};base64,${Buffer.from(code).toString('base64')}`;
  const module = (await import(url)) as { readonly default?: unknown };
  const design = module.default as Partial<DesignedRelease> | undefined;
  if (design === undefined) throw new BadDesign('it has no default export');
  if (typeof design !== 'object' || design === null || !design.on)
    throw new BadDesign('its default export is not what defineRelease() returns');
  return design as DesignedRelease;
}

/**
 * Matches a frame in a data: URL. Compiled here, because no regular expression can be made once the stack has
 * overflowed.
 */
const FRAME = /data:text\/javascript[^\s]*:(\d+):(\d+)\)?$/m;

/** The place in a user's file from which an error comes: "design.ts:12"; "" if it is unknown. */
function placeIn({ map }: Bundle, error: unknown): string {
  const frame = FRAME.exec(error instanceof Error ? (error.stack ?? '') : '');
  if (!frame) return '';
  const found = new SourceMap(JSON.parse(map)).findEntry(Number(frame[1]) - 1, Number(frame[2]) - 1);
  return 'originalSource' in found ? `${basename(found.originalSource)}:${found.originalLine + 1}` : '';
}

async function load({ bundle }: LoadTask): Promise<Loaded | { readonly bad: string }> {
  try {
    const design = await designOf(bundle);
    return { name: design.name, base: design.on.name, about: design.about, replaced: allReplaced(design) };
  } catch (error) {
    if (error instanceof BadDesign) return { bad: error.message };
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const place = placeIn(bundle, error);
    return { bad: `it threw ${what}${place && ` (${place})`}` };
  }
}

const entryOf = ({ text, file }: Scenario): StepsEntry | ThreadsEntry =>
  readEntry(text, file) as Exclude<Entry, { kind: 'memmap' }>;

function searching({ mode, bounds }: Search) {
  const began = performance.now();
  return { mode, bounds, watch: { elapsed: () => (performance.now() - began) / 1000 } };
}

async function base(task: BaseTask): Promise<BaseDone> {
  const design = await designOf(task.bundle);
  const entry = entryOf(task);
  const found = survey(entry, design.on, (arch) => new Set(replaced(design, arch)));
  const own = replaced(design, entry.scenario.machine.arch);
  const calls = found ? own.filter((fn) => found.calls.has(fn)) : [];
  if (!found || calls.length === 0) return { calls, returns: new Map(), base: null };
  const { told: _, ...row } =
    found.checked ?? checkEntry(entry, design.on, { ...searching(task), named_first: true });
  return { calls, returns: new Map(calls.map((fn) => [fn, found.calls.get(fn)!])), base: row };
}

async function design(task: DesignTask): Promise<DesignDone> {
  const made = await designOf(task.bundle);
  const numbers = new Map(allReplaced(made).map((fn, i) => [fn, i + 1]));
  const entry = entryOf(task);
  const checked: DesignChecked = checkDesign(entry, made, {
    ...searching(task),
    returns: task.returns,
    place: (error) => placeIn(task.bundle, error),
    running: (fn) => {
      task.running[0] = fn === null ? 0 : (numbers.get(fn) ?? 0);
    },
  });
  const verdict = designVerdict(entry, { ...task.base, told: null }, checked);
  const none = { failure: null, within: [], states: 0, steps: 0, story: null };
  if (checked.verdict === 'stopped') return { ...none, verdict, reason: checked.reason };
  const { failure, reason, within, states, steps, told } = checked;
  return { verdict, failure, reason, within, states, steps, story: told && failure ? toldText(told) : null };
}

/** The main function of a worker thread of `mhp check --design`. */
export default function work(task: LoadTask | BaseTask | DesignTask): Promise<unknown> {
  if (task.what === 'load') return load(task);
  return task.what === 'base' ? orRefused(() => base(task)) : design(task);
}
