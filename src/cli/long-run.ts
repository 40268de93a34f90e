import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Program } from '../schedule/program/program.ts';
import { BadCheckpoint, checkpoint, resume } from '../schedule/replay/checkpoint.ts';
import type { Progress, Verdict, Watch } from '../schedule/replay/verdict.ts';
import {
  conclude,
  concludeFurther,
  concludeTraces,
  type ExploreOptions,
  furtherSearch,
  statesSearch,
  tracesSearch,
} from '../schedule/search/explore.ts';
import { type Outcome, StatesSearch } from '../schedule/states/states.ts';
import type { TracesSearch } from '../schedule/traces/traces.ts';
import { saveWhole } from './files/output.ts';
import { interruptible } from './stop.ts';

export interface LongRunOptions extends ExploreOptions {
  readonly mode?: 'states' | 'traces';
  /** Where to leave a checkpoint when the search is stopped before its end. */
  readonly checkpoint?: string;
  /** Told why the checkpoint could not be written; without it that is thrown, and the verdict lost. */
  readonly unsaved?: (error: unknown) => void;
  /** A checkpoint to go on from. */
  readonly resume?: string;
  /** Where progress goes; by default standard error, if it is a terminal. */
  readonly tell?: ((line: string) => void) | undefined;
}

/** Milliseconds a search runs before the event loop has its turn: signals are seen only then. */
const SLICE = 100;

/**
 * Explore with a clock, signals and files: Signals and the bounds on time and memory stop the search cleanly, with a
 * checkpoint if a place for it is given; `resume` goes on to the same verdict and counts. Throws `BadCheckpoint`.
 */
export function longRun(program: Program, options: LongRunOptions): Promise<Verdict> {
  return interruptible((signal) => run(program, options, signal));
}

async function run(program: Program, options: LongRunOptions, signal: AbortSignal): Promise<Verdict> {
  const { tell = toTerminal() } = options;
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  let told = 0;
  let sliceEnd = 0;
  const watch: Watch = {
    elapsed,
    stop: () => signal.aborted || performance.now() > sliceEnd,
    progress: (p) => {
      if (tell === undefined || elapsed() - told < 1) return;
      told = elapsed();
      tell(progressText(p, told));
    },
  };
  const explored = { ...options, watch };
  const sliced = async (search: StatesSearch | TracesSearch): Promise<Outcome> => {
    for (;;) {
      await setImmediate();
      sliceEnd = performance.now() + SLICE;
      const outcome = search.run();
      if (outcome.end !== 'stopped' || outcome.bound !== 'interrupted' || signal.aborted) return outcome;
    }
  };
  const save = (search: StatesSearch | TracesSearch) => {
    if (options.checkpoint === undefined) return;
    try {
      saveWhole(options.checkpoint, checkpoint(program, explored, search));
    } catch (error) {
      if (options.unsaved === undefined) throw error;
      options.unsaved(error);
    }
  };
  try {
    const search = open(program, explored);
    const outcome = await sliced(search);
    // A traces search that cut executions off is at its end: there is nothing to go on with.
    if (outcome.end === 'stopped' && outcome.bound !== 'steps') save(search);
    if (!(search instanceof StatesSearch)) return concludeTraces(program, search, outcome);
    // As `conclude` does, but in slices.
    const more = furtherSearch(program, explored, search, outcome);
    if (more === undefined) return conclude(program, explored, search, outcome);
    const again = await sliced(more);
    // Going on with the first search, which is at its end, begins the second one again.
    if (outcome.end === 'complete' && again.end === 'stopped') save(search);
    return concludeFurther(search, outcome, more, again);
  } finally {
    if (told > 0) tell?.('');
  }
}

/** A new search, or one that goes on from a checkpoint; the checkpoint decides the mode where none is asked for. */
function open(program: Program, options: LongRunOptions): StatesSearch | TracesSearch {
  const { mode } = options;
  if (options.resume === undefined) {
    return mode === 'traces' ? tracesSearch(program, options) : statesSearch(program, options);
  }
  const bytes = readFileSync(options.resume);
  const search = resume(program, options, bytes);
  const was = search instanceof StatesSearch ? 'states' : 'traces';
  if (mode !== undefined && mode !== was) {
    throw new BadCheckpoint(`the checkpoint is of mode ${was}, not of mode ${mode}`);
  }
  return search;
}

function toTerminal(): ((line: string) => void) | undefined {
  return process.stderr.isTTY ? (line) => process.stderr.write(`\r\x1b[K${line}`) : undefined;
}

/** One line of progress, with a guess at the time left. */
export function progressText(p: Progress, seconds: number): string {
  const size = p.states > 0 ? `${p.states} states` : `${p.executions} executions`;
  const left =
    p.done === undefined || p.done <= 0
      ? ''
      : `, about ${Math.ceil((seconds * (1 - p.done)) / p.done)} s left`;
  return `${size}, ${p.transitions} steps, preemptions ${p.preemptions}, ${p.open} open, ${Math.round(p.bytes / 2 ** 20)} MiB${left}`;
}
