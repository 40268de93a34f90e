import { readFileSync } from 'node:fs';
import { BadCheckpoint } from '../schedule/replay/checkpoint.ts';
import type { Mode, Verdict } from '../schedule/replay/verdict.ts';
import type { Progress } from '../schedule/search/control.ts';
import type { Exploration } from '../schedule/search/exploration.ts';
import type { Search } from '../schedule/search/search.ts';
import { saveWhole } from './files/output.ts';
import { interruptible } from './stop.ts';

export interface LongRunOptions {
  readonly mode?: 'states' | 'traces';
  /** The file for a checkpoint if the search is stopped before its end. */
  readonly checkpoint?: string;
  /** What is kept with the checkpoint. */
  readonly note?: unknown;
  /**
   * Receives the reason why the checkpoint could not be written; without it the error is thrown, and the verdict is
   * lost.
   */
  readonly unsaved?: (error: unknown) => void;
  /** The checkpoint from which to continue. */
  readonly resume?: string;
  /** Receives progress lines; default: standard error, if it is a terminal. */
  readonly tell?: ((line: string) => void) | undefined;
}

/**
 * Explores with signals and files: signals and the bounds on time and memory stop the search cleanly, with a checkpoint
 * if a file for it is given; `resume` continues to the same verdict and counts. Throws `BadCheckpoint`.
 */
export function longRun(exploration: Exploration, options: LongRunOptions): Promise<Verdict> {
  return interruptible((signal) => run(exploration, options, signal));
}

async function run(exploration: Exploration, options: LongRunOptions, signal: AbortSignal): Promise<Verdict> {
  const { tell = toTerminal() } = options;
  const began = performance.now();
  let told = 0;
  const progress = (p: Progress): void => {
    const seconds = (performance.now() - began) / 1000;
    if (tell === undefined || seconds - told < 1) return;
    told = seconds;
    tell(progressText(p, seconds));
  };
  const { mode, resume } = options;
  const from = resume === undefined ? undefined : readFileSync(resume);
  const search = openSearch(exploration.watch({ signal, progress }), mode, from);
  try {
    const verdict = await search.finish();
    if (options.checkpoint !== undefined) save(search, options.checkpoint, options);
    return verdict;
  } finally {
    if (told > 0) tell?.('');
  }
}

function save(search: Search, path: string, { unsaved, note }: LongRunOptions): void {
  const bytes = search.checkpoint(note);
  if (bytes === undefined) return;
  try {
    saveWhole(path, bytes);
  } catch (error) {
    if (unsaved === undefined) throw error;
    unsaved(error);
  }
}

/** A new search, or one that continues from a checkpoint; the checkpoint decides the mode if none is given. */
export function openSearch(exploration: Exploration, mode?: Mode, checkpoint?: Uint8Array): Search {
  if (checkpoint === undefined) return mode === 'traces' ? exploration.traces() : exploration.states();
  const search = exploration.resume(checkpoint);
  if (mode !== undefined && mode !== search.mode)
    throw new BadCheckpoint(`the checkpoint is of mode ${search.mode}, not of mode ${mode}`);
  return search;
}

function toTerminal(): ((line: string) => void) | undefined {
  return process.stderr.isTTY ? (line) => process.stderr.write(`\r\x1b[K${line}`) : undefined;
}

/** One line of progress, with an estimate of the remaining time. */
export function progressText(p: Progress, seconds: number): string {
  const size = p.states > 0 ? `${p.states} states` : `${p.executions} executions`;
  const left =
    p.done === undefined || p.done <= 0
      ? ''
      : `, about ${Math.ceil((seconds * (1 - p.done)) / p.done)} s left`;
  return `${size}, ${p.transitions} steps, preemptions ${p.preemptions}, ${p.open} open, ${Math.round(p.bytes / 2 ** 20)} MiB${left}`;
}
