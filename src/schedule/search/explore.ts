import { standardMonitors } from '../monitors/index.ts';
import type { Monitor, Violation } from '../monitors/monitor.ts';
import type { Program } from '../program/program.ts';
import { replay } from '../replay/replay.ts';
import type { Bounds, Choice, Stats, Verdict, Watch } from '../replay/verdict.ts';
import { systemOf } from '../semantics/system-of.ts';
import { type Outcome, StatesSearch } from '../states/states.ts';
import { TracesSearch } from '../traces/traces.ts';

export interface ExploreOptions {
  readonly monitors?: readonly Monitor[];
  readonly bounds?: Bounds;
  readonly watch?: Watch;
  /** Leave out orders of independent steps (default). */
  readonly reduce?: boolean;
  /** Let threads forget what their loop heads do not keep (default). */
  readonly forget?: boolean;
}

/** A states search of a program, not yet run. */
export function statesSearch(
  program: Program,
  options: ExploreOptions & { readonly bySteps?: boolean } = {},
): StatesSearch {
  const { monitors = standardMonitors, bounds = {}, watch = {}, reduce = true, forget = true } = options;
  const { bySteps = false } = options;
  return new StatesSearch(systemOf(program, monitors, forget), { monitors, bounds, watch, reduce, bySteps });
}

/** Decide whether anything the monitors watch for can happen in any interleaving, and tell the shortest story. */
export function explore(program: Program, options: ExploreOptions = {}): Verdict {
  const search = statesSearch(program, options);
  return conclude(program, options, search, search.run());
}

/** The same question, decided by one execution for every Mazurkiewicz trace. Any failure will do: it need not be the shortest. */
export function exploreTraces(program: Program, options: ExploreOptions = {}): Verdict {
  const search = tracesSearch(program, options);
  return concludeTraces(program, search, search.run());
}

/** A traces search of a program, not yet run. */
export function tracesSearch(program: Program, options: ExploreOptions = {}): TracesSearch {
  const { monitors = standardMonitors, bounds = {}, watch = {}, forget = true } = options;
  return new TracesSearch(systemOf(program, monitors, forget), { monitors, bounds, watch });
}

/** Turn the end of a traces search into a verdict. */
export function concludeTraces(program: Program, search: TracesSearch, outcome: Outcome): Verdict {
  const { stats } = search;
  if (outcome.end === 'complete') return { verdict: 'proved', within: outcome.within, stats };
  if (outcome.end === 'stopped') return { verdict: 'undecided', bound: outcome.bound, stats };
  return violated(outcome, preemptionsOf(program, outcome.trace), false, stats);
}

/** Turn the end of a search into a verdict; where it takes another search to say more, run that. */
export function conclude(
  program: Program,
  options: ExploreOptions,
  search: StatesSearch,
  outcome: Outcome,
): Verdict {
  const more = furtherSearch(program, options, search, outcome);
  if (more === undefined) return decided(search, outcome, options.reduce === false);
  return concludeFurther(search, outcome, more, more.run());
}

/**
 * The search that has the last word after a search of states, if there is one. A story found with reduction is told
 * again without it: the reduced search keeps the fewest preemptions but may add steps that only had to be done with.
 * Where executions were cut off and nothing was found, one that counts steps decides.
 */
export function furtherSearch(
  program: Program,
  options: ExploreOptions,
  search: StatesSearch,
  outcome: Outcome,
): StatesSearch | undefined {
  if (outcome.end === 'violation' && options.reduce !== false) {
    const bounds = { ...options.bounds, maxPreemptions: search.layer, maxSteps: outcome.trace.length };
    return statesSearch(program, { ...options, bounds, reduce: false });
  }
  if (outcome.end === 'complete' && outcome.within.includes('steps'))
    return statesSearch(program, { ...options, reduce: false, bySteps: true });
  return undefined;
}

/** What both searches come to. */
export function concludeFurther(
  search: StatesSearch,
  outcome: Outcome,
  further: StatesSearch,
  again: Outcome,
): Verdict {
  if (outcome.end !== 'violation') return decided(further, again, true);
  if (again.end === 'violation') return violated(again, further.layer, true, search.stats);
  return violated(outcome, search.layer, false, search.stats);
}

function decided(search: StatesSearch, outcome: Outcome, shortest: boolean): Verdict {
  const { stats } = search;
  if (outcome.end === 'complete') return { verdict: 'proved', within: outcome.within, stats };
  if (outcome.end === 'stopped') return { verdict: 'undecided', bound: outcome.bound, stats };
  return violated(outcome, search.layer, shortest, stats);
}

/** How often an execution leaves a thread that could go on. */
export function preemptionsOf(program: Program, trace: readonly Choice[]): number {
  return replay(program, trace, []).events.filter((e) => e.preempts).length;
}

export function violated(
  found: { readonly violation: Violation; readonly trace: readonly Choice[] },
  preemptions: number,
  shortest: boolean,
  stats: Stats,
): Verdict {
  const { violation, trace } = found;
  return { verdict: 'violated', violation, trace, preemptions, steps: trace.length, shortest, stats };
}
