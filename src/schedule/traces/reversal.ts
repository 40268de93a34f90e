import { widened } from '../data/ints.ts';
import { NO } from './dependence.ts';
import { eventOf, outcomeOf, THREAD, threadOf } from './event.ts';
import type { History } from './history.ts';
import { type Grounds, OPEN } from './races.ts';
import type { SleepSets } from './sleep.ts';
import type { WakeupTrees } from './wakeup.ts';

/**
 * The reversal of a race: the sequence to run instead of its first event. It consists of all events after that event
 * that do not depend on it, followed by the other thread's step (the final step). A list over the numbers of the
 * events, rebuilt for every race; the final step has the number after the last event. It also records on what its
 * result depends.
 */
export class Reversal implements Grounds {
  readonly history: History;
  /** The remaining events, by number, from `head` on; the final step is before `end`. */
  #list = new Int32Array(64);
  #head = 0;
  #end = 0;
  #first = 0;
  #second = 0;
  /** Whether the accesses of the final step are the same whatever comes before it. */
  #fixed = false;
  /** The grounds of the result: see Races. */
  settled = OPEN;
  threads = 0;
  touched = 0;
  written = 0;

  constructor(history: History) {
    this.history = history;
  }

  /** Reverses a race; `second` is -1 if the execution ended before the other thread's step was enabled. */
  begin(first: number, second: number, thread: number, outcome: number): void {
    const { history } = this;
    const { clocks, events, depth, threads } = history;
    if (depth >= this.#list.length) this.#list = widened(this.#list, depth + 1);
    const list = this.#list;
    this.#first = first;
    this.#second = second;
    this.settled = second < 0 ? OPEN : second;
    this.threads = 0;
    this.touched = 0;
    this.written = 0;
    const index = history.index[first]!;
    let end = 0;
    let at = (first + 1) * threads + threadOf(events[first]!);
    for (let g = first + 1; g < depth; g++, at += threads) if (clocks[at]! < index) list[end++] = g;
    list[end++] = depth;
    this.#head = 0;
    this.#end = end;
    events[depth] = eventOf(thread, outcome);
    history.accesses[depth] = UNKNOWN;
    this.#fixed = second >= 0 && history.fixed[second] === 1;
  }

  /** Whether a step that sleeps before the first event may come first in the sequence. */
  covered(sleep: SleepSets): boolean {
    const { history } = this;
    const first = this.#first;
    const { depth, events } = history;
    const thread = events[depth]! & THREAD;
    for (let asleep = sleep.at(first); asleep !== 0; asleep &= asleep - 1) {
      const q = 31 - Math.clz32(asleep & -asleep);
      const own = sleep.accesses(first, q);
      const g = this.#initial(q, own);
      if (g < 0) continue;
      const outcomes = sleep.outcomes(first, q);
      if (g < depth || q === thread) {
        if (!(outcomes & (1 << outcomeOf(events[g]!)))) continue;
        this.#restOn(g);
        return true;
      }
      if (outcomes !== history.allOutcomes(history.state(first), q)) continue;
      const last = this.#lastAccesses();
      if (last === BLOCKED || history.dependence.conflict(own, last)) continue;
      this.#restApart(q, own);
      return true;
    }
    return false;
  }

  /**
   * The thread's first event in the sequence, or else the final step, if no event before depends on accesses; -1 if one
   * does.
   */
  #initial(thread: number, accesses: number): number {
    const list = this.#list;
    const { depth, events, accesses: touched, dependence } = this.history;
    const { answers } = dependence;
    const row = accesses * dependence.stride;
    for (let i = 0, last = this.#end - 1; i < last; i++) {
      const g = list[i]!;
      if ((events[g]! & THREAD) === thread) return g;
      if (answers[row + touched[g]!] !== NO && dependence.conflict(accesses, touched[g]!)) return -1;
    }
    return depth;
  }

  /** Records that the result also depends on an event of the sequence. */
  #restOn(g: number): void {
    // Nothing that may come before the final step depends on it, if that touches what it touched.
    if (g === this.history.depth) {
      if (!this.#fixed) this.settled = OPEN;
    } else if (g > this.settled) this.settled = g;
  }

  /**
   * Records that the result also depends on a step not being part of the sequence and being independent of all of it.
   */
  #restApart(thread: number, accesses: number): void {
    const { touched, written } = this.history.dependence;
    if (!this.#fixed) this.settled = OPEN;
    this.threads |= 1 << thread;
    this.touched |= touched[accesses]!;
    this.written |= written[accesses]!;
  }

  /** The accesses of the final step when it comes after the others and without the first event. */
  #lastAccesses(): number {
    const { history } = this;
    const first = this.#first;
    const second = this.#second;
    const { system, events, accesses, depth } = history;
    if (accesses[depth] !== UNKNOWN) return accesses[depth]!;
    if (this.#fixed) {
      accesses[depth] = accesses[second]!;
      return accesses[second]!;
    }
    const thread = threadOf(events[depth]!);
    const node = history.state(second < 0 ? depth : second)[thread]!;
    const v = history.state(first).slice();
    for (let i = 0; i < this.#end - 1; i++) {
      const event = events[this.#list[i]!]!;
      system.perform(v, threadOf(event), outcomeOf(event));
    }
    const blocked = v[thread] !== node || system.outcomes(v, thread, node) === 0;
    accesses[depth] = blocked ? BLOCKED : history.touches(v, node, thread);
    return accesses[depth]!;
  }

  /**
   * Adds the sequence to the plan of a tree, unless the plan covers it or it cannot be planned. The sequence is
   * consumed.
   */
  planIn(trees: WakeupTrees, root: number): void {
    if (this.#lastAccesses() === BLOCKED) {
      this.settled = OPEN;
      return;
    }
    const list = this.#list;
    const end = this.#end;
    const { events, accesses, depth } = this.history;
    const tail = end > 1 ? list[end - 2]! : depth;
    let node = root;
    for (;;) {
      let c = trees.first(node);
      while (c !== 0 && !this.#takeInitial(trees.event(c), trees.accesses(c))) c = trees.sibling(c);
      if (c === 0) break;
      if (trees.first(c) === 0) return;
      node = c;
    }
    for (let i = this.#head; i < end; i++) node = trees.add(node, events[list[i]!]!, accesses[list[i]!]!);
    this.#restOn(tail);
    this.#restOn(depth);
  }

  /**
   * Removes the event from the remaining sequence and returns true if it may come first there, up to the order of
   * independent steps. The event may also be no part of the sequence, and independent of all of it.
   */
  #takeInitial(event: number, accesses: number): boolean {
    const list = this.#list;
    const head = this.#head;
    const end = this.#end;
    const { events, accesses: touched, dependence } = this.history;
    const { answers } = dependence;
    const row = accesses * dependence.stride;
    for (let i = head; i < end; i++) {
      const g = list[i]!;
      const other = events[g]!;
      if (((other ^ event) & THREAD) === 0) {
        if (other !== event) return false;
        for (let k = i; k > head; k--) list[k] = list[k - 1]!;
        this.#head = head + 1;
        this.#restOn(g);
        return true;
      }
      if (answers[row + touched[g]!] !== NO && dependence.conflict(accesses, touched[g]!)) return false;
    }
    this.#restApart(event & THREAD, accesses);
    return true;
  }
}

const UNKNOWN = -1;
const BLOCKED = -2;
