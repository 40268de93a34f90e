import { Ints } from '../data/ints.ts';
import { Checks } from '../monitors/checks.ts';
import type { Monitor, Violation } from '../monitors/monitor.ts';
import type { Bound, Bounds, Choice, Stats } from '../replay/verdict.ts';
import type { Control, Progress } from '../search/control.ts';
import { OP } from '../semantics/ops.ts';
import { stateText } from '../semantics/state-text.ts';
import type { System } from '../semantics/system.ts';
import { StateStore } from './store.ts';

export interface StatesOptions {
  readonly monitors: readonly Monitor[];
  readonly bounds?: Bounds;
  /** Leave out orders of independent steps. */
  readonly reduce?: boolean;
  /** Do not stop at a violation: collect all, and the states in which nothing can move. */
  readonly all?: boolean;
  /** Make the number of steps part of the state: see {@link StatesSearch}. */
  readonly bySteps?: boolean;
  readonly control?: Control;
}

/** Why a search returned. */
export type SearchOutcome =
  | { readonly end: 'violation'; readonly violation: Violation; readonly trace: readonly Choice[] }
  | { readonly end: 'complete'; readonly within: readonly Bound[] }
  | { readonly end: 'stopped'; readonly bound: Bound };

/** Words kept with a state: which threads can move, and which were taken (and {@link DEFERRED}). */
const ENABLED = 0;
const TAKEN = 1;
/** A bit above those of the threads: other threads' steps were deferred to the next layer. */
const DEFERRED = 1 << 30;
/** A work item for every step not yet taken from the state. */
const REST = 0;
const OUTCOME_BITS = 16;

/**
 * Stateful search in layers: all executions with no preemption first, then those with one, and so on; within a layer by
 * number of steps. A step is taken once from every state, as soon as its cost allows, so the first violation found has
 * the fewest preemptions and, among those, the fewest steps.
 *
 * A visit is a state reached with a certain last thread: continuing with that thread is free; switching to another
 * while it could continue is a preemption. Visits, not states, have a parent.
 *
 * A bound on steps cuts off a state where it was first reached, although more preemptions may lead there in fewer
 * steps; and with reduction the steps of other threads come late. If a search was cut off and found nothing, a failure
 * within the bound may still exist. Only a search without reduction in which the number of steps is part of the state
 * (`bySteps`) can exclude it.
 */
export class StatesSearch {
  readonly system: System;
  readonly #options: StatesOptions;
  readonly #checks: Checks;
  store = new StateStore();
  /** By visit: state, parent visit, last choice (thread << 16 | outcome), steps. */
  visitState = new Ints();
  visitParent = new Ints();
  visitMove = new Ints();
  visitSteps = new Ints();
  /** The work of this layer in order of steps, and of the next: pairs of visit and threads (or REST). */
  work = new Ints();
  workHead = 0;
  put = new Ints();
  putHead = 0;
  later = new Ints();
  layer = 0;
  transitions = 0;
  steps = 0;
  cut = false;
  leftOut = false;
  readonly finals = new Set<string>();
  readonly violations = new Map<string, Violation>();
  #cur: Int32Array;
  #next: Int32Array;
  #found: { violation: Violation; visit: number; move: number } | undefined;
  /** The slot for the number of steps, or -1. */
  readonly #stepsSlot: number;

  constructor(system: System, options: StatesOptions) {
    this.system = system;
    this.#options = options;
    this.#stepsSlot = options.bySteps ? system.slots.id('name', 'steps taken') : -1;
    this.#checks = new Checks(system, options.monitors);
    this.#cur = system.initial();
    this.#next = new Int32Array(this.#cur.length);
    this.#begin();
  }

  #begin(): void {
    this.system.sharing.settle();
    this.system.reliedNodes.length = 0;
    this.store = new StateStore();
    for (const list of this.lists) list.clear();
    this.workHead = 0;
    this.putHead = 0;
    this.layer = 0;
    this.transitions = 0;
    this.steps = 0;
    this.cut = false;
    this.leftOut = false;
    this.finals.clear();
    this.violations.clear();
    for (const m of this.#options.monitors) m.memory?.load(undefined);
    this.#next = this.system.initial();
    this.#cur = new Int32Array(this.#next.length);
    this.#arrive(-1, -1, 0, 0);
  }

  /**
   * Searches until something is found, everything is seen, or a bound is reached. May be called again after a bound.
   */
  run(): SearchOutcome {
    const { bounds = {}, control } = this.#options;
    const {
      maxStates = Infinity,
      maxMemory = Infinity,
      maxTime = Infinity,
      maxPreemptions = Infinity,
    } = bounds;
    let countdown = TICK;
    for (;;) {
      if (this.#found !== undefined) return this.#story();
      if (this.system.sharing.broken) this.#begin();
      if (--countdown === 0) {
        countdown = TICK;
        if (control?.stop?.()) return { end: 'stopped', bound: 'interrupted' };
        if (maxTime < Infinity && (control?.elapsed?.() ?? 0) > maxTime)
          return { end: 'stopped', bound: 'time' };
        if (this.bytes > maxMemory) return { end: 'stopped', bound: 'memory' };
        control?.progress?.(this.#progress());
      }
      if (this.store.size >= maxStates && this.#hasWork(maxPreemptions)) {
        return { end: 'stopped', bound: 'states' };
      }
      const fromWork = this.workHead < this.work.length;
      const fromPut = this.putHead < this.put.length;
      if (!fromWork && !fromPut) {
        if (this.later.length === 0 || this.layer >= maxPreemptions) break;
        this.#nextLayer();
        continue;
      }
      if (
        fromWork &&
        (!fromPut || this.#stepsAt(this.work, this.workHead) <= this.#stepsAt(this.put, this.putHead))
      ) {
        this.workHead += 2;
        this.#advance(this.work.data[this.workHead - 2]!, this.work.data[this.workHead - 1]!);
      } else {
        this.putHead += 2;
        this.#advance(this.put.data[this.putHead - 2]!, REST);
      }
    }
    const within: Bound[] = [];
    if (this.later.length > 0) within.push('preemptions');
    if (this.cut) within.push('steps');
    return { end: 'complete', within };
  }

  #hasWork(maxPreemptions: number): boolean {
    if (this.workHead < this.work.length || this.putHead < this.put.length) return true;
    return this.later.length > 0 && this.layer < maxPreemptions;
  }

  #stepsAt(queue: Ints, at: number): number {
    return this.visitSteps.data[queue.data[at]!]!;
  }

  #nextLayer(): void {
    this.layer++;
    const drained = this.put;
    this.put = this.later;
    this.putHead = 0;
    drained.clear();
    this.later = drained;
    this.work.clear();
    this.workHead = 0;
  }

  /** Takes steps of these threads from the state of a visit. */
  #advance(visit: number, threads: number): void {
    const { system } = this;
    const state = this.visitState.data[visit]!;
    let mask = threads;
    if (mask === REST) {
      const taken = this.store.word(state, TAKEN);
      mask = this.store.word(state, ENABLED) & ~taken;
      if (mask === 0) return;
      this.store.setWord(state, TAKEN, taken | mask);
    }
    const steps = this.visitSteps.data[visit]! + 1;
    if (steps > (this.#options.bounds?.maxSteps ?? Infinity)) {
      this.cut = true;
      return;
    }
    this.store.load(state, this.#cur, system.width);
    for (let t = 0; mask >> t; t++) {
      if (!(mask & (1 << t))) continue;
      const node = this.#cur[t]!;
      const outcomes = system.nodes.op[node]! >= OP.UNLOCK ? 1 : system.outcomes(this.#cur, t, node);
      for (let outcome = 0; outcome < outcomes; outcome++) {
        const bad = this.#checks.watchesLocks ? this.#checks.beforeStep(this.#cur, t) : undefined;
        this.transitions++;
        const cur = this.#cur;
        const next = this.#next;
        for (let i = 0, w = system.width; i < w; i++) next[i] = cur[i]!;
        system.perform(next, t, outcome);
        if (system.width > next.length) this.#widen();
        const move = (t << OUTCOME_BITS) | outcome;
        const violation = bad ?? (system.fault >= 0 || system.notice >= 0 ? this.#checks.step() : undefined);
        if (violation !== undefined && this.#report(violation, visit, move)) return;
        this.#arrive(visit, t, outcome, steps);
        if (this.#found !== undefined || system.sharing.broken) return;
      }
    }
  }

  /** A step of thread `t` has led from a visit to `next`. */
  #arrive(parent: number, t: number, outcome: number, steps: number): void {
    const { system, store } = this;
    if (this.#stepsSlot >= 0) this.#next[this.#stepsSlot] = steps;
    const state = store.add(this.#next, system.width);
    const move = (t << OUTCOME_BITS) | outcome;
    if (store.isNew) {
      const enabled = system.enabled(this.#next);
      store.setWord(state, ENABLED, enabled);
      if (steps > this.steps) this.steps = steps;
      const bad = enabled === 0 ? this.#halt() : this.#checks.spin(this.#next, enabled);
      const violation = bad ?? this.#checks.state(this.#next);
      if (violation !== undefined && this.#report(violation, parent, move)) return;
    }
    const enabled = store.word(state, ENABLED);
    const taken = store.word(state, TAKEN);
    const open = enabled & ~taken;
    const own = t >= 0 ? 1 << t : 0;
    if (!(enabled & own)) {
      if (open === 0) return;
      store.setWord(state, TAKEN, taken | open);
      this.#queue(this.work, this.#visit(state, parent, move, steps), open);
      return;
    }
    const goesOn = open & own;
    const rest = open & ~own && !(taken & DEFERRED) && !(goesOn && this.#isAmple(t));
    if (!goesOn && !rest) return;
    const visit = this.#visit(state, parent, move, steps);
    if (goesOn) this.#queue(this.work, visit, own);
    if (rest) this.#queue(this.later, visit, REST);
    store.setWord(state, TAKEN, taken | goesOn | (rest ? DEFERRED : 0));
  }

  #halt(): Violation | undefined {
    if (this.#options.all) this.finals.add(stateText(this.system, this.#next));
    return this.#checks.halt(this.#next);
  }

  /**
   * Whether it suffices to continue with the next step of the thread that just moved, because no other thread's step
   * depends on it. Never at the target of a loop, so that no thread is deferred forever.
   */
  #isAmple(t: number): boolean {
    if (!this.#options.reduce) return false;
    const { system } = this;
    const node = this.#next[t]!;
    if (system.nodes.loops[node]) return false;
    const accesses = system.touches(this.#next, node, t);
    if (!system.sharing.isPrivate(t, accesses)) return false;
    system.sharing.rely(accesses);
    system.reliedNodes[node] = true;
    return true;
  }

  #visit(state: number, parent: number, move: number, steps: number): number {
    this.visitState.push(state);
    this.visitParent.push(parent);
    this.visitMove.push(move);
    return this.visitSteps.push(steps);
  }

  #queue(list: Ints, visit: number, threads: number): void {
    list.push(visit);
    list.push(threads);
  }

  #widen(): void {
    this.#cur = twice(this.#cur, this.system.width);
    this.#next = twice(this.#next, this.system.width);
  }

  /** Records a violation; returns true if the search is to stop there. */
  #report(violation: Violation, visit: number, move: number): boolean {
    if (this.#options.all) {
      this.violations.set(`${violation.monitor}: ${violation.text}`, violation);
      return false;
    }
    this.#found = { violation, visit, move };
    return true;
  }

  #story(): SearchOutcome {
    const { violation, visit, move } = this.#found!;
    const trace: Choice[] = [];
    const add = (m: number) =>
      trace.push({ thread: m >> OUTCOME_BITS, outcome: m & ((1 << OUTCOME_BITS) - 1) });
    if (move >= 0) add(move);
    for (let e = visit; e > 0; e = this.visitParent.data[e]!) add(this.visitMove.data[e]!);
    return { end: 'violation', violation, trace: trace.reverse() };
  }

  /** The lists of the search that a checkpoint stores. */
  get lists(): readonly Ints[] {
    const { visitState, visitParent, visitMove, visitSteps, work, put, later } = this;
    return [visitState, visitParent, visitMove, visitSteps, work, put, later];
  }

  get counters(): readonly number[] {
    const { workHead, putHead, layer, transitions, steps } = this;
    return [workHead, putHead, layer, transitions, steps, this.cut ? 1 : 0];
  }

  /** All states in order with their words: `width` integers each, and two words. */
  saveStates(width: number): Int32Array {
    const { store } = this;
    const all = new Int32Array(store.size * (width + 2));
    for (let i = 0; i < store.size; i++) {
      const row = all.subarray(i * (width + 2), (i + 1) * (width + 2));
      store.load(i, row, width);
      row[width] = store.word(i, ENABLED);
      row[width + 1] = store.word(i, TAKEN);
    }
    return all;
  }

  /** Continues from a checkpoint. */
  restore(
    states: Int32Array,
    width: number,
    lists: readonly Int32Array[],
    counters: readonly number[],
  ): void {
    this.store = new StateStore();
    if (width > this.#next.length) this.#widen();
    for (let at = 0; at < states.length; at += width + 2) {
      const index = this.store.add(states.subarray(at, at + width), width);
      this.store.setWord(index, ENABLED, states[at + width]!);
      this.store.setWord(index, TAKEN, states[at + width + 1]!);
    }
    this.lists.forEach((list, i) => {
      list.clear();
      for (const value of lists[i]!) list.push(value);
    });
    const [workHead = 0, putHead = 0, layer = 0, transitions = 0, steps = 0, cut = 0] = counters;
    Object.assign(this, { workHead, putHead, layer, transitions, steps, cut: cut === 1 });
  }

  get bytes(): number {
    return this.system.bytes + this.store.bytes + this.lists.reduce((sum, l) => sum + l.bytes, 0);
  }

  get stats(): Stats {
    return {
      mode: 'states',
      states: this.store.size,
      executions: 0,
      transitions: this.transitions,
      preemptions: this.layer,
      steps: this.steps,
      bytes: this.bytes,
    };
  }

  #progress(): Progress {
    const open = (this.work.length - this.workHead + this.put.length - this.putHead + this.later.length) / 2;
    const visits = this.visitState.length;
    return { ...this.stats, open, done: visits === 0 ? undefined : 1 - open / visits };
  }
}

/** The number of work items between two checks of the clock. */
const TICK = 4096;

/** The same numbers with space for two states. */
function twice(state: Int32Array, width: number): Int32Array {
  const wide = new Int32Array(width * 2);
  wide.set(state);
  return wide;
}
