import { boot } from '../../../src/boot/boot.ts';
import { InputError } from '../../../src/errors/input-error.ts';
import { machineOf } from '../../../src/machines/machine-of.ts';
import type { Op, RecordedStep, UnreadOp } from '../../../src/machines/recording/ops.ts';
import type { Recording, RecordingStep } from '../../../src/machines/recording/recording.ts';
import { nearestRelease } from '../../../src/releases/index.ts';
import { deltaOf } from '../../../src/report/data/delta.ts';
import { type RunData, type RunStep, runData } from '../../../src/report/data/run-data.ts';
import { machineSnapshot } from '../../../src/report/data/run-state.ts';
import { Session } from '../../../src/scenarios/running/session.ts';

/** A recording of a real kernel as a run: what was done, what came of it, and the machine as it was after each step. */

/** More steps are left out, and counted. */
const MOST_STEPS = 200;

const PATHS = /\/sys\/devices\/system\/(memory|node)\//;

/** An operation in a few words: its name and what was asked for. */
function opText(op: Op | UnreadOp): string {
  if (op.op === 'unread') return op.name || op.why;
  if (op.op === 'write') return `echo ${op.value} > ${op.path.replace(PATHS, '')}`;
  const asked = Object.entries(op).flatMap(([key, value]) =>
    ['op', 'errno', 'ost', 'error', 'unread', 'events', 'exit', 'crashed', 'unknown'].includes(key) ||
    value === null ||
    typeof value === 'object'
      ? []
      : [
          typeof value === 'number' && ['start', 'size', 'addr'].includes(key)
            ? `0x${value.toString(16)}`
            : `${value}`,
        ],
  );
  return [op.op, ...asked].join(' ').slice(0, 200);
}

const stepText = ({ ops, dir }: RecordedStep): string =>
  ops.length === 0 ? dir : `${opText(ops[0]!)}${ops.length > 1 ? ` … (${ops.length} operations)` : ''}`;

/** The first thing that failed, as it was recorded. */
function resultOf({ ops }: RecordedStep): string {
  for (const op of ops) {
    if (op.op === 'unread') return 'unread';
    if (op.crashed) return 'crashed';
    if (op.error) return 'refused';
    const { errno, exit } = op as { errno?: string | null; exit?: number | null };
    if (errno) return errno;
    if (exit) return `exit ${exit}`;
  }
  return 'success';
}

interface Seen {
  readonly session: Session;
  readonly notes: readonly string[];
}

function sessionOf(recording: Recording, { tree }: RecordingStep): Seen | null {
  // a guest that crashed left no files
  if (tree.kind('proc') === undefined && tree.kind('sys') === undefined) return null;
  const machine = machineOf({ tree, recorded: { ops: recording.ops, top: recording.tree } }, tree.source);
  const release = nearestRelease(machine.release ?? recording.ops.kernel);
  if (!release)
    throw new InputError(recording.source, '', `no release is modelled near ${recording.ops.kernel}`);
  return { session: new Session(boot(machine, release)), notes: machine.missing ?? [] };
}

/** The recorded machine step by step. @throws InputError */
export function recordedRun(recording: Recording): RunData {
  const shown = recording.steps.slice(0, MOST_STEPS);
  const first = shown[0] && sessionOf(recording, shown[0]);
  if (!first)
    throw new InputError(recording.source, '', 'is a recording whose first step has no /proc and /sys');
  const initial = machineSnapshot(first.session);
  let last = initial;
  const steps = shown.slice(1).map((step, i): RunStep => {
    const seen = sessionOf(recording, step);
    const now = seen ? machineSnapshot(seen.session) : last;
    const delta = deltaOf(last, now);
    last = now;
    return {
      step: i + 1,
      operation: stepText(step),
      result: resultOf(step),
      messages: [],
      changes: seen ? [] : ['the machine crashed: nothing of it was recorded'],
      failures: [],
      holders: [],
      delta,
    };
  });
  const left = recording.steps.length - shown.length;
  const notes = [
    `recorded on ${recording.ops.kernel}; what was not recorded is as the model of it boots`,
    ...(left > 0 ? [`${left} more steps are left out`] : []),
    ...first.notes,
  ];
  return runData({ machine: recording.source, title: null, notes }, first.session, { initial, steps });
}
