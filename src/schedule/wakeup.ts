/** An event of a planned sequence: a thread's next step with this outcome, and what it touches. */
export interface Planned {
  readonly thread: number;
  readonly outcome: number;
  /** Slot * 2 + write. */
  readonly accesses: readonly number[];
}

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

  /** Plan a sequence, unless what is planned covers it. */
  insert(sequence: readonly Planned[]): void {
    let node: Wakeup = this;
    let rest = sequence;
    descend: for (;;) {
      for (const child of node.children) {
        const at = weakInitial(child, rest);
        if (at === NOT_INITIAL) continue;
        if (child.isLeaf) return;
        if (at >= 0) rest = rest.toSpliced(at, 1);
        node = child;
        continue descend;
      }
      break;
    }
    for (const p of rest) node = node.add(p);
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

const NOT_INITIAL = -2;

/**
 * Whether a choice may come first in a sequence, up to the order of independent steps: its position there, -1 if
 * it is not part of the sequence and independent of all of it, or {@link NOT_INITIAL}.
 */
function weakInitial(choice: Planned, sequence: readonly Planned[]): number {
  for (let i = 0; i < sequence.length; i++) {
    const p = sequence[i]!;
    if (p.thread === choice.thread) return p.outcome === choice.outcome ? i : NOT_INITIAL;
    if (conflict(choice.accesses, p.accesses)) return NOT_INITIAL;
  }
  return -1;
}
