import { Tinypool } from 'tinypool';
import { notRefused, type Refused } from '../refused.ts';
import { interruptible } from '../stop.ts';

/** Files beside this one. */
type Worker = 'explore-worker' | 'check-worker' | 'options-worker' | 'design-worker' | 'campaign-worker';

/** A worker on so many threads, for as long as the work takes. */
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
 * Tasks on worker threads, one in each at a time. A signal ends it: what has come by then is in its place, the rest undefined.
 * Bad input that a worker answers with ({@link Refused}) ends it, too.
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
