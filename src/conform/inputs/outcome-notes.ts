import { quote } from '../../errors/input-error.ts';
import type { Op } from '../../machines/recording/ops.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { takenPage } from './pins.ts';

/** Operations that the machine monitor carries out: if it refuses one, the kernel never sees it. */
const OF_MONITOR: readonly string[] = ['device_add', 'device_del', 'virtio_mem_request'];

/** The recorded parts of an operation's outcome that are neither compared nor given; `what` is its text. */
export function outcomeNotes(op: Op, what: string, session: Session): string[] {
  const notes: string[] = [];
  if (typeof op.error === 'string' && !OF_MONITOR.includes(op.op))
    notes.push(`${what}: its error ${quote(op.error)}: only the machine monitor refuses in words`);
  if ('timeout_s' in op && typeof op.timeout_s === 'number')
    notes.push(`${what}: its limit of ${op.timeout_s} s: there is no time in the model`);
  if (op.op === 'pin' && op.page != null && takenPage(session.kernel.c, op) === undefined)
    notes.push(
      `pin: its page ${op.page}: ${typeof op.errno === 'string' ? 'it failed' : 'not in the range, neither as a pfn nor as an address'}`,
    );
  return notes;
}
