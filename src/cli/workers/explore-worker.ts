import { findProgram } from '../../schedule/programs/programs.ts';
import { type Block, pctBlock, type RandomOptions } from '../../schedule/random/random.ts';
import type { Bounds, Verdict } from '../../schedule/replay/verdict.ts';
import { explore, exploreTraces } from '../../schedule/search/explore.ts';

/** A built-in program to explore as a whole. */
export interface SearchTask {
  readonly program: string;
  readonly mode: 'states' | 'traces';
  readonly bounds: Bounds;
}

/** Some of the random runs of a built-in program. */
export interface RandomTask {
  readonly program: string;
  readonly random: Omit<RandomOptions, 'monitors' | 'watch'>;
  readonly first: number;
  readonly count: number;
}

/** What a worker thread of `mhp explore` runs. Programs come by name: code cannot be sent to a worker. */
export default function work(task: SearchTask | RandomTask): Verdict | Block {
  const { program, monitors } = findProgram(task.program);
  if ('random' in task) return pctBlock(program, { ...task.random, monitors }, task.first, task.count);
  const began = performance.now();
  const watch = { elapsed: () => (performance.now() - began) / 1000 };
  const options = { monitors, bounds: task.bounds, watch };
  return task.mode === 'traces' ? exploreTraces(program, options) : explore(program, options);
}
