import { isData } from '../../steps/perform.ts';
import type { Value } from '../../steps/step.ts';
import type { PlacedStep } from '../../steps/within.ts';
import { Checks } from '../monitors/checks.ts';
import type { Monitor, Violation } from '../monitors/monitor.ts';
import type { Fault } from '../program/machine.ts';
import type { Program } from '../program/program.ts';
import { stateText } from '../semantics/state-text.ts';
import type { System } from '../semantics/system.ts';
import { systemOf } from '../semantics/system-of.ts';
import { type View, viewOf } from '../semantics/view.ts';
import type { Choice } from './verdict.ts';

/** One step of a told execution. */
export interface StoryEvent {
  /** From 1. */
  readonly number: number;
  readonly thread: number;
  /** Undefined where a thread ends, or a callback's grace period does. */
  readonly step: PlacedStep | undefined;
  readonly outcome: number;
  readonly outcomes: number;
  readonly result: Value;
  /** The value before, of a step that writes a field. */
  readonly before: Value;
  /** What the program's machine says about the step. */
  readonly about?: Value;
  /** The step is on record but not over: a writer announced, a grace period begun. */
  readonly again: boolean;
  readonly fault: Fault | undefined;
  readonly notice: Fault | undefined;
  /** Another thread could have been left to go on: this step is a preemption. */
  readonly preempts: boolean;
}

/** An execution from beginning to end, with all that a report needs. */
export interface Story {
  readonly program: string;
  readonly threads: readonly string[];
  readonly trace: readonly Choice[];
  readonly events: readonly StoryEvent[];
  /** What went wrong, if anything did. */
  readonly violation: Violation | undefined;
  /** The state it ends in. */
  readonly end: View;
  /** Of every thread that has not ended: the step it stands before. */
  readonly pending: readonly (PlacedStep | undefined)[];
}

/** A recorded execution does not fit the program: it has changed, or its threads look at more than their results. */
export class ReplayDiverged extends Error {
  override readonly name = 'ReplayDiverged';
  /** The step at which the two part. */
  readonly step: number;

  constructor(step: number, text: string) {
    super(`the replay diverges at step ${step}: ${text}`);
    this.step = step;
  }
}

/** Run one execution given by its choices, without searching. Where the program can say in which calls its steps are taken, they do. */
export function replay(recorded: Program, trace: readonly Choice[], monitors: readonly Monitor[]): Story {
  const program = recorded.narrated?.() ?? recorded;
  const system = systemOf(program, monitors, false);
  for (const m of monitors) m.memory?.load(undefined);
  const checks = new Checks(system, monitors);
  let v = system.initial();
  let violation = checks.state(v);
  const events: StoryEvent[] = [];
  for (const choice of trace) {
    if (system.width > v.length) v = widened(v, system.width);
    const event = perform(system, v, choice, events);
    violation ??= checks.beforeStep(event.state, choice.thread);
    v = event.next;
    violation ??= checks.step();
    events.push(event.told);
    violation ??= checks.state(v);
  }
  if (system.enabled(v) === 0) violation ??= checks.halt(v);
  violation ??= spin(program, trace, monitors);
  const pending = program.threads.map((_, t) => system.nodes.step[v[t]!]);
  const threads = program.threads.map((t) => t.name);
  return { program: program.name, threads, trace, events, violation, end: viewOf(system, v), pending };
}

/** Whether a thread comes back to where it was shows only where threads forget. */
function spin(
  program: Program,
  trace: readonly Choice[],
  monitors: readonly Monitor[],
): Violation | undefined {
  if (monitors.every((m) => m.spins === undefined)) return undefined;
  const system = systemOf(program, monitors, true);
  let v = system.initial();
  for (const { thread, outcome } of trace) {
    if (system.width > v.length) v = widened(v, system.width);
    system.perform(v, thread, outcome);
  }
  if (system.width > v.length) v = widened(v, system.width);
  return new Checks(system, monitors).spin(v, system.enabled(v));
}

function widened(v: Int32Array, width: number): Int32Array {
  const wide = new Int32Array(width * 2);
  wide.set(v);
  return wide;
}

function perform(
  system: System,
  state: Int32Array,
  { thread, outcome }: Choice,
  events: readonly StoryEvent[],
): { told: StoryEvent; state: Int32Array; next: Int32Array } {
  const number = events.length + 1;
  const node = state[thread];
  if (node === undefined || thread >= system.threads) {
    throw new ReplayDiverged(number, `there is no thread ${thread}`);
  }
  const name = system.program.threads[thread]!.name;
  const outcomes = system.outcomes(state, thread, node);
  if (outcomes === 0) throw new ReplayDiverged(number, `${name} cannot move`);
  if (outcome >= outcomes) throw new ReplayDiverged(number, `${name}'s step has only ${outcomes} outcomes`);
  const step = system.nodes.step[node];
  const last = events.at(-1)?.thread;
  const preempts = last !== undefined && last !== thread && (system.enabled(state) & (1 << last)) !== 0;
  const view = viewOf(system, state);
  const before =
    step !== undefined && 'field' in step ? view.value(step.obj, step.key, step.field) : undefined;
  const { machine } = system.program;
  const about = step !== undefined && isData(step) ? machine?.about?.(view.world(), step) : undefined;
  const next = state.slice();
  system.perform(next, thread, outcome);
  const fault = system.fault < 0 ? undefined : system.faults[system.fault];
  const notice = system.notice < 0 ? undefined : system.faults[system.notice];
  const { again } = system;
  const result = system.values.value(system.result);
  const told = {
    number,
    thread,
    step,
    outcome,
    outcomes,
    result,
    before,
    about,
    again,
    fault,
    notice,
    preempts,
  };
  return { told, state, next: system.width > next.length ? widened(next, system.width) : next };
}

/** The state an execution leads to, as a text. */
export function endState(program: Program, trace: readonly Choice[]): string {
  const system = systemOf(program, [], false);
  let v = system.initial();
  for (const { thread, outcome } of trace) {
    system.perform(v, thread, outcome);
    if (system.width > v.length) v = widened(v, system.width);
  }
  return stateText(system, v);
}
