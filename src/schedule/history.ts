import { Dependence } from './dependence.ts';
import { OP, SIMPLE } from './ops.ts';
import type { System } from './system.ts';
import type { Choice } from './verdict.ts';
import { Sequence } from './wakeup.ts';

/**
 * One execution, event by event, with the order its dependences impose. An event's clock says how many events of
 * each thread come before it in that order (itself included). Events are pushed and popped like a stack.
 */
export class History {
  private readonly system: System;
  private readonly states: Int32Array[];
  depth = 0;
  private readonly thread: number[] = [];
  private readonly outcome: number[] = [];
  /** What it touched, as a number of {@link Dependence}. */
  private readonly accesses: number[] = [];
  /** Which event of its thread it is, from 1. */
  private readonly index: number[] = [];
  /** By event and thread, one after the other. */
  private clocks: Int32Array;
  /** Earlier events it races with. */
  private readonly races: number[][] = [];
  /** By thread: its last event, or the event that started it, or -1; and by event, what that was before. */
  private readonly last: number[];
  private readonly lastBefore: number[] = [];
  /** Accesses by slot, the latest first, as a linked list of records. */
  private readonly head: number[] = [];
  private readonly recordEvent: number[] = [];
  private readonly recordWrite: boolean[] = [];
  private readonly recordBefore: number[] = [];
  private records = 0;
  private readonly candidates: number[] = [];
  private readonly between: number[] = [];
  /** The number of threads, and the clock before the first event. */
  private readonly n: number;
  private readonly origin: Int32Array;
  private readonly base: Int32Array;
  readonly dependence = new Dependence();
  /** By node: what its step touches, where that does not depend on the state. */
  private readonly always: (number | undefined)[] = [];
  private readonly sequence = new Sequence(this.dependence);

  constructor(system: System) {
    this.system = system;
    this.states = [system.initial()];
    this.last = system.program.threads.map(() => -1);
    this.n = system.threads;
    this.origin = new Int32Array(system.threads);
    this.base = new Int32Array(system.threads);
    this.clocks = new Int32Array(64 * system.threads);
  }

  state(depth: number): Int32Array {
    return this.states[depth]!;
  }

  choices(): Choice[] {
    return Array.from({ length: this.depth }, (_, d) => ({
      thread: this.thread[d]!,
      outcome: this.outcome[d]!,
    }));
  }

  get bytes(): number {
    return this.states.length * this.states[0]!.byteLength;
  }

  /** Thread `t` takes its step. */
  push(t: number, outcome: number): void {
    const { system, depth: d } = this;
    const before = this.states[d]!;
    const node = before[t]!;
    const id = this.touches(before, node, t);
    const accesses = this.dependence.set(id);
    this.thread[d] = t;
    this.outcome[d] = outcome;
    this.accesses[d] = id;
    const base = this.baseOf(t);
    let races = this.races[d];
    if (races === undefined) {
      races = [];
      this.races[d] = races;
      this.makeRoom(d);
    }
    races.length = 0;
    this.conflicting(accesses);
    if (this.mayBlock(node)) this.blockingRaces(t, node, accesses, base, races);
    else this.immediateRaces(t, base, races);
    this.setClock(d, t, base);
    this.lastBefore[d] = this.last[t]!;
    this.last[t] = d;
    for (const access of accesses) this.record(access >> 1, d, (access & 1) === 1);
    this.depth = d + 1;
    this.perform(before, d + 1, t, outcome);
    const op = system.nodes.op[node]!;
    // What a thread does comes after the step that started it.
    if (op === OP.START) this.started(system.nodes.a[node]!, d);
    else if (op === OP.CALL_RCU) this.started(system.nodes.b[node]!, d);
  }

  private perform(before: Int32Array, to: number, t: number, outcome: number): void {
    const { system } = this;
    let after = this.states[to];
    if (after === undefined || after.length < before.length) {
      after = new Int32Array(before.length);
      this.states[to] = after;
    }
    // Beyond its width no state ever held anything but 0.
    for (let i = 0, w = system.width; i < w; i++) after[i] = before[i]!;
    system.perform(after, t, outcome);
    if (system.width > after.length) {
      const wide = new Int32Array(system.width * 2);
      wide.set(after);
      this.states[to] = wide;
    }
  }

  pop(): void {
    const d = --this.depth;
    const t = this.thread[d]!;
    const node = this.states[d]![t]!;
    const op = this.system.nodes.op[node]!;
    if (op === OP.START) this.unstart(this.system.nodes.a[node]!, d);
    else if (op === OP.CALL_RCU) this.unstart(this.system.nodes.b[node]!, d);
    this.last[t] = this.lastBefore[d]!;
    const accesses = this.dependence.set(this.accesses[d]!);
    for (let i = accesses.length - 1; i >= 0; i--) {
      this.records--;
      this.head[accesses[i]! >> 1] = this.recordBefore[this.records]!;
    }
  }

  private started(t: number, d: number): void {
    const { op } = this.system.nodes;
    if (op[this.states[d]![t]!] === OP.DORMANT && op[this.states[d + 1]![t]!] !== OP.DORMANT)
      this.last[t] = d;
  }

  private unstart(t: number, d: number): void {
    if (this.last[t] === d) this.last[t] = -1;
  }

  private record(slot: number, event: number, write: boolean): void {
    const r = this.records++;
    this.recordEvent[r] = event;
    this.recordWrite[r] = write;
    this.recordBefore[r] = this.head[slot] ?? -1;
    this.head[slot] = r;
  }

  /** The events an access depends on directly: the last write, and for a write the reads since. */
  private conflicting(accesses: readonly number[]): void {
    this.candidates.length = 0;
    for (const access of accesses) {
      let r = this.head[access >> 1] ?? -1;
      while (r >= 0 && !this.recordWrite[r]) {
        if (access & 1) this.candidates.push(this.recordEvent[r]!);
        r = this.recordBefore[r]!;
      }
      if (r >= 0) this.candidates.push(this.recordEvent[r]!);
    }
  }

  private immediateRaces(t: number, base: Int32Array, races: number[]): void {
    const { candidates, clocks, thread, index } = this;
    for (const e of candidates) {
      const p = thread[e]!;
      const i = index[e]!;
      if (p === t || base[p]! >= i || races.includes(e)) continue;
      let immediate = true;
      for (const g of candidates) {
        if (g !== e && clocks[g * this.n + p]! >= i) {
          immediate = false;
          break;
        }
      }
      if (immediate) races.push(e);
    }
  }

  /** All writes to what the step may be blocked by, before which it was enabled. */
  private blockingRaces(
    t: number,
    node: number,
    accesses: readonly number[],
    base: Int32Array,
    races: number[],
  ): void {
    for (const access of accesses) {
      for (let r = this.head[access >> 1] ?? -1; r >= 0; r = this.recordBefore[r]!) {
        const e = this.recordEvent[r]!;
        const p = this.thread[e]!;
        if (!this.recordWrite[r] && !(access & 1)) continue;
        if (p === t || base[p]! >= this.index[e]! || races.includes(e)) continue;
        if (this.system.outcomes(this.states[e]!, t, node) > 0) races.push(e);
      }
    }
  }

  /** The clock of what comes before a thread's next event for the thread alone. */
  private baseOf(t: number): Int32Array {
    const last = this.last[t]!;
    if (last < 0) return this.origin;
    for (let i = 0, at = last * this.n; i < this.n; i++) this.base[i] = this.clocks[at + i]!;
    return this.base;
  }

  private makeRoom(d: number): void {
    if ((d + 1) * this.n <= this.clocks.length) return;
    const wide = new Int32Array(this.clocks.length * 2);
    wide.set(this.clocks);
    this.clocks = wide;
  }

  private setClock(d: number, t: number, base: Int32Array): void {
    const { clocks, n } = this;
    const at = d * n;
    for (let i = 0; i < n; i++) clocks[at + i] = base[i]!;
    for (const e of this.candidates) {
      for (let i = 0, other = e * n; i < n; i++) {
        if (clocks[other + i]! > clocks[at + i]!) clocks[at + i] = clocks[other + i]!;
      }
    }
    const last = this.last[t]!;
    const index = last >= 0 && this.thread[last] === t ? this.index[last]! + 1 : 1;
    this.index[d] = index;
    clocks[at + t] = index;
  }

  private mayBlock(node: number): boolean {
    const op = this.system.nodes.op[node]!;
    return op < SIMPLE && op > OP.CRASHED && op !== OP.CHOOSE;
  }

  /** What the next step of a thread touches in a state, as a number of {@link Dependence}. */
  pending(v: Int32Array, t: number): number {
    return this.touches(v, v[t]!, t);
  }

  private touches(v: Int32Array, node: number, t: number): number {
    const known = this.always[node];
    if (known !== undefined) return known;
    const id = this.dependence.id(this.system.touches(v, node, t));
    if (this.system.softAccesses[node] === undefined) this.always[node] = id;
    return id;
  }

  /** Of the threads asleep before event `d`, those that still are after it. */
  stillAsleep(asleep: number, d: number): number {
    if (asleep === 0) return 0;
    const { dependence } = this;
    const v = this.states[d]!;
    const accesses = this.accesses[d]!;
    // The thread that moved stands before another step now, whatever outcomes of this one are asleep.
    let still = asleep & ~(1 << this.thread[d]!);
    for (let q = 0; still >> q; q++) {
      if (still & (1 << q) && dependence.conflict(this.pending(v, q), accesses)) still &= ~(1 << q);
    }
    return still;
  }

  /**
   * Tell every race: the earlier event, the later one (or -1 where the execution ended before the step came to
   * be enabled), and the thread of the later.
   */
  eachRace(tell: (first: number, second: number, thread: number) => void): void {
    for (let d = 0; d < this.depth; d++) for (const e of this.races[d]!) tell(e, d, this.thread[d]!);
    const v = this.states[this.depth]!;
    for (let t = 0; t < this.system.threads; t++) {
      const node = v[t]!;
      if (!this.mayBlock(node) || this.system.outcomes(v, t, node) > 0) continue;
      const races: number[] = [];
      const base = this.baseOf(t);
      this.blockingRaces(t, node, this.system.touches(v, node, t), base, races);
      for (const e of races) tell(e, -1, t);
    }
  }

  /** The events after `first` that do not depend on it. */
  private independentOf(first: number): number[] {
    const { between, clocks, n } = this;
    between.length = 0;
    const i = this.index[first]!;
    let at = (first + 1) * n + this.thread[first]!;
    for (let g = first + 1; g < this.depth; g++, at += n) if (clocks[at]! < i) between.push(g);
    return between;
  }

  /**
   * Whether some step asleep before `first` may come first in the reversal of a race that ends with this outcome.
   * `outcomes` says by thread which outcomes of its step are asleep.
   */
  covered(
    asleep: number,
    outcomes: readonly number[],
    first: number,
    second: number,
    thread: number,
    outcome: number,
  ): boolean {
    if (asleep === 0) return false;
    const { dependence } = this;
    const events = this.independentOf(first);
    const v = this.states[first]!;
    let last = -1;
    threads: for (let q = 0; asleep >> q; q++) {
      if (!(asleep & (1 << q))) continue;
      const own = this.pending(v, q);
      for (const g of events) {
        if (this.thread[g] === q) {
          if (outcomes[q]! & (1 << this.outcome[g]!)) return true;
          continue threads;
        }
        if (dependence.conflict(own, this.accesses[g]!)) continue threads;
      }
      if (q === thread) {
        if (outcomes[q]! & (1 << outcome)) return true;
        continue;
      }
      if (outcomes[q] !== this.allOutcomes(v, q)) continue;
      if (last < 0) last = this.lastAccesses(first, second, thread, events);
      if (last !== BLOCKED && !dependence.conflict(own, last)) return true;
    }
    return false;
  }

  /** All outcomes of a thread's next step, as bits. */
  allOutcomes(v: Int32Array, t: number): number {
    const n = this.system.outcomes(v, t, v[t]!);
    if (n > MAX_OUTCOMES)
      throw new RangeError(`a step with ${n} outcomes: traces can tell ${MAX_OUTCOMES} apart`);
    return 2 ** n - 1;
  }

  /** How many outcomes the step a thread is blocked at had before an event. */
  outcomesBefore(event: number, thread: number): number {
    return this.system.outcomes(this.states[event]!, thread, this.states[this.depth]![thread]!);
  }

  outcomeOf(event: number): number {
    return this.outcome[event]!;
  }

  /** What is to be run instead of `first`: what does not depend on it, then the other thread's step. */
  reversal(first: number, second: number, thread: number, outcome: number): Sequence | undefined {
    const events = this.independentOf(first);
    const last = this.lastAccesses(first, second, thread, events);
    if (last === BLOCKED) return undefined;
    const { sequence } = this;
    sequence.clear();
    for (const g of events) sequence.add(this.thread[g]!, this.outcome[g]!, this.accesses[g]!);
    sequence.add(thread, outcome, last);
    return sequence;
  }

  /** What the thread's step touches when it comes after those events and without `first`. */
  private lastAccesses(first: number, second: number, thread: number, events: readonly number[]): number {
    const { system } = this;
    const at = this.states[second < 0 ? this.depth : second]!;
    const node = at[thread]!;
    if (!this.mayBlock(node) && system.softAccesses[node] === undefined) return this.accesses[second]!;
    const v = this.states[first]!.slice();
    for (const g of events) system.perform(v, this.thread[g]!, this.outcome[g]!);
    if (v[thread] !== node || system.outcomes(v, thread, node) === 0) return BLOCKED;
    return this.touches(v, node, thread);
  }
}

const BLOCKED = -2;
const MAX_OUTCOMES = 30;
