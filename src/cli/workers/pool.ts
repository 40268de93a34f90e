import { Tinypool } from 'tinypool';
import { notRefused, type Refused } from '../refused.ts';
import { interruptible } from '../stop.ts';

/** The worker modules beside this file. */
type Worker = 'explore-worker' | 'check-worker' | 'options-worker' | 'campaign-worker';

/** Runs work with a worker on several threads, which end with the work. */
export async function withPool<T>(
  worker: Worker,
  threads: number,
  work: (pool: Tinypool) => Promise<T>,
): Promise<T> {
  const filename = new URL(`./${worker}.js`, import.meta.url).href;
  const pool = new Tinypool({ filename, minThreads: threads, maxThreads: threads });
  try {
    return await work(pool);
  } finally {
    await pool.destroy();
  }
}

/**
 * Runs tasks on worker threads, one per thread at a time. After a signal the results so far are in their places and the
 * rest is undefined. A worker's answer that the input is bad ({@link Refused}) ends the work as well.
 * @param done called with each result as it comes, in any order
 */
export function inPool<Task, Result extends object>(
  worker: Worker,
  tasks: readonly Task[],
  threads: number,
  done: (result: Result, index: number) => void = () => {},
): Promise<(Result | undefined)[]> {
  const results: (Result | undefined)[] = tasks.map(() => undefined);
  const lanes = Math.min(threads, Math.max(1, tasks.length));
  return interruptible((signal) =>
    withPool(worker, lanes, async (pool) => {
      let next = 0;
      const lane = async (): Promise<void> => {
        while (next < tasks.length && !signal.aborted) {
          const index = next++;
          try {
            const result = notRefused((await pool.run(tasks[index]!, { signal })) as Result | Refused);
            results[index] = result;
            done(result, index);
          } catch (error) {
            if (!signal.aborted) throw error;
          }
        }
      };
      await Promise.all(Array.from({ length: lanes }, lane));
      return results;
    }),
  );
}
