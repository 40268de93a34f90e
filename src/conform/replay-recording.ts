import { boot } from '../boot/boot.ts';
import { BadOperation } from '../errors/bad-operation.ts';
import { InputError, quote } from '../errors/input-error.ts';
import { machineOf } from '../machines/read.ts';
import type { Op, UnreadOp } from '../machines/recording/ops.ts';
import type { Recording, RecordingStep } from '../machines/recording/recording.ts';
import { LINKS } from '../machines/sources/links.ts';
import { nearestRelease, type Release } from '../releases/index.ts';
import { otherFixes } from '../releases/other-fixes.ts';
import { perform } from '../scenarios/running/perform.ts';
import type { Result } from '../scenarios/running/result.ts';
import { Session } from '../scenarios/running/session.ts';
import type { RunEvent } from '../schedule/runner.ts';
import type { Because } from './because.ts';
import { compareState } from './comparison/compare.ts';
import { compareResult } from './comparison/compare-result.ts';
import { eventLines, recordedLog } from './comparison/dmesg.ts';
import { filesNotRead } from './comparison/unread-files.ts';
import { WatchedTree } from './comparison/watched-tree.ts';
import { beforeFirstStep } from './inputs/before-first-step.ts';
import { poolInputs, programEnds } from './inputs/hugetlb-inputs.ts';
import { type Given, UnmovablePages } from './inputs/inputs.ts';
import { outcomeNotes } from './inputs/outcome-notes.ts';
import { pinInputs } from './inputs/pins.ts';
import { moduleMemory } from './inputs/test-module.ts';
import { lostInfoBlocks } from './nvdimm.ts';
import { operationOf } from './operations.ts';
import { type Difference, type NotCompared, Tally } from './tally.ts';

export interface StepReport {
  readonly dir: string;
  readonly compared: number;
  readonly differences: readonly Difference[];
  /**
   * Operations that were not performed because the recording has no words for them that are known here, in this step or
   * before, since the model last agreed with the machine: the differences of the step may follow from them. Empty if
   * the model follows the machine.
   */
  readonly unperformed: readonly string[];
  /** Whether the files of the step were compared. */
  readonly state_compared: boolean;
  readonly not_compared: readonly NotCompared[];
  /** What the model was told, since it cannot know it. */
  readonly given: readonly Given[];
  /** The operations whose outcome was compared. */
  readonly outcomes: Outcomes;
}

/** Numbers of operations: the model was told nothing, or something. */
export interface Outcomes {
  readonly predicted: number;
  readonly given: number;
  /** Those of them that the kernel refused. */
  readonly refused: { readonly predicted: number; readonly given: number };
}

export interface Report {
  readonly source: string;
  readonly release: string;
  readonly kernel: string;
  /** Fixes that only one of the kernel and the release has, one line each way. */
  readonly notes: readonly string[];
  readonly steps: readonly StepReport[];
  /** What of ops.json as a whole was not read. */
  readonly not_compared: readonly NotCompared[];
  /** Whether no difference was found but those that may follow from operations that were not performed. */
  readonly agrees: boolean;
}

/** Performs one recorded operation on the model. */
export function doneBy(
  session: Session,
  op: Op,
  heads: readonly number[],
  step: RecordingStep,
): Result | Because {
  try {
    const does = operationOf(op).does(op, session, heads, step);
    return 'kind' in does ? perform(session, does) : does;
  } catch (error) {
    if (error instanceof BadOperation) return { because: error.message };
    throw error;
  }
}

const unreadText = ({ name, why }: UnreadOp): string => (name === '' ? why : `${name}: ${why}`);

export const logOf = (step: RecordingStep): string | undefined =>
  step.tree.readText('dmesg') ?? step.tree.readText('dmesg-delta.txt');

/** Compares lines one by one. The dump of a page that was given says nothing of the model. */
export function compareMessages(
  tally: Tally,
  log: string,
  events: readonly RunEvent[],
  given: readonly Given[],
): void {
  const { lines: recorded, dropped } = recordedLog(log);
  for (const { why, times } of dropped) tally.notCompared.add(`dmesg: lines ${why}`, times);
  const model = eventLines(events);
  const told = new Set(
    given.flatMap(({ pfn }) => (pfn === undefined ? [] : [`page: pfn:0x${pfn.toString(16)}`])),
  );
  for (let i = 0; i < Math.max(recorded.length, model.length); i++) {
    const line = recorded[i] ?? '(none)';
    if (line === model[i] && told.has(line)) continue;
    tally.check('messages', `dmesg hotplug line ${i + 1}`, line, model[i] ?? '(none)');
  }
}

/** Whether the kernel refused a recorded operation. */
export const isRefused = (op: Op): boolean =>
  ('errno' in op && typeof op.errno === 'string') ||
  ('exit' in op && typeof op.exit === 'number' && op.exit !== 0) ||
  (op.op === 'device_del' && op.events !== undefined && !op.events.includes('DEVICE_DELETED'));

function replayStep(session: Session, recorded: RecordingStep, behind: readonly string[]): StepReport {
  const tree = new WatchedTree(recorded.tree);
  const step: RecordingStep = { ...recorded, tree };
  const tally = new Tally();
  const unperformed = [...behind];
  for (const { key, why } of step.unread) tally.notCompared.add(`ops.json: ${quote(key)}: ${why}`);
  for (const [path, why] of tree.unreadable)
    if (path.startsWith(LINKS)) tally.notCompared.add(`${path}: ${why}`);
  const given: Given[] = [];
  const outcomes = { predicted: 0, given: 0, refused: { predicted: 0, given: 0 } };
  const events: RunEvent[] = [];
  const log = logOf(step);
  const unmovable = new UnmovablePages(session, log ?? '');
  let crashed = false;
  for (const [i, op] of step.ops.entries()) {
    if (op.op === 'unread') {
      const because = `not performed: ${unreadText(op)}`;
      tally.notCompared.add(because);
      unperformed.push(because);
      continue;
    }
    const operation = operationOf(op);
    const what = operation.text(op);
    const before = given.length;
    const tell = (input: Omit<Given, 'during'>): void => {
      given.push({ ...input, during: what });
    };
    for (const { key, why } of op.unread) tally.notCompared.add(`${op.op}: ${quote(key)}: ${why}`);
    for (const note of outcomeNotes(op, what, session)) tally.notCompared.add(note);
    const pool = poolInputs(session, op, step);
    for (const one of pool.given) tell({ what: one });
    unmovable.give(op, tell);
    // a program that ends during a long operation is recorded after it
    session.meanwhile = step.ops
      .slice(i + 1)
      .some((later) => later.op !== 'unread' && operationOf(later).ends)
      ? () => {
          const ended = programEnds(session);
          if (ended) tell({ what: 'the program that had huge pages ended' });
          return ended;
        }
      : undefined;
    const inputs = [
      ...lostInfoBlocks(op, step.tree, session.state),
      ...(tally.attempt(() => moduleMemory(session, op, step)) ?? []),
      ...pinInputs(op, session),
    ];
    for (const one of inputs) tell({ what: one });
    const done = doneBy(session, op, pool.heads, step);
    unmovable.takeBack();
    pool.take_back();
    if ('because' in done) {
      tally.notCompared.add(done.because);
      if (done.unread) unperformed.push(done.because);
      continue;
    }
    events.push(...done.events);
    compareResult(tally, what, op, done, operation.compares, session);
    const how = given.length > before ? 'given' : 'predicted';
    if (operation.compares.length > 0) outcomes[how]++;
    if (isRefused(op)) outcomes.refused[how]++;
    // a program that oopses leaves the machine as it was
    crashed ||= done.ended === 'bug' && !operation.program;
  }
  if (log === undefined) tally.notCompared.add('messages: not recorded');
  else compareMessages(tally, log, events, given);
  const hasState = step.tree.list('sys') !== undefined;
  if (!hasState) {
    const why = step.ops.some((op) => 'crashed' in op && op.crashed)
      ? 'the guest had crashed'
      : 'the step has no sys';
    tally.notCompared.add(`state: ${why}`);
  } else if (crashed) tally.notCompared.add('state: the kernel had hit a BUG');
  else {
    compareState(tally, tree, session.state, session.kernel);
    filesNotRead(tally, tree);
  }
  for (const [path, why] of tree.broken) tally.notCompared.add(`${path}: ${why}`);
  return {
    dir: step.dir,
    compared: tally.compared,
    differences: tally.differences,
    unperformed,
    state_compared: hasState && !crashed,
    not_compared: tally.notCompared.list(),
    given,
    outcomes,
  };
}

/**
 * Whether the model has the machine's state after a step, as far as it was compared, and so has lost nothing by what
 * it did not perform.
 */
const follows = ({ differences, state_compared }: StepReport): boolean =>
  state_compared && differences.every(({ subject }) => subject === 'messages' || subject === 'result');

/** Replays a recording from the machine of its first step; `release` overrides the recorded kernel's. */
export function conform(recording: Recording, release?: Release): Report {
  const [first] = recording.steps;
  const chosen = release ?? nearestRelease(recording.ops.kernel);
  if (!first) throw new InputError(recording.source, 'ops.json steps', 'there is none, not even the boot');
  if (first.tree.list('')?.length === 0)
    throw new InputError(recording.source, first.dir, 'is empty, and the machine of the recording with it');
  if (!chosen) {
    const what = `no modelled release for ${quote(recording.ops.kernel)}`;
    throw new InputError(recording.source, 'ops.json kernel', what);
  }
  const recorded = { ops: recording.ops, top: recording.tree };
  const machine = machineOf({ tree: first.tree, recorded }, recording.source);
  const session = new Session(boot(beforeFirstStep(machine, first.ops), chosen));
  const steps: StepReport[] = [];
  let behind: readonly string[] = [];
  for (const step of recording.steps) {
    const report = replayStep(session, step, behind);
    behind = follows(report) ? [] : report.unperformed;
    steps.push(report);
  }
  const unread = new Tally();
  for (const { key, why } of recording.ops.unread) unread.notCompared.add(`ops.json: ${quote(key)}: ${why}`);
  return {
    source: recording.source,
    release: chosen.name,
    kernel: recording.ops.kernel,
    notes: otherFixes(recording.ops.kernel, chosen),
    steps,
    not_compared: unread.notCompared.list(),
    agrees: steps.every((step) => step.differences.length === 0 || step.unperformed.length > 0),
  };
}
