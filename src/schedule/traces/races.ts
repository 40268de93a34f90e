import { bytesOf, widened } from '../data/ints.ts';
import type { Dependence } from './dependence.ts';
import { THREAD, threadOf } from './event.ts';

/**
 * The races of an execution, kept on a stack like its events. Reversing a race again in the next execution, which
 * shares the race's two events and more, usually gives the same result; the reason for that is stored with the race.
 *
 * Almost all reversals change nothing: a sleeping thread or a planned sequence covers them. This result depends on
 * events of the reversal, which stay as long as the execution up to them stays, and on steps that are not among its
 * events and are independent of all of them; they remain so if they are independent of the events that are new.
 */
export class Races {
  /** By race: its first event. */
  first = new Int32Array(64);
  /** By event: the end of the races whose second event it is. They begin at the end of the previous event's races. */
  #ends = new Int32Array(64);
  /** By race: the event up to which its reversal is decided, or {@link OPEN}. */
  #settled = new Int32Array(64);
  /**
   * By race: the steps of which its reversal must be independent: their threads, and what they touch and write (as in
   * Dependence).
   */
  #threads = new Int32Array(64);
  #touched = new Int32Array(64);
  #written = new Int32Array(64);

  get bytes(): number {
    const { first } = this;
    const ends = this.#ends;
    const settled = this.#settled;
    const threads = this.#threads;
    const touched = this.#touched;
    const written = this.#written;
    return bytesOf(first, ends, settled, threads, touched, written);
  }

  begin(second: number): number {
    return second === 0 ? 0 : this.#ends[second - 1]!;
  }

  end(second: number): number {
    return this.#ends[second]!;
  }

  setEnd(second: number, end: number): void {
    if (second >= this.#ends.length) this.#ends = widened(this.#ends, second + 1);
    this.#ends[second] = end;
  }

  /** Stores a race at an index and returns the next index. */
  add(first: number, at: number): number {
    if (at >= this.first.length) this.#makeRoom(at + 1);
    this.first[at] = first;
    this.#settled[at] = OPEN;
    return at + 1;
  }

  has(first: number, from: number, to: number): boolean {
    for (let r = from; r < to; r++) if (this.first[r] === first) return true;
    return false;
  }

  /** Stores the grounds for the result of reversing a race. */
  settle(race: number, on: Grounds): void {
    this.#settled[race] = on.settled;
    this.#threads[race] = on.threads;
    this.#touched[race] = on.touched;
    this.#written[race] = on.written;
  }

  /** Whether reversing the race changes nothing; the first `common` events are those of the previous execution. */
  isSettled(race: number, execution: Execution, common: number): boolean {
    if (this.#settled[race]! >= common) return false;
    const threads = this.#threads[race]!;
    if (threads === 0) return true;
    const touched = this.#touched[race]!;
    const written = this.#written[race]!;
    const { clocks, events, accesses, depth, threads: n, dependence } = execution;
    const first = this.first[race]!;
    const index = execution.index[first]!;
    let at = common * n + threadOf(events[first]!);
    for (let g = common; g < depth; g++, at += n) {
      if (clocks[at]! >= index) continue;
      if ((threads >> (events[g]! & THREAD)) & 1) return false;
      const set = accesses[g]!;
      if ((dependence.touched[set]! & written) | (dependence.written[set]! & touched)) return false;
    }
    return true;
  }

  #makeRoom(races: number): void {
    this.first = widened(this.first, races);
    this.#settled = widened(this.#settled, races);
    this.#threads = widened(this.#threads, races);
    this.#touched = widened(this.#touched, races);
    this.#written = widened(this.#written, races);
  }
}

/** An execution, by the positions of its events. */
interface Execution {
  readonly depth: number;
  readonly threads: number;
  readonly events: Int32Array;
  readonly accesses: Int32Array;
  readonly index: Int32Array;
  readonly clocks: Int32Array;
  readonly dependence: Dependence;
}

/** The grounds on which the result of a reversal depends. */
export interface Grounds {
  readonly settled: number;
  readonly threads: number;
  readonly touched: number;
  readonly written: number;
}

/** Marks a race that must be reversed whenever an execution is complete. */
export const OPEN = 0x7fffffff;
