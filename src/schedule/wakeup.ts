import { type Dependence, NO } from './dependence.ts';

/** A sequence of events to plan, made anew for every race and so without an object for each event. */
export class Sequence {
  private readonly dependence: Dependence;
  private readonly threads: number[] = [];
  private readonly outcomes: number[] = [];
  private readonly accesses: number[] = [];
  /** The event that follows in what is left of the sequence; the last leads to {@link length}. */
  private readonly next: number[] = [];
  private length = 0;
  private head = 0;

  constructor(dependence: Dependence) {
    this.dependence = dependence;
  }

  clear(): void {
    this.length = 0;
    this.head = 0;
  }

  add(thread: number, outcome: number, accesses: number): void {
    const i = this.length++;
    this.threads[i] = thread;
    this.outcomes[i] = outcome;
    this.accesses[i] = accesses;
    this.next[i] = i + 1;
  }

  /**
   * If the choice may come first in what is left, up to the order of independent steps, take it out and say so. It
   * may also not be part of it, and independent of all of it.
   */
  takeInitial(choice: Wakeup): boolean {
    const { threads, next, length, dependence } = this;
    const { thread, accesses } = choice;
    const { answers } = dependence;
    const row = accesses * dependence.stride;
    let before = -1;
    for (let i = this.head; i < length; i = next[i]!) {
      if (threads[i] === thread) {
        if (this.outcomes[i] !== choice.outcome) return false;
        if (before < 0) this.head = next[i]!;
        else next[before] = next[i]!;
        return true;
      }
      if (answers[row + this.accesses[i]!] !== NO && dependence.conflict(accesses, this.accesses[i]!))
        return false;
      before = i;
    }
    return true;
  }

  /** Plan what is left, below a node. */
  plan(below: Wakeup): void {
    let node = below;
    for (let i = this.head; i < this.length; i = this.next[i]!) {
      node = node.add(this.threads[i]!, this.outcomes[i]!, this.accesses[i]!);
    }
  }
}

/**
 * A wakeup tree: planned sequences that share beginnings. The root stands for a state, every other node for a
 * thread's next step with this outcome; `accesses` says what it touches, as a number of {@link Dependence}.
 * Children are explored in order.
 */
export class Wakeup {
  readonly thread: number;
  readonly outcome: number;
  readonly accesses: number;
  private child: Wakeup | undefined = undefined;
  private sibling: Wakeup | undefined = undefined;

  constructor(thread: number, outcome: number, accesses: number) {
    this.thread = thread;
    this.outcome = outcome;
    this.accesses = accesses;
  }

  get isLeaf(): boolean {
    return this.child === undefined;
  }

  /** The child to explore, or being explored. */
  first(): Wakeup | undefined {
    return this.child;
  }

  /** The first child has been explored. */
  drop(): void {
    this.child = this.child?.sibling;
  }

  add(thread: number, outcome: number, accesses: number): Wakeup {
    const added = new Wakeup(thread, outcome, accesses);
    if (this.child === undefined) this.child = added;
    else {
      let last = this.child;
      while (last.sibling !== undefined) last = last.sibling;
      last.sibling = added;
    }
    return added;
  }

  /** Plan a sequence, unless what is planned covers it. The sequence is used up. */
  insert(sequence: Sequence): void {
    let node: Wakeup = this;
    for (;;) {
      let c = node.child;
      while (c !== undefined && !sequence.takeInitial(c)) c = c.sibling;
      if (c === undefined) break;
      if (c.child === undefined) return;
      node = c;
    }
    sequence.plan(node);
  }

  /** The tree as plain data, for checkpoints. */
  save(): SavedWakeup {
    const children: SavedWakeup[] = [];
    for (let c = this.child; c !== undefined; c = c.sibling) children.push(c.save());
    return [this.thread, this.outcome, this.accesses, children];
  }

  static load([thread, outcome, accesses, children]: SavedWakeup): Wakeup {
    const node = new Wakeup(thread, outcome, accesses);
    for (const saved of children.toReversed()) {
      const c = Wakeup.load(saved);
      c.sibling = node.child;
      node.child = c;
    }
    return node;
  }
}

export type SavedWakeup = readonly [
  thread: number,
  outcome: number,
  accesses: number,
  children: readonly SavedWakeup[],
];
