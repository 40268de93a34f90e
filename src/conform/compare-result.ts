import type { Result } from '../scenarios/running/result.ts';
import type { Tally } from './tally.ts';

/** The outcome of an operation as ops.json may record it. */
interface Recorded {
  readonly op: string;
  readonly errno?: string | null;
  readonly crashed?: boolean | undefined;
  readonly ost?: readonly number[];
  readonly ost_unrecorded?: boolean | undefined;
  readonly events?: readonly string[];
  readonly exit?: number | null;
  readonly count?: number | undefined;
}

/** Compares a part of an operation's outcome; `what` is the operation's text. */
export type Compare = (tally: Tally, what: string, op: Recorded, result: Result) => void;

export const noResult: Compare = (tally, what) => tally.notCompared.add(`${what}: has no result`);

export const errno: Compare = (tally, what, op, result) =>
  tally.check('result', what, op.errno ?? 'success', result.errno ?? 'success');

export const deleted: Compare = (tally, what, { events = [] }, result) =>
  tally.check('result', `${what} deleted`, String(events.includes('DEVICE_DELETED')), String(result.deleted));

/** Compares all status codes returned to the firmware. */
export const ost: Compare = (tally, what, op, result) => {
  if (op.ost_unrecorded) tally.notCompared.add(`${what}: its OST codes were not recorded`);
  else tally.check('result', `${what} OST`, (op.ost ?? []).join(), (result.ost ?? []).join());
};

/**
 * An eject begins with 132 in every kernel, and the recording may miss the monitor's event for it, so only the last
 * code is compared.
 */
export const ejectOst: Compare = (tally, what, op, result) => {
  const { ost: recorded = [] } = op;
  if (recorded.length >= (result.ost?.length ?? 0)) return ost(tally, what, op, result);
  tally.check('result', `${what} last OST`, String(recorded.at(-1)), String(result.ost?.at(-1)));
  tally.notCompared.add(
    `${what}: only ${recorded.length} of the OST codes was recorded, the last one is compared`,
  );
};

/** Compares the exit status of a process, and the number it printed, if they were recorded. */
export const exit: Compare = (tally, what, op, { program }) => {
  if (!program) return;
  if (op.exit === null) tally.notCompared.add(`${what}: its exit status was not recorded`);
  else tally.check('result', `${what} exit`, String(op.exit), String(program.exit));
  if (op.count !== undefined && program.count !== null)
    tally.check('result', `${what} count`, String(op.count), String(program.count));
};

/** Compares the outcome of an operation: that the kernel returned, then what this kind of operation compares. */
export function compareResult(
  tally: Tally,
  what: string,
  op: Recorded,
  result: Result,
  compares: readonly Compare[],
): void {
  if (op.crashed) {
    const model = result.ended === 'bug' ? 'BUG' : (result.errno ?? 'success');
    tally.check('result', what, 'BUG', model);
  } else if (result.ended !== 'returned' && !result.program) {
    tally.check('result', what, 'returned', result.ended);
  } else {
    for (const compare of compares) compare(tally, what, op, result);
  }
}
