import type { Violation } from '../monitors/monitor.ts';

/** One scheduling decision: the thread that takes its step, and which of the step's outcomes occurs. */
export interface Choice {
  readonly thread: number;
  readonly outcome: number;
}

/** Limits that may stop a search before it has seen everything. */
export interface Bounds {
  /** Executions with more preemptions are left out (mode `states`). */
  readonly maxPreemptions?: number;
  /** Executions are cut off after this many steps. */
  readonly maxSteps?: number;
  /** Only in mode `states`. */
  readonly maxStates?: number;
  /** Only in mode `traces`. */
  readonly maxExecutions?: number;
  /** Seconds of this search, or by the clock given in `Watch`. */
  readonly maxTime?: number;
  /** Bytes, as the search itself estimates them. */
  readonly maxMemory?: number;
}

export type Bound = 'preemptions' | 'steps' | 'states' | 'executions' | 'time' | 'memory' | 'interrupted';

/** What the search has covered. */
export interface Stats {
  readonly mode: Mode;
  /** Distinct states (mode `states`). */
  readonly states: number;
  /** Complete executions (modes `traces` and `random`). */
  readonly executions: number;
  /** Steps performed. */
  readonly transitions: number;
  /** The most preemptions and the most steps of any execution examined. */
  readonly preemptions: number;
  readonly steps: number;
  /** Bytes the search held at its end, by its own estimate. */
  readonly bytes: number;
}

export type Mode = 'states' | 'traces' | 'random';

/** The result of a search. */
export type Verdict = Violated | Proved | Undecided;

export interface Violated {
  readonly verdict: 'violated';
  readonly violation: Violation;
  /** The story as choices from the initial state; {@link "replay.ts"} tells it. */
  readonly trace: readonly Choice[];
  readonly preemptions: number;
  readonly steps: number;
  /** Whether no failing execution has fewer preemptions, or the same number and fewer steps. */
  readonly shortest: boolean;
  readonly stats: Stats;
}

export interface Proved {
  readonly verdict: 'proved';
  /** The bounds that left something out; empty if nothing was left out. */
  readonly within: readonly Bound[];
  readonly stats: Stats;
}

export interface Undecided {
  readonly verdict: 'undecided';
  readonly bound: Bound;
  readonly stats: Stats;
  /** In mode `random`: one run finds a bug of depth `depth` with at least this probability. */
  readonly chance?: { readonly depth: number; readonly perRun: number; readonly runs: number };
}
