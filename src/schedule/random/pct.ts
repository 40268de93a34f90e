import { Prng } from '../data/prng.ts';
import { Checks } from '../monitors/checks.ts';
import type { Monitor, Violation } from '../monitors/monitor.ts';
import type { Choice } from '../replay/verdict.ts';
import type { System } from '../semantics/system.ts';

/** One random execution: its failure, if any, and its choices. */
export interface RandomRun {
  readonly violation: Violation | undefined;
  readonly trace: readonly Choice[];
  readonly cut: boolean;
}

/** One run with one seed. `length` is the expected length of executions in steps. */
export function pctRun(
  system: System,
  monitors: readonly Monitor[],
  seed: number,
  depth: number,
  length: number,
  maxSteps: number,
): RandomRun {
  for (const m of monitors) m.memory?.load(undefined);
  const checks = new Checks(system, monitors);
  const random = new Prng(seed);
  // Higher priorities run first; priorities 0 .. depth - 2 are reserved for threads that drop.
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
