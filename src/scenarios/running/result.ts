import type { RunEvent, RunOutcome } from '../../schedule/runner.ts';
import { errnoName } from '../../steps/errno.ts';

/** The result of one operation. */
export interface Result {
  /** The kernel's return value; null if it did not return (a BUG, a deadlock). */
  readonly ret: number | null;
  /** The name of the errno, null for success. */
  readonly errno: string | null;
  readonly ended: RunOutcome<unknown>['ended'];
  readonly events: readonly RunEvent[];
  readonly steps: number;
  /** Loops that the kernel would never have left without a signal. */
  readonly signalled: readonly string[];
  /** Status codes that the kernel returned to the firmware, in order; absent if the firmware is not involved. */
  readonly ost?: readonly number[];
  /** Whether the machine has released the device; absent if it was not asked to. */
  readonly deleted?: boolean;
  /** How the program that performed the operation ended; absent if there was none, or if it did not end. */
  readonly program?: ProgramEnd;
}

export interface ProgramEnd {
  /** The exit status of the process: 234 is -EINVAL. */
  readonly exit: number;
  /** The number it printed; null if it prints none. */
  readonly count: number | null;
}

/** The result of an operation that returned this value and has no other results. */
export const returned = (ret: number): Result => ({
  ret,
  errno: errnoName(ret),
  ended: 'returned',
  events: [],
  steps: 0,
  signalled: [],
});
