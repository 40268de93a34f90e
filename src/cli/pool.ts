import { availableParallelism } from 'node:os';
import { Tinypool } from 'tinypool';
import { type Block, concludePct, type RandomOptions } from '../schedule/random.ts';
import type { Bounds, Verdict } from '../schedule/verdict.ts';
import { load } from './pool-worker.ts';

/** A program to explore, by the module and the names of the functions that make it and its monitors. */
export interface Job {
  /** The URL of a module. */
  readonly module: string;
  readonly program: string;
  readonly args?: readonly unknown[];
  readonly monitors?: string;
  readonly mode?: 'states' | 'traces';
  readonly bounds?: Bounds;
}

/** Some of the random runs of a program. */
export interface PctJob extends Job {
  readonly random: Omit<RandomOptions, 'monitors' | 'watch'>;
  readonly first: number;
  readonly count: number;
}

export interface PoolOptions {
  /** Worker threads; by default one for every core. */
  readonly workers?: number;
  /** Where the worker's code is. */
  readonly worker?: URL;
}

/** Random runs a worker is given at a time. */
const BLOCK = 64;

async function withPool<T>(options: PoolOptions, work: (pool: Tinypool) => Promise<T>): Promise<T> {
  const { workers = availableParallelism(), worker = new URL('./pool-worker.js', import.meta.url) } = options;
  const pool = new Tinypool({ filename: worker.href, minThreads: workers, maxThreads: workers });
  try {
    return await work(pool);
  } finally {
    await pool.destroy();
  }
}

/** Explore many programs, one in each worker at a time. The verdicts come in the order of the jobs. */
export function exploreAll(jobs: readonly Job[], options: PoolOptions = {}): Promise<Verdict[]> {
  return withPool(options, (pool) => Promise.all(jobs.map((job) => pool.run(job) as Promise<Verdict>)));
}

/** Run random executions of one program on all workers: the verdict is that of running them one after the other. */
export async function explorePctAll(
  job: Job,
  random: Omit<RandomOptions, 'monitors' | 'watch'>,
  options: PoolOptions = {},
): Promise<Verdict> {
  const runs = random.runs ?? 1000;
  const tasks: PctJob[] = [];
  for (let first = 0; first < runs; first += BLOCK) {
    tasks.push({ ...job, random, first, count: Math.min(BLOCK, runs - first) });
  }
  const blocks = await withPool(options, (pool) =>
    Promise.all(tasks.map((task) => pool.run(task) as Promise<Block>)),
  );
  const { program } = await load(job);
  return concludePct(program, random, blocks);
}
