import { readLog } from '../../src/answers/from-log.ts';
import { placeRecorded } from '../../src/answers/pages/place-recorded.ts';
import { boot } from '../../src/boot/boot.ts';
import { compareResult } from '../../src/conform/comparison/compare-result.ts';
import { eventLines, recordedLog } from '../../src/conform/comparison/dmesg.ts';
import { beforeFirstStep } from '../../src/conform/inputs/before-first-step.ts';
import { operationOf } from '../../src/conform/operations.ts';
import { doneBy, isRefused, logOf } from '../../src/conform/replay-recording.ts';
import { Tally } from '../../src/conform/tally.ts';
import { machineOf } from '../../src/machines/read.ts';
import type { Op } from '../../src/machines/recording/ops.ts';
import type { Recording, RecordingStep } from '../../src/machines/recording/recording.ts';
import { nearestRelease } from '../../src/releases/index.ts';
import { Session } from '../../src/scenarios/running/session.ts';
import { describeDimm } from '../../src/scenarios/steps/devices/device.ts';
import type { RunEvent } from '../../src/schedule/runner.ts';

/** What the model says of every recorded operation from the state before its step, without being told anything. */

/** An outcome that was compared. */
export interface Predicted {
  readonly step: string;
  readonly operation: string;
  readonly kind: string;
  readonly refused: boolean;
  /** What happened and what was predicted, where they differ. */
  readonly difference: { readonly recorded: string; readonly model: string } | null;
}

export interface PredictedLog {
  readonly step: string;
  readonly lines: number;
  /** The first line that differs. */
  readonly difference: { readonly recorded: string; readonly model: string } | null;
}

export interface Predictions {
  readonly release: string;
  readonly arch: string;
  /** Whether each step begins with the machine as the files of the step before show it; else with the replayed one. */
  readonly from_files: boolean;
  readonly results: readonly Predicted[];
  readonly logs: readonly PredictedLog[];
}

/** Operations on devices that no file of the step before describes whole. */
const NEEDS_REPLAY = new Set([
  'memremap_pages',
  'memunmap_pages',
  'virtio_mem_request',
  'module',
  'ndctl',
  'daxctl',
]);

/** What these leave behind is in no file: later steps need the replayed machine, too. */
const IN_NO_FILE = new Set(['memremap_pages', 'virtio_mem_request', 'module']);

const needsReplay = (op: RecordingStep['ops'][number]): boolean =>
  NEEDS_REPLAY.has(op.op) || (op.op === 'write' && op.path.startsWith('/sys/bus/'));

interface Dimm {
  readonly start: number;
  readonly size: number;
  readonly node: number;
  /** If the machine monitor lists it. */
  readonly slot?: number;
}

/** The slots of the DIMMs that the machine monitor lists, by their ids; undefined if the step has no list. */
function listedDimms({ tree }: RecordingStep): Map<string, number | undefined> | undefined {
  const text = tree.readText('qmp-query-memory-devices.json') ?? tree.readText('qmp.json');
  if (text === undefined) return undefined;
  const json = JSON.parse(text) as { memory_devices?: unknown } | unknown[];
  const list = (Array.isArray(json) ? json : json.memory_devices) as
    | { data?: { id?: string; slot?: number } }[]
    | undefined;
  return list && new Map(list.flatMap(({ data }) => (data?.id === undefined ? [] : [[data.id, data.slot]])));
}

/** Keeps the DIMMs that are plugged after a step. */
function followDimms(dimms: Map<string, Dimm>, step: RecordingStep): void {
  for (const op of step.ops) {
    if (op.op === 'device_add' && op.kind === 'dimm' && op.addr != null && typeof op.error !== 'string')
      dimms.set(op.id, { start: op.addr, size: op.size, node: op.node });
    if (op.op === 'device_del' && op.events?.includes('DEVICE_DELETED')) dimms.delete(op.id);
  }
  const listed = listedDimms(step);
  for (const [id, dimm] of listed ? [...dimms] : []) {
    const slot = listed!.get(id);
    if (!listed!.has(id)) dimms.delete(id);
    else if (slot !== undefined) dimms.set(id, { ...dimm, slot });
  }
}

/** The messages of the boot, if the recording has them. */
const bootLog = ({ tree }: Recording): string => tree.readText('boot.dmesg') ?? '';

export function predict(recording: Recording): Predictions {
  const release = nearestRelease(recording.ops.kernel)!;
  const { steps } = recording;
  const [first] = steps as [RecordingStep];
  const unshown = steps.findIndex((step) => step.ops.some(({ op }) => IN_NO_FILE.has(op)));
  const plain = steps.map((step, i) => !step.ops.some(needsReplay) && (unshown < 0 || i < unshown));
  const fromFiles = plain.every((one) => one);
  const sessionAt = (step: RecordingStep, before: boolean): Session => {
    const recorded = { ops: recording.ops, top: recording.tree };
    const machine = machineOf({ tree: step.tree, recorded }, recording.source);
    return new Session(boot(before ? beforeFirstStep(machine, step.ops) : machine, release));
  };
  const results: Predicted[] = [];
  const logs: PredictedLog[] = [];
  const dimms = new Map<string, Dimm>();
  const replayed = sessionAt(first, true);
  let last: RecordingStep | undefined;
  let log = bootLog(recording);
  for (const [i, step] of steps.entries()) {
    const fresh = last?.tree.list('sys') !== undefined && plain[i] ? sessionAt(last, false) : null;
    if (last && fresh) {
      for (const [id, dimm] of dimms) describeDimm(fresh, id, dimm);
      placeRecorded(fresh, last.tree);
      readLog(fresh, log);
    }
    predictStep(fresh ?? replayed, step, results, logs);
    // the state that the replayed machine needs for later steps
    if (fresh && !fromFiles) predictStep(replayed, step, [], []);
    log += logOf(step) ?? '';
    followDimms(dimms, step);
    last = step;
  }
  return { release: release.name, arch: replayed.kernel.c.arch, from_files: fromFiles, results, logs };
}

function predictStep(
  session: Session,
  step: RecordingStep,
  results: Predicted[],
  logs: PredictedLog[],
): void {
  const events: RunEvent[] = [];
  let all = true;
  for (const op of step.ops) {
    if (op.op === 'unread') continue;
    const operation = operationOf(op);
    const what = operation.text(op);
    const done = doneBy(session, op as Op, [], step);
    if ('because' in done) {
      if (op.op !== 'observe' && done.unread) all = false;
      continue;
    }
    events.push(...done.events);
    const tally = new Tally();
    compareResult(tally, what, op, done, operation.compares, session);
    if (tally.compared === 0) continue;
    const [difference = null] = tally.differences;
    results.push({ step: step.dir, operation: what, kind: op.op, refused: isRefused(op), difference });
  }
  const log = logOf(step);
  if (log === undefined || step.ops.length === 0 || !all) return;
  logs.push({ step: step.dir, ...compareLog(log, events) });
}

/** Which page a dump shows is chance. */
const ANY_PAGE = /^page: pfn:.*$/;
const plain = (line: string): string => line.replace(ANY_PAGE, 'page: (a page)');

function compareLog(log: string, events: readonly RunEvent[]): Omit<PredictedLog, 'step'> {
  const recorded = recordedLog(log).lines.map(plain);
  const model = eventLines(events).map(plain);
  for (let i = 0; i < Math.max(recorded.length, model.length); i++)
    if (recorded[i] !== model[i])
      return {
        lines: recorded.length,
        difference: { recorded: recorded[i] ?? '(none)', model: model[i] ?? '(none)' },
      };
  return { lines: recorded.length, difference: null };
}
