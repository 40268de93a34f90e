import { Oops } from '../guest/call.ts';
import type { RecordedOp } from './performer.ts';

/** What an operation came to: that the kernel crashed in it, if the task that does it dies. */
export async function crashing(op: RecordedOp, does: () => Promise<RecordedOp>): Promise<RecordedOp> {
  try {
    return await does();
  } catch (error) {
    if (error instanceof Oops) return { ...op, crashed: true };
    throw error;
  }
}
