import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { checkpoint, resume } from '../schedule/checkpoint.ts';
import {
  conclude,
  concludeTraces,
  type ExploreOptions,
  statesSearch,
  tracesSearch,
} from '../schedule/explore.ts';
import type { Program } from '../schedule/program.ts';
import { type Outcome, StatesSearch } from '../schedule/states.ts';
import type { Progress, Verdict, Watch } from '../schedule/verdict.ts';

export interface LongRunOptions extends ExploreOptions {
  readonly mode?: 'states' | 'traces';
  /** Where to leave a checkpoint when the search is stopped before its end. */
  readonly checkpoint?: string;
  /** A checkpoint to go on from. */
  readonly resume?: string;
  /** Where progress goes; by default standard error, if it is a terminal. */
  readonly tell?: ((line: string) => void) | undefined;
}

/** Milliseconds a search runs before the event loop has its turn: signals are seen only then. */
const SLICE = 100;

/**
 * Explore with a clock, signals and files: Ctrl-C and the bounds on time and memory stop the search cleanly, with a
 * checkpoint if a place for it is given; `resume` goes on to the same verdict and counts.
 */
export async function longRun(program: Program, options: LongRunOptions): Promise<Verdict> {
  const { mode = 'states', tell = toTerminal() } = options;
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  let told = 0;
  let sliceEnd = 0;
  let interrupted = false;
  const onSignal = () => {
    interrupted = true;
  };
  const watch: Watch = {
    elapsed,
    stop: () => interrupted || performance.now() > sliceEnd,
    progress: (p) => {
      if (tell === undefined || elapsed() - told < 1) return;
      told = elapsed();
      tell(progressText(p, told));
    },
  };
  const explored = { ...options, watch };
  process.on('SIGINT', onSignal);
  try {
    const search = options.resume
      ? resume(program, explored, readFileSync(options.resume))
      : mode === 'states'
        ? statesSearch(program, explored)
        : tracesSearch(program, explored);
    let outcome: Outcome;
    do {
      await setImmediate();
      sliceEnd = performance.now() + SLICE;
      outcome = search.run();
    } while (outcome.end === 'stopped' && outcome.bound === 'interrupted' && !interrupted);
    if (outcome.end === 'stopped' && options.checkpoint !== undefined) {
      save(options.checkpoint, checkpoint(program, explored, search));
    }
    // Telling the shortest story is one more search, and not to be cut into slices.
    const telling = { ...options, watch: { elapsed } };
    return search instanceof StatesSearch
      ? conclude(program, telling, search, outcome)
      : concludeTraces(program, search, outcome);
  } finally {
    process.off('SIGINT', onSignal);
  }
}

/** A file appears whole or not at all. */
function save(path: string, bytes: Uint8Array): void {
  const part = `${path}.part`;
  writeFileSync(part, bytes);
  renameSync(part, path);
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
