import type { RandomOptions, RandomRuns } from '../../schedule/random/random-search.ts';
import type { Bounds, Mode, Undecided, Verdict } from '../../schedule/replay/verdict.ts';
import type { Exploration } from '../../schedule/search/exploration.ts';
import { notRefused, type Refused } from '../refused.ts';
import { interruptible } from '../stop.ts';
import type { RandomTask, SearchTask, Sent } from './explore-worker.ts';
import { inPool, withPool } from './pool.ts';

/** The verdict on a program nobody got round to. */
export function notBegun(mode: Mode): Undecided {
  const stats = { mode, states: 0, executions: 0, transitions: 0, preemptions: 0, steps: 0, bytes: 0 };
  return { verdict: 'undecided', bound: 'interrupted', stats };
}

/** Explore programs on worker threads, one in each at a time; the verdicts come in the order of the tasks. */
export async function exploreOnThreads(tasks: readonly SearchTask[], threads: number): Promise<Verdict[]> {
  const verdicts = await inPool<SearchTask, Verdict>('explore-worker', tasks, threads);
  return verdicts.map((verdict, i) => verdict ?? notBegun(tasks[i]!.mode));
}

/**
 * Random runs of a program, on worker threads where there are more than one: the verdict is the same whatever their
 * number. Signals and the bound on time end it after the runs that are under way.
 */
export function exploreRandom(
  exploration: Exploration,
  sent: Sent,
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
          const task: RandomTask = { program: sent, random, bounds, first, count };
          return notRefused((await pool.run(task)) as RandomRuns | Refused);
        },
      }),
    );
  });
}
