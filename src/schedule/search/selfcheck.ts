import { standardMonitors } from '../monitors/index.ts';
import type { Monitor } from '../monitors/monitor.ts';
import type { Program } from '../program/program.ts';
import { systemOf } from '../semantics/system-of.ts';
import { StatesSearch } from '../states/states.ts';
import { TracesSearch } from '../traces/traces.ts';

/** Everything a program can come to: what goes wrong, and the states in which nothing moves any more. */
export interface Reachable {
  readonly violations: readonly string[];
  readonly finals: readonly string[];
}

/** Where two ways to explore the same program disagree. */
export interface Disagreement {
  readonly between: readonly [string, string];
  readonly what: 'violation' | 'final state' | 'redundant executions';
  /** Found by the first only, or by the second only. */
  readonly onlyFirst: readonly string[];
  readonly onlySecond: readonly string[];
}

/** All that is reachable by the stateful search, with or without what makes it fast. */
export function reachableStates(
  program: Program,
  fast: boolean,
  monitors: readonly Monitor[] = standardMonitors,
): Reachable {
  return atOnce(statesInSlices(program, fast, monitors));
}

/** All that is reachable by one execution for every trace. */
export function reachableTraces(
  program: Program,
  monitors: readonly Monitor[] = standardMonitors,
): ReachableTraces {
  return atOnce(tracesInSlices(program, monitors));
}

type ReachableTraces = Reachable & { readonly executions: number; readonly redundant: number };

/** Stop at every look, so that whoever drives it has a turn. */
const watch = { stop: () => true };

function* statesInSlices(
  program: Program,
  fast: boolean,
  monitors: readonly Monitor[],
): Generator<undefined, Reachable> {
  const options = { monitors, reduce: fast, all: true, watch };
  const search = new StatesSearch(systemOf(program, monitors, fast), options);
  while (search.run().end === 'stopped') yield;
  return { violations: [...search.violations.keys()].sort(), finals: [...search.finals].sort() };
}

function* tracesInSlices(
  program: Program,
  monitors: readonly Monitor[],
): Generator<undefined, ReachableTraces> {
  const search = new TracesSearch(systemOf(program, monitors, true), { monitors, all: true, watch });
  while (search.run().end === 'stopped') yield;
  return {
    violations: [...search.violations.keys()].sort(),
    finals: [...search.finals].sort(),
    executions: search.executions,
    redundant: search.redundant,
  };
}

function atOnce<T>(slices: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}

/**
 * Explore a small program in full three ways: states as always, states with forgetting and reduction off, and
 * traces; say where they disagree. Any disagreement is a defect of the explorer, or of a loop head that keeps too little.
 */
export function selfCheck(program: Program, monitors: readonly Monitor[] = standardMonitors): Disagreement[] {
  return atOnce(selfCheckInSlices(program, monitors));
}

/** The same, yielding often. */
export function* selfCheckInSlices(
  program: Program,
  monitors: readonly Monitor[],
): Generator<undefined, Disagreement[]> {
  const plain = yield* statesInSlices(program, false, monitors);
  const traces = yield* tracesInSlices(program, monitors);
  const found = [
    ...compare('states', yield* statesInSlices(program, true, monitors), 'plain states', plain),
    ...compare('plain states', plain, 'traces', traces),
  ];
  if (traces.redundant > 0) {
    const count = [`${traces.redundant} of ${traces.executions}`];
    found.push({
      between: ['traces', 'optimal'],
      what: 'redundant executions',
      onlyFirst: count,
      onlySecond: [],
    });
  }
  return found;
}

function compare(nameA: string, a: Reachable, nameB: string, b: Reachable): Disagreement[] {
  const between = [nameA, nameB] as const;
  const difference = (
    what: Disagreement['what'],
    x: readonly string[],
    y: readonly string[],
  ): Disagreement[] => {
    const onlyFirst = x.filter((s) => !y.includes(s));
    const onlySecond = y.filter((s) => !x.includes(s));
    return onlyFirst.length + onlySecond.length === 0 ? [] : [{ between, what, onlyFirst, onlySecond }];
  };
  return [
    ...difference('violation', a.violations, b.violations),
    ...difference('final state', a.finals, b.finals),
  ];
}
