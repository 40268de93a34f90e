import type { Step, Steps } from './step.ts';

/** A call of a function by a thread. */
export interface Call {
  /** Of the thread's calls, from 1. */
  readonly nr: number;
  readonly fn: string;
  /** The call as it is written, where a person wrote it. */
  readonly text?: string;
}

/** A step that says which calls it was taken in, the outermost first. */
export type PlacedStep = Step & { readonly by?: readonly Call[] };

/** Passes on the steps of a call, and may take note of it. */
export type Within = <T>(fn: string, steps: Steps<T>, text?: string) => Steps<T>;

/** Takes no note. */
export const unnoted: Within = (_fn, steps) => steps;
