import type { Failure } from '../../steps/failure.ts';
import type { Fault } from '../program/semantics.ts';
import type { View } from '../semantics/view.ts';

/**
 * A property that must hold, as an observer that never acts. Each hook returns the failure, or undefined. A monitor
 * sees one interleaving at a time but many in one search; only {@link acquire} may remember across them, in `memory`.
 */
export interface Monitor {
  readonly name: string;
  /** A step could not be performed, or warned. */
  fault?(fault: Fault): Failure | undefined;
  /** No thread can move, and some threads that should have ended have not. */
  stuck?(view: View): Failure | undefined;
  /** Only one thread can move, and it returns to the same state: only a signal would end its loop in `where`. */
  spins?(view: View, thread: string, where: string): Failure | undefined;
  /** Every thread has ended. */
  end?(view: View): Failure | undefined;
  /** Any state. What the hook reads limits the reduction, so it should read little. */
  state?(view: View): Failure | undefined;
  /** A thread that holds `held` takes `lock`. */
  acquire?(thread: string, lock: string, held: readonly string[]): Failure | undefined;
  /** The monitor's memory across interleavings; plain data. */
  memory?: { load(data: unknown): void; save(): unknown };
}

/** A property that does not hold, with the monitor that reports it. */
export interface Violation extends Failure {
  readonly monitor: string;
}
