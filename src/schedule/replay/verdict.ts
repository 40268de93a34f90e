import type { Violation } from '../monitors/monitor.ts';

/** One scheduling decision: which thread takes its step, and which of the step's outcomes comes about. */
export interface Choice {
  readonly thread: number;
  readonly outcome: number;
}

/** What may stop a search before it has seen everything. */
export interface Bounds {
  /** Executions with more preemptions are left out. */
  readonly maxPreemptions?: number;
  /** Executions are cut off after so many steps. */
  readonly maxSteps?: number;
  readonly maxStates?: number;
  readonly maxExecutions?: number;
  /** Seconds by the clock of {@link Watch}. */
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

/** The outside world as a search sees it: it has no clock and no signals of its own. */
export interface Watch {
  /** Seconds since the search began. */
  readonly elapsed?: () => number;
  /** Whether somebody wants it to stop. */
  readonly stop?: () => boolean;
  /** Told now and then how far it is. */
  readonly progress?: (progress: Progress) => void;
}

export interface Progress {
  readonly states: number;
  readonly executions: number;
  readonly transitions: number;
  readonly preemptions: number;
  readonly steps: number;
  /** Work items waiting now. */
  readonly open: number;
  /** A guess at the part of the work that is done, from 0 to 1; undefined where there is no ground for one. */
  readonly done: number | undefined;
  readonly bytes: number;
}
