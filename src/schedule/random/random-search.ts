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
  /** The first of the seeds; without it 0. */
  readonly seed?: number;
  /** Executions to run; without it 1000. */
  readonly runs?: number;
  /** The number of ordering constraints of the bugs looked for (d in the literature); without it 3. */
  readonly depth?: number;
}

/** Consecutive runs as plain data: how long each was, and the first that went wrong, which is then the last. */
export interface RandomRuns {
  readonly lengths: readonly number[];
  readonly found: { readonly violation: Violation; readonly trace: readonly Choice[] } | undefined;
}

/** Makes runs in other threads, `count` of which work at once: each calls {@link RandomSearch.runs} of the same search there. */
export interface RandomWorkers {
  readonly count: number;
  run(first: number, count: number): Promise<RandomRuns>;
}

/** Random runs made between two looks at the clock and at signals. */
const BLOCK = 64;

/** Where no bound on steps is given: longer executions are cut off. */
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

  /** Make all runs, and block the event loop meanwhile. Later calls return the same verdict. */
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
   * The same, but the event loop runs after every 64 runs. With workers, they make the runs; the verdict does not depend on
   * how many there are.
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

  /** Some of the runs; what comes of them depends on nothing but the seed and their numbers. */
  runs(first: number, count: number): RandomRuns {
    const { program, monitors, bounds } = this.#question;
    const { maxSteps = MAX_STEPS } = bounds;
    // One unfolding of the threads serves all runs.
    const system = systemOf(program, monitors, true);
    // How long executions are, by one that never drops a thread.
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

  /** The execution that goes wrong, step by step. Throws where there is none. */
  story(): Story {
    return tell(this.#question, this.verdict());
  }

  /** The same execution as a short text, which `replay` of the program's exploration reads. */
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

  /** All blocks in order, up to one that nobody has run: the first run that went wrong decides, whoever ran it. */
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
