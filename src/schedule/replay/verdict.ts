import type { Violation } from '../monitors/monitor.ts';

/** One scheduling decision: which thread takes its step, and which of the step's outcomes comes about. */
export interface Choice {
  readonly thread: number;
  readonly outcome: number;
}

/** What may stop a search before it has seen everything. */
export interface Bounds {
  /** Executions with more preemptions are left out (mode `states`). */
  readonly maxPreemptions?: number;
  /** Executions are cut off after so many steps. */
  readonly maxSteps?: number;
  /** Of mode `states`. */
  readonly maxStates?: number;
  /** Of mode `traces`. */
  readonly maxExecutions?: number;
  /** Seconds, of this search or by a clock of one's own. */
  readonly maxTime?: number;
  /** Bytes, as the search itself counts them. */
  readonly maxMemory?: number;
}

export type Bound = 'preemptions' | 'steps' | 'states' | 'executions' | 'time' | 'memory' | 'interrupted';

/** How much was seen. */
export interface Stats {
  readonly mode: Mode;
  /** Distinct states (mode `states`). */
  readonly states: number;
  /** Complete executions (modes `traces` and `random`). */
  readonly executions: number;
  /** Steps performed. */
  readonly transitions: number;
  /** The most preemptions and the most steps of any execution looked at. */
  readonly preemptions: number;
  readonly steps: number;
  /** Bytes the search held at its end, by its own count. */
  readonly bytes: number;
}

export type Mode = 'states' | 'traces' | 'random';

/** What a search came to. */
export type Verdict = Violated | Proved | Undecided;

export interface Violated {
  readonly verdict: 'violated';
  readonly violation: Violation;
  /** The story as choices from the initial state; {@link "replay.ts"} tells it. */
  readonly trace: readonly Choice[];
  readonly preemptions: number;
  readonly steps: number;
  /** Whether no execution with fewer preemptions, or as many and fewer steps, goes wrong. */
  readonly shortest: boolean;
  readonly stats: Stats;
}

export interface Proved {
  readonly verdict: 'proved';
  /** What was left out; empty when nothing was. */
  readonly within: readonly Bound[];
  readonly stats: Stats;
}

export interface Undecided {
  readonly verdict: 'undecided';
  readonly bound: Bound;
  readonly stats: Stats;
  /** In mode `random`: a bug of depth `depth` is found by one run with at least this probability. */
  readonly chance?: { readonly depth: number; readonly perRun: number; readonly runs: number };
}
