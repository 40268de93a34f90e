import type { Step, Steps } from './step.ts';

/** A call of a function by a thread. */
export interface Call {
  /** The number of the call among the thread's calls, from 1. */
  readonly nr: number;
  readonly fn: string;
  /** The call as a person wrote it, if a person did. */
  readonly text?: string;
}

/** A step with the calls in which it was taken, the outermost first. */
export type PlacedStep = Step & { readonly by?: readonly Call[] };

/** Passes on the steps of a call, and may record the call. */
export type Within = <T>(fn: string, steps: Steps<T>, text?: string) => Steps<T>;

/** Records nothing. */
export const unnoted: Within = (_fn, steps) => steps;
