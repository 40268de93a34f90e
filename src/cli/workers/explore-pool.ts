import type { RandomOptions, RandomRuns } from '../../schedule/random/random-search.ts';
import type { Bounds, Mode, Undecided, Verdict } from '../../schedule/replay/verdict.ts';
import type { Exploration } from '../../schedule/search/exploration.ts';
import { notRefused, type Refused } from '../refused.ts';
import { interruptible } from '../stop.ts';
import type { RandomTask, SearchTask } from './explore-worker.ts';
import { inPool, withPool } from './pool.ts';

/** The verdict on a program that was never started. */
export function notBegun(mode: Mode): Undecided {
  const stats = { mode, states: 0, executions: 0, transitions: 0, preemptions: 0, steps: 0, bytes: 0 };
  return { verdict: 'undecided', bound: 'interrupted', stats };
}

/** Explores programs on worker threads, one per thread at a time; the verdicts are in the order of the tasks. */
export async function exploreOnThreads(tasks: readonly SearchTask[], threads: number): Promise<Verdict[]> {
  const verdicts = await inPool<SearchTask, Verdict>('explore-worker', tasks, threads);
  return verdicts.map((verdict, i) => verdict ?? notBegun(tasks[i]!.mode));
}

/**
 * Makes random runs of a program, on several worker threads if there are any: the verdict does not depend on their
 * number. Signals and the bound on time end it after the runs in progress.
 */
export function exploreRandom(
  exploration: Exploration,
  random: RandomOptions,
  bounds: Bounds,
  threads: number,
): Promise<Verdict> {
  return interruptible((signal) => {
    const search = exploration.bound(bounds).watch({ signal }).random(random);
    if (threads === 1) return search.finish();
    return withPool('explore-worker', threads, (pool) =>
      search.finish({
        count: threads,
        async run(first, count) {
          const task: RandomTask = { program: exploration.program.name, random, bounds, first, count };
          return notRefused((await pool.run(task)) as RandomRuns | Refused);
        },
      }),
    );
  });
}
