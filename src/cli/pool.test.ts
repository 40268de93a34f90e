import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { explore, exploreTraces } from '../schedule/explore.ts';
import { hotrm } from '../schedule/hotrm.ts';
import { explorePct } from '../schedule/random.ts';
import { exploreAll, explorePctAll, type Job } from './pool.ts';

// Worker threads run what the build made.
const worker = new URL('../../dist/cli/pool-worker.js', import.meta.url);
const module = new URL('../../dist/schedule/hotrm.js', import.meta.url).href;
const job = (n: number, mode: 'states' | 'traces' = 'states'): Job => ({
  module,
  program: 'hotrm',
  args: [n],
  mode,
});

describe.skipIf(!existsSync(worker))('on worker threads (needs a build)', () => {
  test.each([1, 2, 3])('%i workers: the same verdicts and the same stories', async (workers) => {
    const jobs = [1, 2, 3, 4, 5, 6].flatMap((n) => [job(n), job(n, 'traces')]);
    const expected = [1, 2, 3, 4, 5, 6].flatMap((n) => [explore(hotrm(n)), exploreTraces(hotrm(n))]);
    expect(await exploreAll(jobs, { workers, worker })).toEqual(expected);
  });

  test.each([1, 2, 3])('%i workers: the same random runs', async (workers) => {
    for (const seed of [1, 2, 3]) {
      const random = { seed, runs: 300, depth: 2 };
      expect(await explorePctAll(job(12), random, { workers, worker })).toEqual(
        explorePct(hotrm(12), random),
      );
    }
  });
});
