import type { Step, Steps } from './step.ts';

/** A call of a function by a thread. */
export interface Call {
  /**
   * The number of the call among the thread's calls, from 1. Below 1 it is the number inside the call around it, which
   * is added to that call's.
   */
  readonly nr: number;
  readonly fn: string;
  /** The call as a person wrote it, if a person did. */
  readonly text?: string;
}

/** A line of C. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  /** What stands there, if the tree is at hand. */
  readonly text?: string;
  /** Variables of its function, before the step; those that tell where in the address space the thread is. */
  readonly variables?: readonly { readonly name: string; readonly value: string }[];
  /** How the C accesses memory: volatile once as written; a plain access may be done twice, or not at all. */
  readonly access?: 'plain' | 'volatile' | 'atomic';
}

/** A step with the calls in which it was taken, the outermost first, and the line of C that takes it, if one does. */
export type PlacedStep = Step & { readonly by?: readonly Call[]; readonly line?: SourceLine };

/** Passes on the steps of a call, and may record the call. */
export type Within = <T>(fn: string, steps: Steps<T>, text?: string) => Steps<T>;

/** Records nothing. */
export const unnoted: Within = (_fn, steps) => steps;
