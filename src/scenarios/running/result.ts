import type { Event, Outcome } from '../../schedule/run.ts';
import { errnoName } from '../../steps/errno.ts';

/** What one operation came to. */
export interface Result {
  /** The kernel's return value; null when it did not return (a BUG, a deadlock). */
  readonly ret: number | null;
  /** Name of the errno, null for success. */
  readonly errno: string | null;
  readonly ended: Outcome<unknown>['ended'];
  readonly events: readonly Event[];
  readonly steps: number;
  /** Loops that the kernel would never have left without a signal. */
  readonly signalled: readonly string[];
  /** Status codes that the kernel gave to the firmware, in order; absent where the firmware is not involved. */
  readonly ost?: readonly number[];
  /** Whether the machine has let the device go; absent where it was not asked to. */
  readonly deleted?: boolean;
  /** How the program ended that did the operation; absent where there was none, or it did not end. */
  readonly program?: ProgramEnd;
}

export interface ProgramEnd {
  /** Status of the process: 234 is -EINVAL. */
  readonly exit: number;
  /** The number it printed; null where it prints none. */
  readonly count: number | null;
}

/** An operation that ended with this return value and left nothing else. */
export const returned = (ret: number): Result => ({
  ret,
  errno: errnoName(ret),
  ended: 'returned',
  events: [],
  steps: 0,
  signalled: [],
});
