import { setImmediate } from 'node:timers/promises';
import type { Watched } from '../../schedule/programs/programs.ts';
import { type Block, concludePct, pctBlock, type RandomOptions } from '../../schedule/random/random.ts';
import type { Bound, Mode, Undecided, Verdict } from '../../schedule/replay/verdict.ts';
import { interruptible } from '../stop.ts';
import type { RandomTask, SearchTask } from './explore-worker.ts';
import { in_pool, with_pool } from './pool.ts';

/** Random runs made between two looks at the clock and at signals. */
const BLOCK = 64;

/** The verdict on a program nobody got round to. */
export function notBegun(mode: Mode): Undecided {
  const stats = { mode, states: 0, executions: 0, transitions: 0, preemptions: 0, steps: 0, bytes: 0 };
  return { verdict: 'undecided', bound: 'interrupted', stats };
}

/** Explore programs on worker threads, one in each at a time; the verdicts come in the order of the tasks. */
export async function exploreOnThreads(tasks: readonly SearchTask[], threads: number): Promise<Verdict[]> {
  const verdicts = await in_pool<SearchTask, Verdict>('explore-worker', tasks, threads);
  return verdicts.map((verdict, i) => verdict ?? notBegun(tasks[i]!.mode));
}

/**
 * Random runs of a program, on worker threads where there are more than one: the verdict is the same whatever their
 * number. Signals and `maxTime` (seconds) end it after the blocks that are under way.
 */
export async function exploreRandom(
  { program, monitors }: Watched,
  random: RandomOptions & { readonly runs: number },
  threads: number,
  maxTime: number,
): Promise<Verdict> {
  const began = performance.now();
  const late = () => performance.now() - began > maxTime * 1000;
  const blocks: Block[] = [];
  let stopped: Bound | undefined;
  const drive = async (signal: AbortSignal, run: (first: number, count: number) => Promise<Block>) => {
    let next = 0;
    let found = false;
    const lane = async () => {
      while (next < random.runs && !found && stopped === undefined) {
        const first = next;
        next += BLOCK;
        await setImmediate();
        if (signal.aborted) stopped = 'interrupted';
        else if (late()) stopped = 'time';
        const block =
          stopped === undefined
            ? await run(first, Math.min(BLOCK, random.runs - first))
            : { lengths: [], found: undefined, stopped: true };
        blocks[first / BLOCK] = block;
        found ||= block.found !== undefined;
      }
    };
    await Promise.all(Array.from({ length: threads }, lane));
  };
  await interruptible((signal) =>
    threads === 1
      ? drive(signal, async (first, count) => pctBlock(program, { ...random, monitors }, first, count))
      : with_pool('explore-worker', threads, (pool) =>
          drive(signal, (first, count) => {
            const task: RandomTask = { program: program.name, random, first, count };
            return pool.run(task) as Promise<Block>;
          }),
        ),
  );
  const verdict = concludePct(program, random, blocks);
  const cut = verdict.verdict === 'undecided' && verdict.bound === 'interrupted';
  return cut && stopped !== undefined ? { ...verdict, bound: stopped } : verdict;
}
