import { bytesOf, widened } from '../data/ints.ts';
import type { Choice } from '../replay/verdict.ts';
import { OP, SIMPLE } from '../semantics/ops.ts';
import type { System } from '../semantics/system.ts';
import { AccessLog } from './accesslog.ts';
import { Dependence } from './dependence.ts';
import { eventOf, outcomeOf, threadOf } from './event.ts';
import { Races } from './races.ts';

/**
 * One execution, event by event, with the order imposed by its dependences. An event's clock says how many events of
 * each thread come before it in that order (itself included). Events are pushed and popped like a stack, and so are the
 * races of each with earlier ones.
 */
export class History {
  readonly system: System;
  readonly #states: Int32Array[];
  depth = 0;
  /** By position: the event (see {@link eventOf}), and what it touched, as a number of {@link Dependence}. */
  events = new Int32Array(64);
  accesses = new Int32Array(64);
  /** 1 if what its step touches, and that it is enabled, does not depend on the state. */
  fixed = new Int32Array(64);
  /** The number of the event among those of its thread, from 1. */
  index = new Int32Array(64);
  /** By event and thread: the clocks, `threads` numbers per event. */
  clocks: Int32Array;
  readonly threads: number;
  /** By thread: its last event, or the event that started it, or -1; and by event, the previous value. */
  readonly #last: Int32Array;
  #lastBefore = new Int32Array(64);
  readonly #log = new AccessLog();
  readonly races = new Races();
  readonly dependence = new Dependence();
  /** By node: what its step touches if that does not depend on the state, plus 1; 0 if not known. */
  #always = new Int32Array(256);

  constructor(system: System) {
    this.system = system;
    this.#states = [system.initial()];
    this.threads = system.threads;
    this.#last = new Int32Array(system.threads).fill(-1);
    this.clocks = new Int32Array(64 * system.threads);
  }

  state(depth: number): Int32Array {
    return this.#states[depth]!;
  }

  choices(): Choice[] {
    return Array.from(this.events.subarray(0, this.depth), (e) => ({
      thread: threadOf(e),
      outcome: outcomeOf(e),
    }));
  }

  get bytes(): number {
    const { events, accesses, fixed, index, clocks } = this;
    const lastBefore = this.#lastBefore;
    const always = this.#always;
    const states = this.#states;
    const path = bytesOf(events, accesses, fixed, index, clocks, lastBefore, always);
    const parts = [this.#log, this.races, this.dependence].reduce((sum, part) => sum + part.bytes, 0);
    return states.length * states.at(-1)!.byteLength + path + parts;
  }

  /** Appends the step of thread `t`. */
  push(t: number, outcome: number): void {
    const { system, depth: d } = this;
    // One place more than there are events: the search and the clocks of blocked threads use it.
    if (d + 2 > this.events.length) this.#makeRoom(d + 2);
    const before = this.#states[d]!;
    const node = before[t]!;
    const id = this.touches(before, node, t);
    const accesses = this.dependence.set(id);
    this.events[d] = eventOf(t, outcome);
    this.accesses[d] = id;
    this.#startClock(t);
    let races = this.races.begin(d);
    const blocking = this.mayBlock(node);
    this.fixed[d] = blocking || system.softAccesses[node] !== undefined ? 0 : 1;
    if (blocking) races = this.#blockingRaces(t, node, accesses, races);
    this.#log.findDirect(accesses);
    this.races.setEnd(d, this.#finishClock(blocking, races));
    const last = this.#last[t]!;
    const index = last >= 0 && threadOf(this.events[last]!) === t ? this.index[last]! + 1 : 1;
    this.index[d] = index;
    this.clocks[d * this.threads + t] = index;
    this.#lastBefore[d] = last;
    this.#last[t] = d;
    this.#log.add(accesses, d);
    this.depth = d + 1;
    this.#perform(before, d + 1, t, outcome);
    // A thread's steps come after the step that started it.
    const op = system.nodes.op[node]!;
    if (op === OP.START) this.#started(system.nodes.a[node]!, d);
    else if (op === OP.CALL_RCU) this.#started(system.nodes.b[node]!, d);
  }

  #perform(before: Int32Array, to: number, t: number, outcome: number): void {
    const { system } = this;
    let after = this.#states[to];
    if (after === undefined || after.length < before.length) {
      after = new Int32Array(before.length);
      this.#states[to] = after;
    }
    after.set(before);
    if (after.length > before.length) after.fill(0, before.length);
    system.perform(after, t, outcome);
    if (system.width > after.length) this.#states[to] = widened(after, system.width);
  }

  pop(): void {
    const d = --this.depth;
    const t = threadOf(this.events[d]!);
    const { op, a, b } = this.system.nodes;
    const node = this.#states[d]![t]!;
    const o = op[node]!;
    if (o === OP.START) this.#unstart(a[node]!, d);
    else if (o === OP.CALL_RCU) this.#unstart(b[node]!, d);
    this.#last[t] = this.#lastBefore[d]!;
    this.#log.remove(this.dependence.set(this.accesses[d]!));
  }

  #started(t: number, d: number): void {
    const { op } = this.system.nodes;
    if (op[this.#states[d]![t]!] === OP.DORMANT && op[this.#states[d + 1]![t]!] !== OP.DORMANT)
      this.#last[t] = d;
  }

  #unstart(t: number, d: number): void {
    if (this.#last[t] === d) this.#last[t] = -1;
  }

  /** Starts the clock at the end with what comes before a thread's next event because of the thread's own order. */
  #startClock(t: number): void {
    const { clocks, threads: n } = this;
    const last = this.#last[t]!;
    const at = this.depth * n;
    if (last < 0) for (let i = 0; i < n; i++) clocks[at + i] = 0;
    else for (let i = 0, from = last * n; i < n; i++) clocks[at + i] = clocks[from + i]!;
  }

  /**
   * Merges into the clock at the end the events on which its event depends directly. At first only what came before
   * each of them:
   * events that are then not in the clock are immediate predecessors, and race with it. Returns the end of the races.
   */
  #finishClock(blocking: boolean, races: number): number {
    const { clocks, events, index, threads: n } = this;
    const { direct, directs } = this.#log;
    const at = this.depth * n;
    for (let c = 0; c < directs; c++) {
      const e = direct[c]!;
      const p = threadOf(events[e]!);
      const own = clocks[at + p]!;
      const i = index[e]!;
      if (own >= i) continue;
      for (let k = 0, from = e * n; k < n; k++) {
        const other = clocks[from + k]!;
        if (other > clocks[at + k]!) clocks[at + k] = other;
      }
      clocks[at + p] = i - 1;
    }
    let end = races;
    for (let c = 0; c < directs; c++) {
      const e = direct[c]!;
      const own = at + threadOf(events[e]!);
      if (clocks[own]! >= index[e]!) continue;
      clocks[own] = index[e]!;
      if (!blocking) end = this.races.add(e, end);
    }
    return end;
  }

  /**
   * Races with all writes to what may block the step if the step was enabled before them. Returns the end of the races.
   */
  #blockingRaces(t: number, node: number, accesses: readonly number[], races: number): number {
    const { clocks, index } = this;
    const log = this.#log;
    const at = this.depth * this.threads;
    let end = races;
    for (const access of accesses) {
      for (let r = log.conflicting(access); r !== 0; r = log.conflictingBefore(r, access)) {
        const e = log.eventOf(r);
        const p = threadOf(this.events[e]!);
        if (p === t || clocks[at + p]! >= index[e]! || this.races.has(e, races, end)) continue;
        if (this.system.outcomes(this.#states[e]!, t, node) > 0) end = this.races.add(e, end);
      }
    }
    return end;
  }

  /** The events that block a thread at the end, although it was enabled before them. */
  racesOfBlocked(t: number): Int32Array {
    const v = this.#states[this.depth]!;
    const node = v[t]!;
    if (!this.mayBlock(node) || this.system.outcomes(v, t, node) > 0) return NO_RACES;
    if (this.depth + 1 > this.events.length) this.#makeRoom(this.depth + 1);
    this.#startClock(t);
    const start = this.races.begin(this.depth);
    const end = this.#blockingRaces(t, node, this.system.touches(v, node, t), start);
    return this.races.first.slice(start, end);
  }

  #makeRoom(events: number): void {
    this.events = widened(this.events, events);
    this.accesses = widened(this.accesses, events);
    this.fixed = widened(this.fixed, events);
    this.index = widened(this.index, events);
    this.#lastBefore = widened(this.#lastBefore, events);
    this.clocks = widened(this.clocks, this.events.length * this.threads);
  }

  /** Whether a step may be blocked, or may have several outcomes for another reason than a `choose` step. */
  mayBlock(node: number): boolean {
    const op = this.system.nodes.op[node]!;
    return op < SIMPLE && op > OP.CRASHED && op !== OP.CHOOSE;
  }

  /** What the next step of a thread touches in a state, as a number of {@link Dependence}. */
  pending(v: Int32Array, t: number): number {
    return this.touches(v, v[t]!, t);
  }

  touches(v: Int32Array, node: number, t: number): number {
    if (node < this.#always.length) {
      const known = this.#always[node]!;
      if (known !== 0) return known - 1;
    }
    const id = this.dependence.id(this.system.touches(v, node, t));
    if (this.system.softAccesses[node] === undefined) {
      if (node >= this.#always.length) this.#always = widened(this.#always, node + 1);
      this.#always[node] = id + 1;
    }
    return id;
  }

  /** All outcomes of a thread's next step, as bits. */
  allOutcomes(v: Int32Array, t: number): number {
    const n = this.system.outcomes(v, t, v[t]!);
    if (n > MAX_OUTCOMES)
      throw new RangeError(`a step with ${n} outcomes: traces can tell ${MAX_OUTCOMES} apart`);
    return 2 ** n - 1;
  }

  /** The number of outcomes that the step of a blocked thread had before an event. */
  outcomesBefore(event: number, thread: number): number {
    return this.system.outcomes(this.#states[event]!, thread, this.#states[this.depth]![thread]!);
  }
}

const NO_RACES = new Int32Array(0);
const MAX_OUTCOMES = 30;
