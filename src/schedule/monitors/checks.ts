import type { Failure } from '../../steps/failure.ts';
import { OP } from '../semantics/ops.ts';
import type { System } from '../semantics/system.ts';
import { viewOf } from '../semantics/view.ts';
import type { Monitor, Violation } from './monitor.ts';

/** The monitors of one search, called in order; the first violation counts. */
export class Checks {
  readonly #system: System;
  readonly #monitors: readonly Monitor[];
  readonly #onState: readonly Monitor[];
  readonly #onAcquire: readonly Monitor[];
  readonly #onSpin: readonly Monitor[];

  constructor(system: System, monitors: readonly Monitor[]) {
    this.#system = system;
    this.#monitors = monitors;
    this.#onState = monitors.filter((m) => m.state !== undefined);
    this.#onAcquire = monitors.filter((m) => m.acquire !== undefined);
    this.#onSpin = monitors.filter((m) => m.spins !== undefined);
  }

  /** Whether {@link beforeStep} has anything to check. */
  get watchesLocks(): boolean {
    return this.#onAcquire.length > 0;
  }

  /** After a step: checks its fault or warning. */
  step(): Violation | undefined {
    const { fault, notice } = this.#system;
    const id = fault >= 0 ? fault : notice;
    if (id < 0) return undefined;
    const data = this.#system.faults[id]!;
    for (const m of this.#monitors) {
      const found = m.fault?.(data);
      if (found) return violation(m, found);
    }
    return undefined;
  }

  /** Before thread `t` takes its step: checks the lock that it is about to take, if it will get it. */
  beforeStep(v: Int32Array, t: number): Violation | undefined {
    const system = this.#system;
    const node = v[t]!;
    const step = system.nodes.step[node];
    if (step?.op !== 'lock' || step.kind === 'rcu' || step.try) return undefined;
    const held = system.lockSlots
      .filter((slot) => system.slots.all[slot]!.kind === 'lock' && system.locks.holds(v[slot]!, t))
      .map((slot) => system.slots.all[slot]!.name)
      .sort();
    if (held.length === 0) return undefined;
    for (const m of this.#onAcquire) {
      const found = m.acquire!(system.program.threads[t]!.name, step.lock, held);
      if (found) return violation(m, found);
    }
    return undefined;
  }

  /** Checks a state that is met for the first time. */
  state(v: Int32Array): Violation | undefined {
    if (this.#onState.length === 0) return undefined;
    const view = viewOf(this.#system, v, true);
    for (const m of this.#onState) {
      const found = m.state!(view);
      if (found) return violation(m, found);
    }
    return undefined;
  }

  /**
   * Checks a state in which only one thread can move and that thread looks for a signal: whether it returns to this
   * state by itself.
   */
  spin(v: Int32Array, enabled: number): Violation | undefined {
    if (this.#onSpin.length === 0 || (enabled & (enabled - 1)) !== 0) return undefined;
    const system = this.#system;
    const t = 31 - Math.clz32(enabled);
    const step = system.nodes.step[v[t]!];
    if (step?.op !== 'signal' || !comesBack(system, v, t)) return undefined;
    const view = viewOf(system, v);
    for (const m of this.#onSpin) {
      const found = m.spins!(view, system.program.threads[t]!.name, step.where);
      if (found) return violation(m, found);
    }
    return undefined;
  }

  /** Checks a state in which no thread can move. */
  halt(v: Int32Array): Violation | undefined {
    const system = this.#system;
    const stuck = system.program.threads.some((code, t) => {
      const op = system.nodes.op[v[t]!]!;
      return op !== OP.END && op !== OP.DORMANT && op !== OP.CRASHED && !code.daemon;
    });
    const view = viewOf(system, v);
    for (const m of this.#monitors) {
      const found = stuck ? m.stuck?.(view) : m.end?.(view);
      if (found) return violation(m, found);
    }
    return undefined;
  }
}

/** The most steps in one turn of a loop that a thread runs alone. */
const MOST_STEPS = 10_000;

/** Whether a thread that moves alone, without a choice or a fault, returns to the same state. */
function comesBack(system: System, v: Int32Array, t: number): boolean {
  let at: Int32Array = v.slice();
  for (let i = 0; i < MOST_STEPS; i++) {
    if (system.outcomes(at, t, at[t]!) !== 1) return false;
    system.perform(at, t, 0);
    if (system.fault >= 0) return false;
    if (system.width > at.length) {
      const wide = new Int32Array(system.width * 2);
      wide.set(at);
      at = wide;
    }
    if (system.enabled(at) !== 1 << t) return false;
    if (at.every((value, slot) => value === (v[slot] ?? 0))) return true;
  }
  return false;
}

const violation = ({ name }: Monitor, { kind, subjects, text }: Failure): Violation => ({
  monitor: name,
  kind,
  subjects,
  text,
});
