import { Script } from 'node:vm';
import { checkEntry } from '../../check/check-entry.ts';
import { checkDesign, designVerdict } from '../../check/design/check-design.ts';
import { DesignLate, thrownText } from '../../check/design/design-fault.ts';
import { guardDesign, runningFunction } from '../../check/design/guard.ts';
import { watchOperation } from '../../check/design/own-operations.ts';
import { type Entry, readEntry, type StepsEntry, type ThreadsEntry } from '../../check/entry.ts';
import { survey } from '../../check/survey.ts';
import { UserError } from '../../errors/user-error.ts';
import type { Arch } from '../../geometry/sizes.ts';
import { BadDesign, type DesignedRelease, replaced } from '../../releases/design.ts';
import { toldText } from '../../report/check/check-text.ts';
import type { DesignRun } from '../../report/check/design-row.ts';
import { tellingOf } from '../../report/story/telling.ts';
import { traceChrome } from '../../report/trace/chrome.ts';
import { programOf } from '../inputs/find-program.ts';
import { replayed } from '../inputs/replayed.ts';
import { DesignModules, WrongModule } from './design-module.ts';
import { Output } from './output.ts';
import type {
  Answers,
  BaseDone,
  BaseTask,
  DesignDone,
  DesignTask,
  Loaded,
  LoadTask,
  Message,
  ReplayTask,
  SentEntry,
  Task,
} from './tasks.ts';

// The process in which designs run: it has no files but those of the program, no child processes and no workers
// (confined-process.ts). It gets one task at a time.

const ARCHES: readonly Arch[] = ['arm64', 'x86_64'];

const send = (message: Message): void => {
  process.send?.(message);
};

const output = new Output(send);

let modules: DesignModules | undefined;

/** The designs of the series up to one of them, as one design on the release that the series is on. */
function upTo(designs: readonly DesignedRelease[], last: number): DesignedRelease {
  return { ...designs[last]!, on: designs[0]!.on };
}

const namesOn = (design: DesignedRelease) => (arch: Arch) => new Set(replaced(design, arch));

function load({ bundles }: LoadTask): Loaded {
  modules = new DesignModules(bundles, output.print);
  const designs = modules.evaluate();
  return {
    base: designs[0]!.on.name,
    designs: designs.map((design) => ({
      name: design.name,
      about: design.about,
      replaced: [...new Set(ARCHES.flatMap((arch) => replaced(design, arch)))],
    })),
  };
}

const entryOf = ({ text, file, own }: SentEntry): StepsEntry | ThreadsEntry =>
  readEntry(text, file, { own }) as Exclude<Entry, { kind: 'memmap' }>;

function searching({ mode, bounds }: Pick<BaseTask, 'mode' | 'bounds'>) {
  const began = performance.now();
  return { mode, bounds, watch: { elapsed: () => (performance.now() - began) / 1000 } };
}

function base(task: BaseTask): BaseDone {
  const designs = modules!.evaluate();
  const design = upTo(designs, designs.length - 1);
  const entry = entryOf(task.entry);
  const found = survey(entry, design.on, namesOn(design));
  const own = replaced(design, entry.scenario.machine.arch);
  const calls = found ? own.filter((fn) => found.calls.has(fn)) : [];
  if (!found || calls.length === 0) return { calls, returns: new Map(), base: null };
  const { told: _, ...row } =
    found.checked ?? checkEntry(entry, design.on, { ...searching(task), named_first: true });
  return { calls, returns: new Map(calls.map((fn) => [fn, found.calls.get(fn)!])), base: row };
}

/** Whether an entry calls anything of what the last design replaces, on the designs before it. */
function matters(
  entry: StepsEntry | ThreadsEntry,
  designs: readonly DesignedRelease[],
  last: number,
): boolean {
  if (last === 0) return true;
  try {
    const before = guardDesign(upTo(designs, last - 1), { max_steps: 2_000_000, returns: new Map() });
    const found = survey(entry, before, namesOn(designs[last]!));
    return found === null || found.calls.size > 0;
  } catch {
    return true; // the designs before it do what no kernel can do
  }
}

const NOTHING = { failure: null, within: [], states: 0, steps: 0, story: null, token: null };

function design(task: DesignTask): DesignDone {
  const designs = modules!.evaluate();
  const entry = entryOf(task.entry);
  if (!matters(entry, designs, task.upTo)) return { run: null, timeline: null };
  const made = upTo(designs, task.upTo);
  const checked = checkDesign(entry, made, {
    ...searching(task),
    returns: task.returns,
    place: (error) => modules!.placeIn(error),
    first: {
      briefly: briefly(),
      inspect: (fn, step) => (modules!.defines(step.operation) ? watchOperation(fn, step) : step),
    },
  });
  const verdict = designVerdict(entry, { ...task.base, told: null }, checked);
  if (checked.verdict === 'stopped')
    return { run: { ...NOTHING, verdict, reason: checked.reason }, timeline: null };
  const { failure, reason, within, states, steps, told } = checked;
  const threads = told?.kind === 'threads' && failure ? told : null;
  const run: DesignRun = {
    verdict,
    failure,
    reason,
    within,
    states,
    steps,
    story: told && failure ? toldText(told) : null,
    token: threads?.token ?? null,
  };
  const timeline = task.timeline && threads ? traceChrome(threads.story, tellingOf(threads.story)) : null;
  return { run, timeline };
}

function replay(task: ReplayTask): Answers['replay'] {
  const designs = modules!.evaluate();
  const entry = entryOf(task.entry) as ThreadsEntry;
  return replayed(
    task.token,
    (name) => {
      const found = designs.findIndex((one) => name.includes(` on ${one.name}`));
      const made = upTo(designs, found < 0 ? designs.length - 1 : found);
      const guarded = guardDesign(made, {
        max_steps: 2_000_000,
        returns: new Map(),
        place: (error) => modules!.placeIn(error),
      });
      return programOf(name, entry, guarded, {});
    },
    task.format,
  );
}

function perform(task: Task): Answers[keyof Answers] {
  switch (task.what) {
    case 'load':
      return load(task);
    case 'base':
      return base(task);
    case 'design':
      return design(task);
    case 'replay':
      return replay(task);
  }
}

/** Runs what `work` holds; only a script can be ended from outside while it runs. */
const caller = new Script('globalThis.mhpWork()');

/** Runs a function that may not end. @throws an error with the code ERR_SCRIPT_EXECUTION_TIMEOUT */
function within<T>(seconds: number, work: () => T): T {
  const holder = globalThis as { mhpWork?: () => T };
  holder.mhpWork = work;
  try {
    return caller.runInThisContext({ timeout: Math.ceil(seconds * 1000) }) as T;
  } finally {
    delete holder.mhpWork;
  }
}

/** Seconds in which code of a design has to come to its next step. */
const BRIEF = 5;
/** How many times in a task that is looked at: it costs a tenth of a millisecond. */
const BRIEF_CALLS = 2000;

function briefly(): <T>(run: () => T) => T {
  let left = BRIEF_CALLS;
  return (run) => {
    if (left === 0) return run();
    left--;
    try {
      return within(BRIEF, run);
    } catch (error) {
      if (isTimeout(error)) throw new DesignLate(`does not come back within ${BRIEF} s`);
      throw error;
    }
  };
}

const isTimeout = (error: unknown): boolean => {
  try {
    return (error as NodeJS.ErrnoException | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
  } catch {
    return false; // a proxy
  }
};

function answer(task: Task, seconds: number): Message {
  output.restart();
  try {
    return { answer: within(seconds, () => perform(task)) };
  } catch (error) {
    if (isTimeout(error)) return { late: runningFunction() };
    const place = modules?.placeIn(error) ?? '';
    const what = `${thrownText(error)}${place && ` (${place})`}`;
    if (task.what === 'load') {
      const module = error instanceof WrongModule ? error.index : (modules?.indexOf(error) ?? null);
      return { refused: error instanceof BadDesign ? error.message : `it threw ${what}`, module };
    }
    return error instanceof UserError
      ? { refused: error.message, module: null }
      : { ended: `ended the run: ${what}` };
  }
}

process.on('message', ({ task, seconds }: { task: Task; seconds: number }) => send(answer(task, seconds)));
process.on('disconnect', () => process.exit());
// the process that asks decides when the work ends
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {});
// a promise of a design that nobody waits for
process.on('unhandledRejection', () => {});
