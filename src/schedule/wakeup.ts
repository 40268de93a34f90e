/** An event of a planned sequence: a thread's next step with this outcome, and what it touches. */
export interface Planned {
  readonly thread: number;
  readonly outcome: number;
  /** Slot * 2 + write. */
  readonly accesses: readonly number[];
}

/** A sequence of events to plan, made anew for every race and so without an object for each event. */
export class Sequence {
  length = 0;
  private readonly threads: number[] = [];
  private readonly outcomes: number[] = [];
  private readonly accesses: (readonly number[])[] = [];

  clear(): void {
    this.length = 0;
  }

  add(thread: number, outcome: number, accesses: readonly number[]): void {
    const i = this.length++;
    this.threads[i] = thread;
    this.outcomes[i] = outcome;
    this.accesses[i] = accesses;
  }

  at(i: number): Planned {
    return { thread: this.threads[i]!, outcome: this.outcomes[i]!, accesses: this.accesses[i]! };
  }

  removeAt(i: number): void {
    this.length--;
    for (let k = i; k < this.length; k++) {
      this.threads[k] = this.threads[k + 1]!;
      this.outcomes[k] = this.outcomes[k + 1]!;
      this.accesses[k] = this.accesses[k + 1]!;
    }
  }

  /**
   * Whether a choice may come first, up to the order of independent steps: its position in the sequence, -1 if it
   * is not part of it and independent of all of it, or {@link NOT_INITIAL}.
   */
  weakInitial(choice: Planned): number {
    const { thread, accesses } = choice;
    for (let i = 0; i < this.length; i++) {
      if (this.threads[i] === thread) return this.outcomes[i] === choice.outcome ? i : NOT_INITIAL;
      if (conflict(accesses, this.accesses[i]!)) return NOT_INITIAL;
    }
    return -1;
  }
}

const NOT_INITIAL = -2;

/** Whether two steps touch the same thing and one of them writes it. */
export function conflict(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    for (let j = 0; j < b.length; j++) {
      const y = b[j]!;
      if (x >> 1 === y >> 1 && (x | y) & 1) return true;
    }
  }
  return false;
}

/**
 * A wakeup tree: planned sequences that share beginnings. The root stands for a state, every other node for one
 * choice. The first child is the one being explored.
 */
export class Wakeup implements Planned {
  readonly thread: number;
  readonly outcome: number;
  readonly accesses: readonly number[];
  private readonly children: Wakeup[] = [];
  /** The other outcomes of the step are planned beside it. */
  private branched = false;

  constructor(thread: number, outcome: number, accesses: readonly number[]) {
    this.thread = thread;
    this.outcome = outcome;
    this.accesses = accesses;
  }

  get isLeaf(): boolean {
    return this.children.length === 0;
  }

  first(): Wakeup | undefined {
    return this.children[0];
  }

  /** The first child has been explored. */
  drop(): void {
    this.children.shift();
  }

  hasThread(thread: number): boolean {
    return this.children.some((c) => c.thread === thread);
  }

  add(choice: Planned): Wakeup {
    const child = new Wakeup(choice.thread, choice.outcome, choice.accesses);
    this.children.push(child);
    return child;
  }

  /** The first child's step can go several ways: plan those that are not planned yet. */
  branch(outcomes: number): void {
    const { thread, accesses, branched } = this.children[0]!;
    if (branched || outcomes === 1) return;
    for (let outcome = 0; outcome < outcomes; outcome++) {
      const is = (c: Wakeup) => c.thread === thread && c.outcome === outcome;
      const child = this.children.find(is) ?? this.add({ thread, outcome, accesses });
      child.branched = true;
    }
  }

  /** Plan a sequence, unless what is planned covers it. The sequence is used up. */
  insert(rest: Sequence): void {
    let node: Wakeup = this;
    descend: for (;;) {
      for (const child of node.children) {
        const at = rest.weakInitial(child);
        if (at === NOT_INITIAL) continue;
        if (child.isLeaf) return;
        if (at >= 0) rest.removeAt(at);
        node = child;
        continue descend;
      }
      break;
    }
    for (let i = 0; i < rest.length; i++) node = node.add(rest.at(i));
  }

  /** The tree as plain data, for checkpoints. */
  save(): SavedWakeup {
    return [this.thread, this.outcome, this.branched, this.accesses, this.children.map((c) => c.save())];
  }

  static load([thread, outcome, branched, accesses, children]: SavedWakeup): Wakeup {
    const node = new Wakeup(thread, outcome, accesses);
    node.branched = branched;
    for (const c of children) node.children.push(Wakeup.load(c));
    return node;
  }
}

export type SavedWakeup = readonly [
  thread: number,
  outcome: number,
  branched: boolean,
  accesses: readonly number[],
  children: readonly SavedWakeup[],
];
