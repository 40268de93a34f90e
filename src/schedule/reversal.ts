import { NO } from './dependence.ts';
import { eventOf, type History, OPEN, outcomeOf, THREAD, threadOf } from './history.ts';
import { widened } from './ints.ts';
import type { SleepSets } from './sleep.ts';
import type { WakeupTrees } from './wakeup.ts';

/**
 * The reversal of a race: what is to be run instead of its first event. That is all events after it that do not
 * depend on it, and at last the step of the other thread. A list over the numbers of the events, made anew for every
 * race; the step at last goes by the number after the last event.
 *
 * It also says on what its outcome rests. Of a race whose events both stay, the reversal in the next execution is
 * the same up to the first event that is another; so is the outcome if it was decided before that.
 */
export class Reversal {
  readonly history: History;
  private next = new Int32Array(64);
  private head = 0;
  /** The event before the step at last, or -1. */
  private tail = -1;
  private first = 0;
  private second = 0;
  /** Whether what the step at last touches is known whatever comes before it. */
  private fixed = false;
  /** The event up to which the outcome is decided, or {@link OPEN}. */
  settled = OPEN;

  constructor(history: History) {
    this.history = history;
  }

  /** Reverse a race; `second` is -1 where the execution ended before the other thread's step was enabled. */
  begin(first: number, second: number, thread: number, outcome: number): void {
    const { history } = this;
    const { clocks, events, depth, threads } = history;
    if (depth >= this.next.length) this.next = widened(this.next, depth + 1);
    const { next } = this;
    this.first = first;
    this.second = second;
    this.settled = second < 0 ? OPEN : second;
    const index = history.index[first]!;
    let before = -1;
    let at = (first + 1) * threads + threadOf(events[first]!);
    for (let g = first + 1; g < depth; g++, at += threads) {
      if (clocks[at]! >= index) continue;
      if (before < 0) this.head = g;
      else next[before] = g;
      before = g;
    }
    this.tail = before;
    if (before < 0) this.head = depth;
    else next[before] = depth;
    next[depth] = -1;
    events[depth] = eventOf(thread, outcome);
    history.accesses[depth] = UNKNOWN;
    const node = history.state(second < 0 ? depth : second)[thread]!;
    this.fixed = !history.mayBlock(node) && history.system.softAccesses[node] === undefined;
  }

  /** Whether some step asleep before the first event may come first in it. */
  covered(sleep: SleepSets): boolean {
    const { history, first } = this;
    const { depth, events } = history;
    const v = history.state(first);
    const thread = events[depth]! & THREAD;
    for (let asleep = sleep.at(first); asleep !== 0; asleep &= asleep - 1) {
      const q = 31 - Math.clz32(asleep & -asleep);
      const own = history.pending(v, q);
      const g = this.initial(q, own);
      if (g < 0) continue;
      const outcomes = sleep.outcomes(first, q);
      if (g < depth || q === thread) {
        if (!(outcomes & (1 << outcomeOf(events[g]!)))) continue;
        this.restOn(g);
        return true;
      }
      if (outcomes !== history.allOutcomes(v, q)) continue;
      const last = this.lastAccesses();
      if (last === BLOCKED || history.dependence.conflict(own, last)) continue;
      this.settled = OPEN;
      return true;
    }
    return false;
  }

  /**
   * The thread's first event in it, or else the step at last, if no event before depends on accesses; -1 if one does.
   */
  private initial(thread: number, accesses: number): number {
    const { next } = this;
    const { depth, events, accesses: touched, dependence } = this.history;
    for (let g = this.head; g !== depth; g = next[g]!) {
      if ((events[g]! & THREAD) === thread) return g;
      if (dependence.conflict(accesses, touched[g]!)) return -1;
    }
    return depth;
  }

  /** The outcome is decided by an event of it, too. */
  private restOn(g: number): void {
    // Nothing that may come to stand before the step at last depends on it, if that touches what it touched.
    if (g === this.history.depth) {
      if (!this.fixed) this.settled = OPEN;
    } else if (g > this.settled) this.settled = g;
  }

  /** What the step at last touches when it comes after the others and without the first event. */
  private lastAccesses(): number {
    const { history, first, second } = this;
    const { system, events, accesses, depth } = history;
    if (accesses[depth] !== UNKNOWN) return accesses[depth]!;
    if (this.fixed) {
      accesses[depth] = accesses[second]!;
      return accesses[second]!;
    }
    const thread = threadOf(events[depth]!);
    const node = history.state(second < 0 ? depth : second)[thread]!;
    const v = history.state(first).slice();
    for (let g = this.head; g !== depth; g = this.next[g]!)
      system.perform(v, threadOf(events[g]!), outcomeOf(events[g]!));
    const blocked = v[thread] !== node || system.outcomes(v, thread, node) === 0;
    accesses[depth] = blocked ? BLOCKED : history.touches(v, node, thread);
    return accesses[depth]!;
  }

  /** Plan it in a tree, unless what is planned covers it or it cannot be. It is used up. */
  planIn(trees: WakeupTrees, root: number): void {
    if (this.lastAccesses() === BLOCKED) {
      this.settled = OPEN;
      return;
    }
    let node = root;
    for (;;) {
      let c = trees.first(node);
      while (c !== 0 && !this.takeInitial(trees.event(c), trees.accesses(c))) c = trees.sibling(c);
      if (c === 0) break;
      if (trees.first(c) === 0) return;
      node = c;
    }
    const { events, accesses, depth } = this.history;
    for (let g = this.head; g >= 0; g = this.next[g]!) node = trees.add(node, events[g]!, accesses[g]!);
    this.restOn(this.tail);
    this.restOn(depth);
  }

  /**
   * If the event may come first in what is left, up to the order of independent steps, take it out and say so. It
   * may also not be part of it, and independent of all of it.
   */
  takeInitial(event: number, accesses: number): boolean {
    const { next } = this;
    const { events, accesses: touched, dependence } = this.history;
    const { answers } = dependence;
    const row = accesses * dependence.stride;
    let before = -1;
    for (let g = this.head; g >= 0; g = next[g]!) {
      const other = events[g]!;
      if (((other ^ event) & THREAD) === 0) {
        if (other !== event) return false;
        if (before < 0) this.head = next[g]!;
        else next[before] = next[g]!;
        this.restOn(g);
        return true;
      }
      if (answers[row + touched[g]!] !== NO && dependence.conflict(accesses, touched[g]!)) return false;
      before = g;
    }
    this.settled = OPEN;
    return true;
  }
}

const UNKNOWN = -1;
const BLOCKED = -2;
