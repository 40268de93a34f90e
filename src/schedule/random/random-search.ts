import type { Violation } from '../monitors/monitor.ts';
import type { Story } from '../replay/replay.ts';
import { tell, tokenOf } from '../replay/tell.ts';
import type { Bound, Choice, Stats, Verdict } from '../replay/verdict.ts';
import { preemptionsOf, violated } from '../replay/violated.ts';
import { Pace, type Watch } from '../search/pace.ts';
import type { Question } from '../search/question.ts';
import { systemOf } from '../semantics/system-of.ts';
import { pctRun } from './pct.ts';

export interface RandomOptions {
  /** The first of the seeds; default 0. */
  readonly seed?: number;
  /** The number of executions; default 1000. */
  readonly runs?: number;
  /** The number of ordering constraints of the bugs to find (d in the literature); default 3. */
  readonly depth?: number;
}

/** Consecutive runs as plain data: the length of each, and the first that failed, which is then the last. */
export interface RandomRuns {
  readonly lengths: readonly number[];
  readonly found: { readonly violation: Violation; readonly trace: readonly Choice[] } | undefined;
}

/**
 * Makes runs in other threads, `count` of them at once. Each calls {@link RandomSearch.runs} of the same search in its
 * thread.
 */
export interface RandomWorkers {
  readonly count: number;
  run(first: number, count: number): Promise<RandomRuns>;
}

/** The number of random runs between two checks of the clock and of signals. */
const BLOCK = 64;

/** The limit on steps if no bound is given: longer executions are cut off. */
const MAX_STEPS = 10_000;

/**
 * Probabilistic concurrency testing (Burckhardt and others): threads run by random priorities, and at d - 1
 * random steps the running thread drops below all others. A bug of depth d in a program of n threads and k steps is
 * found by one run with probability at least 1 / (n k^(d-1)). The same seed gives the same runs.
 */
export class RandomSearch {
  readonly mode = 'random';
  readonly #question: Question;
  readonly #pace: Pace;
  readonly #seed: number;
  readonly #runs: number;
  readonly #depth: number;
  #verdict: Verdict | undefined;

  constructor(question: Question, watch: Watch, { seed = 0, runs = 1000, depth = 3 }: RandomOptions) {
    this.#question = question;
    this.#pace = new Pace(watch);
    this.#seed = seed;
    this.#runs = runs;
    this.#depth = depth;
  }

  /** Makes all runs, and blocks the event loop meanwhile. Later calls return the same verdict. */
  verdict(): Verdict {
    if (this.#verdict !== undefined) return this.#verdict;
    this.#pace.begin();
    const blocks: RandomRuns[] = [];
    let stopped: Bound | undefined;
    for (let first = 0; first < this.#runs && blocks.at(-1)?.found === undefined; first += BLOCK) {
      stopped = this.#stopped();
      if (stopped !== undefined) break;
      blocks.push(this.runs(first, this.#blockAt(first)));
    }
    return this.#conclude(blocks, stopped);
  }

  /**
   * Makes all runs; the event loop runs after every 64 runs. If workers are given, they make the runs; the verdict does
   * not depend on their number.
   */
  async finish(workers: RandomWorkers = this.#alone): Promise<Verdict> {
    if (this.#verdict !== undefined) return this.#verdict;
    const blocks: RandomRuns[] = [];
    let next = 0;
    let found = false;
    let stopped: Bound | undefined;
    const lane = async (): Promise<void> => {
      while (next < this.#runs && !found && stopped === undefined) {
        const first = next;
        next += BLOCK;
        await this.#pace.turn();
        stopped ??= this.#stopped();
        if (stopped !== undefined) return;
        const block = await workers.run(first, this.#blockAt(first));
        blocks[first / BLOCK] = block;
        found ||= block.found !== undefined;
      }
    };
    await Promise.all(Array.from({ length: workers.count }, lane));
    return this.#conclude(blocks, stopped);
  }

  /** Makes some of the runs. The result depends only on the seed and their numbers. */
  runs(first: number, count: number): RandomRuns {
    const { program, monitors, bounds } = this.#question;
    const { maxSteps = MAX_STEPS } = bounds;
    // One unfolding of the threads serves all runs.
    const system = systemOf(program, monitors, true);
    // The length of executions is estimated by one that never drops a thread.
    const expected = Math.max(1, pctRun(system, [], this.#seed, 1, 1, maxSteps).trace.length);
    const lengths: number[] = [];
    for (let i = first; i < first + count; i++) {
      const seed = this.#seed + i;
      const { violation, trace } = pctRun(system, monitors, seed, this.#depth, expected, maxSteps);
      lengths.push(trace.length);
      if (violation !== undefined) return { lengths, found: { violation, trace } };
    }
    return { lengths, found: undefined };
  }

  /** The failing execution, step by step. Throws if there is none. */
  story(): Story {
    return tell(this.#question, this.verdict());
  }

  /** The same execution as a short text that `replay` of the program's exploration reads. */
  token(): string {
    return tokenOf(this.#question, this.verdict());
  }

  get #alone(): RandomWorkers {
    return { count: 1, run: async (first, count) => this.runs(first, count) };
  }

  #blockAt(first: number): number {
    return Math.min(BLOCK, this.#runs - first);
  }

  #stopped(): Bound | undefined {
    const { maxTime = Infinity } = this.#question.bounds;
    if (this.#pace.interrupted) return 'interrupted';
    return this.#pace.elapsed() > maxTime ? 'time' : undefined;
  }

  /**
   * The verdict from all blocks in order, up to the first that has not run: the first run that failed decides,
   * whichever thread ran it.
   */
  #conclude(blocks: readonly (RandomRuns | undefined)[], stopped: Bound | undefined): Verdict {
    const { program } = this.#question;
    const lengths: number[] = [];
    let found: RandomRuns['found'];
    for (let i = 0; found === undefined && blocks[i] !== undefined; i++) {
      lengths.push(...blocks[i]!.lengths);
      found = blocks[i]!.found;
    }
    const longest = lengths.reduce((a, b) => Math.max(a, b), 1);
    const stats: Stats = {
      mode: 'random',
      states: 0,
      executions: lengths.length,
      transitions: lengths.reduce((a, b) => a + b, 0),
      preemptions: 0,
      steps: longest,
      bytes: 0,
    };
    const depth = this.#depth;
    this.#verdict =
      found !== undefined
        ? violated(found, preemptionsOf(program, found.trace), false, stats)
        : {
            verdict: 'undecided',
            bound: stopped ?? 'executions',
            stats,
            chance: {
              depth,
              perRun: 1 / (program.threads.length * longest ** (depth - 1)),
              runs: lengths.length,
            },
          };
    return this.#verdict;
  }
}
