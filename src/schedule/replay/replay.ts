import { isData } from '../../steps/perform.ts';
import type { Value } from '../../steps/step.ts';
import type { PlacedStep } from '../../steps/within.ts';
import { Checks } from '../monitors/checks.ts';
import type { Monitor, Violation } from '../monitors/monitor.ts';
import type { Program } from '../program/program.ts';
import type { Fault } from '../program/semantics.ts';
import { stateText } from '../semantics/state-text.ts';
import type { System } from '../semantics/system.ts';
import { systemOf } from '../semantics/system-of.ts';
import { type View, viewOf } from '../semantics/view.ts';
import type { Choice } from './verdict.ts';

/** One step of an execution, for a story. */
export interface StoryEvent {
  /** The step's number, from 1. */
  readonly number: number;
  readonly thread: number;
  /** Undefined at the end of a thread, or of a callback's grace period. */
  readonly step: PlacedStep | undefined;
  readonly outcome: number;
  readonly outcomes: number;
  readonly result: Value;
  /** For a step that writes a field: the value before. */
  readonly before: Value;
  /** What the program's machine adds about the step. */
  readonly about?: Value;
  /** The step took effect but is not complete: a writer announced, a grace period begun. */
  readonly again: boolean;
  readonly fault: Fault | undefined;
  readonly notice: Fault | undefined;
  /** Whether the step is a preemption: another thread ran before and could have continued. */
  readonly preempts: boolean;
}

/** An execution from beginning to end, with all data that a report needs. */
export interface Story {
  readonly program: string;
  readonly threads: readonly string[];
  readonly trace: readonly Choice[];
  readonly events: readonly StoryEvent[];
  /** The failure, if there is one. */
  readonly violation: Violation | undefined;
  /** The first state, and the state after each event. */
  readonly states: readonly View[];
  /** The last state. */
  readonly end: View;
  /** For every thread that has not ended, its next step. */
  readonly pending: readonly (PlacedStep | undefined)[];
}

/**
 * A recorded execution does not fit the program: the program has changed, or its threads use more than their results.
 */
export class ReplayDiverged extends Error {
  override readonly name = 'ReplayDiverged';
  /** The step at which recording and program differ. */
  readonly step: number;

  constructor(step: number, text: string) {
    super(`the replay diverges at step ${step}: ${text}`);
    this.step = step;
  }
}

/**
 * Runs one execution given by its choices, without searching. If the program has a narrated form, steps name the calls
 * in which they are taken.
 */
export function replay(recorded: Program, trace: readonly Choice[], monitors: readonly Monitor[]): Story {
  const program = recorded.narrated?.() ?? recorded;
  const system = systemOf(program, monitors, false);
  for (const m of monitors) m.memory?.load(undefined);
  const checks = new Checks(system, monitors);
  let v = system.initial();
  let violation = checks.state(v);
  const events: StoryEvent[] = [];
  const states = [viewOf(system, v)];
  for (const choice of trace) {
    if (system.width > v.length) v = widened(v, system.width);
    const event = perform(system, v, choice, events);
    violation ??= checks.beforeStep(event.state, choice.thread);
    v = event.next;
    violation ??= checks.step();
    events.push(event.told);
    states.push(viewOf(system, v));
    violation ??= checks.state(v);
  }
  if (system.enabled(v) === 0) violation ??= checks.halt(v);
  violation ??= spin(program, trace, monitors);
  const pending = program.threads.map((_, t) => system.nodes.step[v[t]!]);
  const threads = program.threads.map((t) => t.name);
  return {
    program: program.name,
    threads,
    trace,
    events,
    violation,
    states,
    end: states.at(-1)!,
    pending,
  };
}

/**
 * The spin of one thread, if there is one. Whether a thread returns to the same state is visible only if threads
 * forget.
 */
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

/** The last state of an execution, as a text. */
export function endState(program: Program, trace: readonly Choice[]): string {
  const system = systemOf(program, [], false);
  let v = system.initial();
  for (const { thread, outcome } of trace) {
    system.perform(v, thread, outcome);
    if (system.width > v.length) v = widened(v, system.width);
  }
  return stateText(system, v);
}
