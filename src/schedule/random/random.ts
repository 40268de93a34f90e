import { Prng } from '../data/prng.ts';
import { Checks } from '../monitors/checks.ts';
import { standardMonitors } from '../monitors/index.ts';
import type { Monitor, Violation } from '../monitors/monitor.ts';
import type { Program } from '../program/program.ts';
import type { Bound, Choice, Stats, Verdict, Watch } from '../replay/verdict.ts';
import { preemptionsOf, violated } from '../search/explore.ts';
import type { System } from '../semantics/system.ts';
import { systemOf } from '../semantics/system-of.ts';

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

/** Consecutive runs: how long each was, and the first that went wrong, which is then the last. */
export interface Block {
  readonly lengths: readonly number[];
  readonly found: { readonly violation: Violation; readonly trace: readonly Choice[] } | undefined;
  readonly stopped: boolean;
}

/**
 * Probabilistic concurrency testing (Burckhardt and others): threads run by random priorities, and at d - 1
 * random steps the running thread drops below all others. A bug of depth d in a program of n threads and k steps is
 * found by one run with probability at least 1 / (n k^(d-1)). The same seed gives the same runs.
 */
export function explorePct(program: Program, options: RandomOptions = {}): Verdict {
  return concludePct(program, options, [pctBlock(program, options, 0, options.runs ?? RUNS)]);
}

/** Some of the runs; which they are depends on nothing but the seed and their numbers. */
export function pctBlock(program: Program, options: RandomOptions, first: number, count: number): Block {
  const { monitors = standardMonitors, seed = 0, depth = DEPTH, maxSteps = 10_000, watch } = options;
  // One unfolding of the threads serves all runs.
  const system = systemOf(program, monitors, true);
  // How long executions are, by one that never drops a thread.
  const expected = Math.max(1, pctRun(system, [], seed, 1, 1, maxSteps).trace.length);
  const lengths: number[] = [];
  for (let i = first; i < first + count; i++) {
    if (watch?.stop?.()) return { lengths, found: undefined, stopped: true };
    const { violation, trace } = pctRun(system, monitors, seed + i, depth, expected, maxSteps);
    lengths.push(trace.length);
    if (violation !== undefined) return { lengths, found: { violation, trace }, stopped: false };
  }
  return { lengths, found: undefined, stopped: false };
}

/** The verdict of all blocks in order: the first run that went wrong decides, whoever ran it. */
export function concludePct(program: Program, options: RandomOptions, blocks: readonly Block[]): Verdict {
  const last = blocks.findIndex((b) => b.found !== undefined || b.stopped);
  const seen = last < 0 ? blocks : blocks.slice(0, last + 1);
  const lengths = seen.flatMap((b) => b.lengths);
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
  const found = seen.at(-1)?.found;
  if (found !== undefined) return violated(found, preemptionsOf(program, found.trace), false, stats);
  const bound: Bound = seen.at(-1)?.stopped ? 'interrupted' : 'executions';
  const { depth = DEPTH } = options;
  const perRun = 1 / (program.threads.length * longest ** (depth - 1));
  return { verdict: 'undecided', bound, stats, chance: { depth, perRun, runs: lengths.length } };
}

const RUNS = 1000;
const DEPTH = 3;

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
