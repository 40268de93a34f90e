import { standardMonitors } from '../monitors/index.ts';
import { Checks } from './check.ts';
import { preemptionsOf, systemOf, violated } from './explore.ts';
import type { Monitor, Violation } from './monitor.ts';
import { Prng } from './prng.ts';
import type { Program } from './program.ts';
import type { System } from './system.ts';
import type { Bound, Choice, Stats, Verdict, Watch } from './verdict.ts';

export interface RandomOptions {
  readonly monitors?: readonly Monitor[];
  readonly seed?: number;
  /** Executions to run. */
  readonly runs?: number;
  /** The number of ordering constraints of the bugs looked for (d in the literature). */
  readonly depth?: number;
  /** The longest execution; longer ones are cut off. */
  readonly maxSteps?: number;
  readonly watch?: Watch;
}

/** One random execution: what went wrong in it, if anything, and how it went. */
export interface Run {
  readonly violation: Violation | undefined;
  readonly trace: readonly Choice[];
  readonly cut: boolean;
}

/**
 * Probabilistic concurrency testing (Burckhardt and others): threads run by random priorities, and at d - 1
 * random steps the running thread drops below all others. A bug of depth d in a program of n threads and k steps is
 * found by one run with probability at least 1 / (n k^(d-1)). The same seed gives the same runs.
 */
export function explorePct(program: Program, options: RandomOptions = {}): Verdict {
  const { monitors = standardMonitors, seed = 0, runs = 1000, depth = 3, maxSteps = 10_000, watch } = options;
  let longest = 1;
  let transitions = 0;
  let done = 0;
  let stopped: Bound = 'executions';
  const stats = (): Stats => ({
    mode: 'random',
    states: 0,
    executions: done,
    transitions,
    preemptions: 0,
    steps: longest,
    bytes: 0,
  });
  // One unfolding of the threads serves all runs.
  const system = systemOf(program, monitors, true);
  for (; done < runs; done++) {
    if (watch?.stop?.()) {
      stopped = 'interrupted';
      break;
    }
    const run = pctRun(system, monitors, seed + done, depth, longest, maxSteps);
    transitions += run.trace.length;
    longest = Math.max(longest, run.trace.length);
    if (run.violation !== undefined) {
      done++;
      const found = { violation: run.violation, trace: run.trace };
      return violated(found, preemptionsOf(program, run.trace), false, stats());
    }
    watch?.progress?.({ ...stats(), open: runs - done, done: done / runs });
  }
  const perRun = 1 / (program.threads.length * longest ** (depth - 1));
  return { verdict: 'undecided', bound: stopped, stats: stats(), chance: { depth, perRun, runs: done } };
}

/** One run with one seed. `length` is how long executions are expected to be. */
export function pctRun(
  system: System,
  monitors: readonly Monitor[],
  seed: number,
  depth: number,
  length: number,
  maxSteps: number,
): Run {
  for (const m of monitors) m.memory?.load(undefined);
  const checks = new Checks(system, monitors);
  const random = new Prng(seed);
  // Higher runs first; the priorities 0 .. depth - 2 are kept for threads that drop.
  const priority = random.shuffle(system.program.threads.map((_, t) => depth - 1 + t));
  const drops = Array.from({ length: depth - 1 }, () => random.below(length));
  let v = system.initial();
  const trace: Choice[] = [];
  let violation = checks.state(v);
  while (violation === undefined) {
    const enabled = system.enabled(v);
    if (enabled === 0) return { violation: checks.halt(v), trace, cut: false };
    if (trace.length >= maxSteps) return { violation: undefined, trace, cut: true };
    let thread = highest(enabled, priority);
    drops.forEach((at, i) => {
      if (at === trace.length) priority[thread] = i;
    });
    thread = highest(enabled, priority);
    const outcome = random.below(system.outcomes(v, thread, v[thread]!));
    violation = checks.watchesLocks ? checks.beforeStep(v, thread) : undefined;
    system.perform(v, thread, outcome);
    if (system.width > v.length) {
      const wide = new Int32Array(system.width * 2);
      wide.set(v);
      v = wide;
    }
    trace.push({ thread, outcome });
    violation ??= checks.step() ?? checks.state(v);
  }
  return { violation, trace, cut: false };
}

function highest(enabled: number, priority: readonly number[]): number {
  let best = -1;
  for (let t = 0; t < priority.length; t++) {
    if (enabled & (1 << t) && (best < 0 || priority[t]! > priority[best]!)) best = t;
  }
  return best;
}
