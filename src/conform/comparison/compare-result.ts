import type { Result } from '../../scenarios/running/result.ts';
import type { Session } from '../../scenarios/running/session.ts';
import type { Tally } from '../tally.ts';
import { pluggedSize } from '../virtio-mem.ts';

/** The outcome of an operation as ops.json may record it. */
interface Recorded {
  readonly op: string;
  readonly id?: string;
  readonly errno?: string | null | undefined;
  readonly crashed?: boolean | undefined;
  readonly unknown?: boolean | undefined;
  readonly interrupted_after_s?: number | null | undefined;
  readonly ost?: readonly number[] | undefined;
  readonly ost_unrecorded?: boolean | undefined;
  readonly events?: readonly string[] | undefined;
  readonly exit?: number | null | undefined;
  readonly count?: number | null | undefined;
  readonly plugged?: number | null | undefined;
}

/** Compares a part of an operation's outcome; `what` is the operation's text. */
export type Compare = (tally: Tally, what: string, op: Recorded, result: Result, session: Session) => void;

export const noResult: Compare = (tally, what) => tally.notCompared.add(`${what}: has no result`);

export const errno: Compare = (tally, what, op, result) => {
  if (op.errno === undefined || op.unknown) tally.notCompared.add(`${what}: its errno was not recorded`);
  else tally.check('result', what, op.errno ?? 'success', result.errno ?? 'success');
};

export const deleted: Compare = (tally, what, { events }, result) => {
  if (events === undefined) tally.notCompared.add(`${what}: the monitor's events were not recorded`);
  else {
    const gone = events.includes('DEVICE_DELETED');
    tally.check('result', `${what} deleted`, String(gone), String(result.deleted));
  }
};

/** Compares all status codes returned to the firmware. */
export const ost: Compare = (tally, what, op, result) => {
  if (op.ost_unrecorded || op.ost === undefined)
    tally.notCompared.add(`${what}: its OST codes were not recorded`);
  else tally.check('result', `${what} OST`, (op.ost ?? []).join(), (result.ost ?? []).join());
};

/**
 * An eject begins with 132 in every kernel, and the recording may miss the monitor's event for it, so only the last
 * code is compared.
 */
export const ejectOst: Compare = (tally, what, op, result, session) => {
  const { ost: recorded } = op;
  if (recorded === undefined || recorded.length >= (result.ost?.length ?? 0))
    return ost(tally, what, op, result, session);
  tally.check('result', `${what} last OST`, String(recorded.at(-1)), String(result.ost?.at(-1)));
  tally.notCompared.add(
    `${what}: only ${recorded.length} of the OST codes was recorded, the last one is compared`,
  );
};

/** Compares the exit status of a process, and the number it printed, if they were recorded. */
export const exit: Compare = (tally, what, op, { program }) => {
  if (!program) return;
  if (op.exit === null || op.exit === undefined)
    tally.notCompared.add(`${what}: its exit status was not recorded`);
  else tally.check('result', `${what} exit`, String(op.exit), String(program.exit));
  if (typeof op.count !== 'number') return;
  if (program.count === null) tally.notCompared.add(`${what}: the number that it printed`);
  else tally.check('result', `${what} count`, String(op.count), String(program.count));
};

/** Compares how much of a virtio-mem device is plugged. */
export const plugged: Compare = (tally, what, op, _, session) => {
  if (typeof op.plugged !== 'number') tally.notCompared.add(`${what}: what was plugged was not recorded`);
  else
    tally.check('result', `${what} plugged`, String(op.plugged), String(pluggedSize(session, op.id ?? '')));
};

/** How an operation ended that should have returned: the kernel crashed in it, or only a signal ended it. */
function ending({ ended, signalled }: Result): string {
  if (ended === 'bug') return 'BUG';
  if (ended === 'deadlock') return 'hung forever';
  return signalled.length > 0 ? 'hung until a signal' : 'returned';
}

/** Compares the outcome of an operation: that the kernel returned, then what this kind of operation compares. */
export function compareResult(
  tally: Tally,
  what: string,
  op: Recorded,
  result: Result,
  compares: readonly Compare[],
  session: Session,
): void {
  if (op.crashed) {
    const model = result.ended === 'bug' ? 'BUG' : (result.errno ?? 'success');
    tally.check('result', what, 'BUG', model);
  } else if (typeof op.interrupted_after_s === 'number') {
    tally.check('result', what, 'hung until a signal', ending(result));
    if (typeof op.errno === 'string') errno(tally, what, op, result, session);
  } else if (result.ended !== 'returned' && !result.program) {
    tally.check('result', what, 'returned', ending(result));
  } else {
    for (const compare of compares) compare(tally, what, op, result, session);
  }
}
