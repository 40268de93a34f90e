import type { Fault } from '../program/machine.ts';
import type { View } from '../semantics/view.ts';

/**
 * A property that must hold, as a watcher that never acts. Each hook returns the words of a violation, or
 * undefined. A monitor sees one interleaving at a time but many in one search; only {@link acquire} may
 * remember across them, in `memory`.
 */
export interface Monitor {
  readonly name: string;
  /** A step could not be performed as asked, or warned. */
  fault?(fault: Fault): string | undefined;
  /** No thread can move, and some that should have ended have not. */
  stuck?(view: View): string | undefined;
  /** One thread alone can move, and comes back to where it was: only a signal would end its loop in `where`. */
  spins?(view: View, thread: string, where: string): string | undefined;
  /** Every thread has ended. */
  end?(view: View): string | undefined;
  /** Any state. What it looks at takes part in the reduction: look at little. */
  state?(view: View): string | undefined;
  /** A thread that holds `held` takes `lock`. */
  acquire?(thread: string, lock: string, held: readonly string[]): string | undefined;
  /** What the monitor remembers across interleavings; plain data. */
  memory?: { load(data: unknown): void; save(): unknown };
}

/** A property that does not hold. */
export interface Violation {
  readonly monitor: string;
  readonly text: string;
  /** The object involved, as steps name it. */
  readonly object?: string;
}
