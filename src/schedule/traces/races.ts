import { bytesOf, widened } from '../data/ints.ts';
import type { Dependence } from './dependence.ts';
import { THREAD, threadOf } from './event.ts';

/**
 * The races of an execution, kept like its events on a stack. To reverse one again in the next execution, which has
 * its two events and more in common with this one, comes mostly to the same: with a race is kept why it does.
 *
 * All but a few reversals change nothing: a thread asleep or a planned sequence covers them. That rests on events
 * of the reversal, which stay as long as the execution up to them stays, and on steps that are none of its events
 * and independent of them all, as they still are if they are independent of those that are new in it.
 */
export class Races {
  /** By race: its first event. */
  first = new Int32Array(64);
  /** By event: where the races end of which it is the second one. They begin where those of the event before end. */
  #ends = new Int32Array(64);
  /** By race: the event up to which its reversal is decided, or {@link OPEN}. */
  #settled = new Int32Array(64);
  /** By race: the steps its reversal is to be independent of: their threads, and what they touch and write (as in Dependence). */
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

  /** Put a race at a place and say which is the next. */
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

  /** Keep what the outcome of reversing a race rests on. */
  settle(race: number, on: Grounds): void {
    this.#settled[race] = on.settled;
    this.#threads[race] = on.threads;
    this.#touched[race] = on.touched;
    this.#written[race] = on.written;
  }

  /** Whether reversing the race changes nothing, where the first events are those of the execution before. */
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

/** What the outcome of a reversal rests on. */
export interface Grounds {
  readonly settled: number;
  readonly threads: number;
  readonly touched: number;
  readonly written: number;
}

/** A race that is to be reversed whenever an execution is complete. */
export const OPEN = 0x7fffffff;
