import type { Monitor } from '../monitors/monitor.ts';
import type { Program } from '../program/program.ts';
import { systemOf } from '../semantics/system-of.ts';
import { StatesSearch } from '../states/states.ts';
import { TracesSearch } from '../traces/traces.ts';

/** Everything a program can reach: its failures, and the states in which nothing can move. */
export interface Reachable {
  readonly violations: readonly string[];
  readonly finals: readonly string[];
}

/** All that is reached by one execution per trace. */
export function reachableTraces(program: Program, monitors: readonly Monitor[]): ReachableTraces {
  return atOnce(tracesInSlices(program, monitors));
}

type ReachableTraces = Reachable & { readonly executions: number; readonly redundant: number };

/** Stops at every check, so that the driver regains control. */
const control = { stop: () => true };

/** All that the stateful search reaches, with or without its optimisations; yields often. */
export function* statesInSlices(
  program: Program,
  fast: boolean,
  monitors: readonly Monitor[],
): Generator<undefined, Reachable> {
  const options = { monitors, reduce: fast, all: true, control };
  const search = new StatesSearch(systemOf(program, monitors, fast), options);
  while (search.run().end === 'stopped') yield;
  return { violations: [...search.violations.keys()].sort(), finals: [...search.finals].sort() };
}

/** The same as {@link reachableTraces}, yielding often. */
export function* tracesInSlices(
  program: Program,
  monitors: readonly Monitor[],
): Generator<undefined, ReachableTraces> {
  const search = new TracesSearch(systemOf(program, monitors, true), { monitors, all: true, control });
  while (search.run().end === 'stopped') yield;
  return {
    violations: [...search.violations.keys()].sort(),
    finals: [...search.finals].sort(),
    executions: search.executions,
    redundant: search.redundant,
  };
}

export function atOnce<T>(slices: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}
