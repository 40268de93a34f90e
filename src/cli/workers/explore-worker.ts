import { findProgram } from '../../schedule/programs/built-in.ts';
import type { RandomOptions, RandomRuns } from '../../schedule/random/random-search.ts';
import type { Bounds, Verdict } from '../../schedule/replay/verdict.ts';
import type { Exploration } from '../../schedule/search/exploration.ts';
import { loadProgram, ofUser, type ProgramFile } from '../inputs/program-file.ts';
import { orRefused, type Refused } from '../refused.ts';

/**
 * A program in a form that can be sent to a worker: the name of a built-in one, or a module as text. Code cannot be
 * sent.
 */
export type Sent = string | ProgramFile;

/** A program to be explored completely. */
export interface SearchTask {
  readonly program: Sent;
  readonly mode: 'states' | 'traces';
  readonly bounds: Bounds;
}

/** Some of the random runs of a program. */
export interface RandomTask {
  readonly program: Sent;
  readonly random: RandomOptions;
  readonly bounds: Bounds;
  readonly first: number;
  readonly count: number;
}

/** The main function of a worker thread of `mhp explore`. */
export default function work(task: SearchTask | RandomTask): Promise<Verdict | RandomRuns | Refused> {
  const { program } = task;
  return orRefused(async () =>
    typeof program === 'string'
      ? found(findProgram(program), task)
      : ofUser(program.file, async () => found(await loadProgram(program), task)),
  );
}

function found(asked: Exploration, task: SearchTask | RandomTask): Verdict | RandomRuns {
  const exploration = asked.bound(task.bounds);
  if ('random' in task) return exploration.random(task.random).runs(task.first, task.count);
  return (task.mode === 'traces' ? exploration.traces() : exploration.states()).verdict();
}
