import type { Failure } from '../../steps/failure.ts';
import type { Step, Value } from '../../steps/step.ts';

/**
 * A named thing that a step reads or writes. Two steps depend on each other if they share one and one of them writes
 * it.
 */
export interface Access {
  readonly name: string;
  readonly write: boolean;
}

/** The result of a step. */
export interface Performed {
  readonly value: Value;
  /** The step could not be performed: the thread ends here. */
  readonly fault?: Fault;
  /** The step took effect but is not complete: the thread repeats it. */
  readonly again?: boolean;
}

/** A failure as the result of a step. */
export type Fault = Failure;

/**
 * The semantics of data steps over a user-defined world `W`. The explorer handles locks, RCU, threads, choices and
 * messages; the machine performs all other steps.
 */
export interface Semantics<W> {
  initial(): W;
  copy(world: W): W;
  /** A canonical text: worlds with equal texts have equal futures. */
  encode(world: W): string;
  /** The number of outcomes the step can have now: 0 while it is blocked, usually 1. */
  outcomes(world: W, thread: number, step: Step): number;
  /** Performs the step in place. `outcome` is less than the number from {@link outcomes}. */
  perform(world: W, thread: number, step: Step, outcome: number): Performed;
  /**
   * What the step may touch in any world. A step that can be blocked names what blocks it as written, and so does every
   * step that may block or unblock it.
   */
  footprint(step: Step): readonly Access[];
  /** Details for a report on a step about to be performed that the step itself does not contain. */
  about?(world: W, step: Step): Value;
}
