import { boot } from '../boot/boot.ts';
import { machineOf } from '../machines/read.ts';
import type { Op } from '../machines/recording/ops.ts';
import type { Recording, RecordingStep } from '../machines/recording/recording.ts';
import { find_release, type Release } from '../releases/index.ts';
import { daxctl } from '../scenarios/nvdimm/daxctl.ts';
import { ndctl } from '../scenarios/nvdimm/ndctl.ts';
import { KernelGone, type ToolResult } from '../scenarios/nvdimm/tool.ts';
import { BadOperation, type Result, Session } from '../scenarios/running/session.ts';
import type { Event } from '../schedule/run.ts';
import { compare_state } from './compare.ts';
import { event_lines, recorded_lines } from './dmesg.ts';
import { pool_inputs, program_ends, use_hugepages } from './hugetlb-inputs.ts';
import { give_inputs } from './inputs.ts';
import { lost_info_blocks } from './nvdimm.ts';
import { type Difference, Tally } from './tally.ts';

export interface StepReport {
  readonly dir: string;
  readonly compared: number;
  readonly differences: readonly Difference[];
  readonly not_compared: readonly string[];
  /** What the recording told the model, one line each. */
  readonly inputs: readonly string[];
}

export interface Report {
  readonly source: string;
  readonly release: string;
  readonly kernel: string;
  readonly steps: readonly StepReport[];
  readonly agrees: boolean;
}

/** What the model did with an operation: a result to compare, or why there is none. */
type Done = { readonly result: Result } | { readonly tool: ToolResult } | { readonly skipped: string };

/** Do one recorded operation on the model. */
function perform(session: Session, op: Op, heads: readonly number[]): Done {
  switch (op.op) {
    case 'write':
      return { result: session.write(op.path, op.value) };
    case 'add_memory':
      return { result: session.add_memory(op.nid, op.start, op.size, op.flags) };
    case 'add_memory_driver_managed':
      return {
        result: session.add_memory_driver_managed(op.nid, op.start, op.size, 'System RAM (ohp)', op.flags),
      };
    case 'remove_memory':
      return { result: session.remove_memory(op.start, op.size) };
    case 'offline_and_remove_memory':
      return { result: session.offline_and_remove_memory(op.start, op.size) };
    case 'device_add':
      if (op.error !== null || op.addr === null) {
        return { skipped: `device_add ${op.id}: refused by the machine monitor, the kernel never saw it` };
      }
      if (op.cold_plugged) return { skipped: `device_add ${op.id}: was there before boot` };
      if (op.kind !== 'dimm') return { skipped: `device_add ${op.id}: plugging an NVDIMM is not modelled` };
      return { result: session.device_add(op.id, op.addr, op.size, op.node) };
    case 'device_del':
      return { result: session.device_del(op.id) };
    case 'pin':
      return { result: session.pin(op.nid, op.start, op.size) };
    case 'unpin':
      session.unpin();
      return { skipped: 'unpin: has no result' };
    case 'observe':
      return { skipped: 'observe: reads only' };
    case 'use_memory':
      if (op.kind === 'huge1g' || op.kind === 'huge2m') return { result: use_hugepages(session, op, heads) };
      if (session.state.mmu) return { result: session.touch_node(op.node ?? 0, op.mib * 2 ** 20) };
      return { skipped: `use_memory: what a program allocates is not modelled; it was all movable` };
    case 'stop_using':
      if (session.unmap_hugepages()) return { skipped: 'stop_using: has no result' };
      return { skipped: `stop_using: what a program allocates is not modelled; it was all movable` };
    case 'ndctl':
      return { tool: ndctl(session, op.argv) };
    case 'daxctl':
      return { tool: daxctl(session, op.argv) };
  }
}

const call_text = (op: Op): string => {
  switch (op.op) {
    case 'write':
      return `echo ${op.value} > ${op.path}`;
    case 'device_add':
    case 'device_del':
      return `${op.op} ${op.id}`;
    case 'add_memory':
    case 'add_memory_driver_managed':
    case 'remove_memory':
    case 'offline_and_remove_memory':
      return `${op.op} 0x${op.start.toString(16)} 0x${op.size.toString(16)}`;
    case 'ndctl':
    case 'daxctl':
      return `${op.op} ${op.argv.join(' ')}`;
    default:
      return op.op;
  }
};

function compare_result(tally: Tally, op: Op, result: Result): void {
  const what = call_text(op);
  if ('crashed' in op && op.crashed) {
    tally.check('result', what, 'BUG', result.ended === 'bug' ? 'BUG' : (result.errno ?? 'success'));
    return;
  }
  if (result.ended !== 'returned') {
    tally.check('result', what, 'returned', result.ended);
    return;
  }
  if ('errno' in op) tally.check('result', what, op.errno ?? 'success', result.errno ?? 'success');
  if (op.op === 'device_del') {
    tally.check(
      'result',
      `${what} deleted`,
      String(op.events.includes('DEVICE_DELETED')),
      String(result.deleted),
    );
  }
  if (op.op !== 'device_add' && op.op !== 'device_del') return;
  if ('ost_unrecorded' in op && op.ost_unrecorded) {
    tally.not_compared.add(`${what}: its OST codes were not recorded`);
  } else if (op.op === 'device_del' && op.ost.length < (result.ost?.length ?? 0)) {
    // an eject begins with 132 in every kernel; the monitor's event for it can be missed
    tally.check('result', `${what} last OST`, String(op.ost.at(-1)), String(result.ost?.at(-1)));
    tally.not_compared.add(
      `${what}: only ${op.ost.length} of the OST codes was recorded, the last one is compared`,
    );
  } else {
    tally.check('result', `${what} OST`, op.ost.join(), (result.ost ?? []).join());
  }
}

/** The status of the process, and the number it printed, where they were recorded. */
function compare_tool(tally: Tally, op: Op, tool: ToolResult): void {
  if (op.op !== 'ndctl' && op.op !== 'daxctl') return;
  const what = call_text(op);
  if (op.exit === null) tally.not_compared.add(`${what}: its exit status was not recorded`);
  else tally.check('result', `${what} exit`, String(op.exit), String(tool.exit));
  if (op.count !== undefined && tool.count !== null) {
    tally.check('result', `${what} count`, String(op.count), String(tool.count));
  }
}

const log_of = (step: RecordingStep): string =>
  step.tree.readText('dmesg') ?? step.tree.readText('dmesg-delta.txt') ?? '';

function compare_messages(tally: Tally, log: string, events: readonly Event[]): void {
  const recorded = recorded_lines(log);
  const model = event_lines(events);
  for (let i = 0; i < Math.max(recorded.length, model.length); i++) {
    tally.check('messages', `dmesg hotplug line ${i + 1}`, recorded[i] ?? '(none)', model[i] ?? '(none)');
  }
}

function replay_step(session: Session, step: RecordingStep): StepReport {
  const tally = new Tally();
  const inputs: string[] = [];
  const events: Event[] = [];
  const log = log_of(step);
  let crashed = false;
  for (const [i, op] of step.ops.entries()) {
    const pool = pool_inputs(session, op, step);
    const input = give_inputs(session, op, log);
    for (const { pfn } of input.given)
      inputs.push(`page 0x${pfn.toString(16)} was unmovable during ${call_text(op)}`);
    inputs.push(...pool.given.map((what) => `${what} during ${call_text(op)}`));
    // a program that ends during a long operation is recorded behind it
    session.meanwhile = step.ops.slice(i + 1).some((later) => later.op === 'stop_using')
      ? () => {
          input.take_back_outlived();
          return program_ends(session, call_text(op), inputs);
        }
      : undefined;
    inputs.push(...lost_info_blocks(op, step.tree, session.state));
    let done: Done;
    try {
      done = perform(session, op, pool.heads);
    } catch (error) {
      if (error instanceof KernelGone) done = { result: error.result };
      else if (error instanceof BadOperation) done = { skipped: error.message };
      else throw error;
    }
    input.take_back();
    pool.take_back();
    if ('skipped' in done) {
      tally.not_compared.add(done.skipped);
      continue;
    }
    if ('tool' in done) {
      events.push(...done.tool.results.flatMap((result) => result.events));
      compare_tool(tally, op, done.tool);
      continue;
    }
    events.push(...done.result.events);
    compare_result(tally, op, done.result);
    // a program that oopses leaves the machine as it was
    crashed ||= done.result.ended === 'bug' && op.op !== 'use_memory';
  }
  compare_messages(tally, log, events);
  if (step.tree.list('sys') === undefined) {
    const why = step.ops.some((op) => 'crashed' in op && op.crashed)
      ? 'the guest had crashed'
      : 'the step has no sys';
    tally.not_compared.add(`state: ${why}`);
  } else if (!crashed) compare_state(tally, step.tree, session.state, session.kernel);
  return {
    dir: step.dir,
    compared: tally.compared,
    differences: tally.differences,
    not_compared: [...tally.not_compared],
    inputs,
  };
}

/** VA_BITS of an arm64 kernel, from T1SZ in the recorded TCR_EL1; undefined where that is not recorded. */
function recorded_va_bits(recording: Recording): number | undefined {
  const tcr = /"TCR_EL1": "0x([0-9a-f]+)"/.exec(recording.tree.readText('machine.json') ?? '');
  return tcr ? 64 - Number((BigInt(`0x${tcr[1]}`) >> 16n) & 0x3fn) : undefined;
}

/** Replay a recording from the machine of its first step; `release` overrides the recorded kernel's. */
export function conform(recording: Recording, release?: Release): Report {
  const [first] = recording.steps;
  const chosen = release ?? find_release(recording.ops.kernel);
  if (!first || !chosen)
    throw new BadOperation(`${recording.source}: no modelled release for ${recording.ops.kernel}`);
  const { arch, page_size } = recording.ops;
  const va_bits = recorded_va_bits(recording);
  const known = { arch, page_size, release: recording.ops.kernel, cmdline: recording.ops.cmdline };
  const session = new Session(
    boot(
      { ...machineOf({ tree: first.tree }, recording.source, known), ...(va_bits && { va_bits }) },
      chosen,
    ),
  );
  const steps = recording.steps.map((step) => replay_step(session, step));
  return {
    source: recording.source,
    release: chosen.name,
    kernel: recording.ops.kernel,
    steps,
    agrees: steps.every((step) => step.differences.length === 0),
  };
}
