import type { Failure } from '../../steps/failure.ts';
import type { Step, Value } from '../../steps/step.ts';

/** Something a step reads or writes, by name; two steps depend on each other when they share one and one writes. */
export interface Access {
  readonly name: string;
  readonly write: boolean;
}

/** What came of a step. */
export interface Performed {
  readonly value: Value;
  /** The step could not be performed as asked: the thread ends here. */
  readonly fault?: Fault;
  /** The step took effect but is not over: the thread repeats it. */
  readonly again?: boolean;
}

/** Something that must not happen, as a result. */
export type Fault = Failure;

/**
 * The semantics of data steps over a world `W` of one's own. Locks, RCU, threads, choices and messages are the
 * explorer's; everything else a thread yields is performed by the machine.
 */
export interface Machine<W> {
  initial(): W;
  copy(world: W): W;
  /** Canonical: worlds with equal texts have equal futures. */
  encode(world: W): string;
  /** How many ways the step can go now: 0 while it is blocked, usually 1. */
  outcomes(world: W, thread: number, step: Step): number;
  /** Perform the step in place. `outcome` is below what {@link outcomes} said. */
  perform(world: W, thread: number, step: Step, outcome: number): Performed;
  /**
   * What the step may touch, whatever the world. A step that can be blocked names what blocks it as written,
   * and so does every step that may block or unblock it.
   */
  footprint(step: Step): readonly Access[];
  /** What a report wants to know of a step about to be performed, and the step itself does not say. */
  about?(world: W, step: Step): Value;
}
