import { bytesOf, widened } from '../data/ints.ts';
import { eventOf, outcomeOf, THREAD } from './event.ts';
import type { History } from './history.ts';

/**
 * Sleep sets by depth: threads whose next step need not be taken there, because its continuations have been explored
 * and nothing that depends on it has happened since. For a step with several outcomes, only some of them may sleep.
 */
export class SleepSets {
  readonly #threads: number;
  /** By depth: the threads with any sleeping outcome, as bits. */
  #masks = new Int32Array(64);
  /** By depth and thread: the sleeping outcomes, as bits; only valid for threads that sleep. */
  #bits: Int32Array;
  /** What the steps of those threads touch, as numbers of Dependence. */
  #touched: Int32Array;

  constructor(threads: number) {
    this.#threads = threads;
    this.#bits = new Int32Array(64 * threads);
    this.#touched = new Int32Array(64 * threads);
  }

  get bytes(): number {
    return bytesOf(this.#masks, this.#bits, this.#touched);
  }

  /** The sleeping threads, as bits. */
  at(depth: number): number {
    return this.#masks[depth]!;
  }

  /** The sleeping outcomes of a thread's step, as bits. */
  outcomes(depth: number, t: number): number {
    return this.#masks[depth]! & (1 << t) ? this.#bits[depth * this.#threads + t]! : 0;
  }

  /** What the step of a sleeping thread touches. */
  accesses(depth: number, t: number): number {
    return this.#touched[depth * this.#threads + t]!;
  }

  add(depth: number, event: number, accesses: number): void {
    const t = event & THREAD;
    const at = depth * this.#threads + t;
    this.#bits[at] = this.outcomes(depth, t) | (1 << outcomeOf(event));
    this.#touched[at] = accesses;
    this.#masks[depth] = this.#masks[depth]! | (1 << t);
  }

  /** Carries to the next depth the threads that still sleep after the event at this one. */
  carry(history: History, depth: number): void {
    if (depth + 1 >= this.#masks.length) this.#makeRoom(depth + 2);
    const { dependence } = history;
    const bits = this.#bits;
    const touched = this.#touched;
    const threads = this.#threads;
    const accesses = history.accesses[depth]!;
    // The thread that moved is at another step now, so its other outcomes no longer sleep.
    const asleep = this.#masks[depth]! & ~(1 << (history.events[depth]! & THREAD));
    let still = 0;
    for (let rest = asleep; rest !== 0; rest &= rest - 1) {
      const t = 31 - Math.clz32(rest & -rest);
      const at = depth * threads + t;
      // What it touches is unchanged, because nothing on which it depends has happened.
      const own = touched[at]!;
      if (dependence.conflict(own, accesses)) continue;
      still |= 1 << t;
      bits[at + threads] = bits[at]!;
      touched[at + threads] = own;
    }
    this.#masks[depth + 1] = still;
  }

  /** The sleep set at a depth, as plain data. */
  save(depth: number): number[] {
    return Array.from({ length: this.#threads }, (_, t) => this.outcomes(depth, t));
  }

  load(history: History, depth: number, outcomes: readonly (number | null)[]): void {
    const v = history.state(depth);
    if (depth >= this.#masks.length) this.#makeRoom(depth + 1);
    this.#masks[depth] = 0;
    outcomes.forEach((bits, t) => {
      for (let o = 0; (bits ?? 0) >> o; o++)
        if ((bits ?? 0) & (1 << o)) this.add(depth, eventOf(t, o), history.pending(v, t));
    });
  }

  #makeRoom(depths: number): void {
    this.#masks = widened(this.#masks, depths);
    this.#bits = widened(this.#bits, this.#masks.length * this.#threads);
    this.#touched = widened(this.#touched, this.#masks.length * this.#threads);
  }
}
