import { findProgram } from '../../schedule/programs/built-in.ts';
import type { RandomOptions, RandomRuns } from '../../schedule/random/random-search.ts';
import type { Bounds, Verdict } from '../../schedule/replay/verdict.ts';
import type { Exploration } from '../../schedule/search/exploration.ts';
import { orRefused, type Refused } from '../refused.ts';

/** A program to be explored completely. */
export interface SearchTask {
  /** The name of a built-in one: code cannot be sent. */
  readonly program: string;
  readonly mode: 'states' | 'traces';
  readonly bounds: Bounds;
}

/** Some of the random runs of a program. */
export interface RandomTask {
  /** The name of a built-in one: code cannot be sent. */
  readonly program: string;
  readonly random: RandomOptions;
  readonly bounds: Bounds;
  readonly first: number;
  readonly count: number;
}

/** The main function of a worker thread of `mhp explore`. */
export default function work(task: SearchTask | RandomTask): Promise<Verdict | RandomRuns | Refused> {
  return orRefused(() => found(findProgram(task.program), task));
}

function found(asked: Exploration, task: SearchTask | RandomTask): Verdict | RandomRuns {
  const exploration = asked.bound(task.bounds);
  if ('random' in task) return exploration.random(task.random).runs(task.first, task.count);
  return (task.mode === 'traces' ? exploration.traces() : exploration.states()).verdict();
}
