import { widened } from '../data/ints.ts';
import { eventOf, outcomeOf, threadOf } from './event.ts';

/** Offsets in a node: its event, what that touches, its first child, its next sibling. */
const ACCESSES = 1;
const CHILD = 2;
const SIBLING = 3;
const SIZE = 4;

/**
 * Wakeup trees: planned sequences that share prefixes. The root of a tree stands for a state, every other node for a
 * thread's next step with an outcome (see {@link eventOf}). For what that step touches the tree stores its number in
 * {@link Dependence}. Children are explored in order.
 *
 * A search adds and drops a node for every step or two it takes, so all trees lie in one array; a node is its offset
 * there, and dropped nodes are reused. Node 0 is the empty tree.
 */
export class WakeupTrees {
  #nodes = new Int32Array(1024);
  #used = SIZE;
  /** Dropped nodes, linked as siblings. */
  #dropped = 0;

  get bytes(): number {
    return this.#nodes.byteLength;
  }

  /** A tree for a state with no plan yet. */
  root(): number {
    return this.#node(0, 0);
  }

  #node(event: number, accesses: number): number {
    let node = this.#dropped;
    if (node !== 0) this.#dropped = this.#nodes[node + SIBLING]!;
    else {
      node = this.#used;
      this.#used += SIZE;
      if (this.#used > this.#nodes.length) this.#nodes = widened(this.#nodes, this.#used);
    }
    const nodes = this.#nodes;
    nodes[node] = event;
    nodes[node + ACCESSES] = accesses;
    nodes[node + CHILD] = 0;
    nodes[node + SIBLING] = 0;
    return node;
  }

  /** The event of a node other than a root. */
  event(node: number): number {
    return this.#nodes[node]!;
  }

  /** What its event touches. */
  accesses(node: number): number {
    return this.#nodes[node + ACCESSES]!;
  }

  /** The child that is explored now or next, or 0. */
  first(node: number): number {
    return this.#nodes[node + CHILD]!;
  }

  /** The next child of the same parent, or 0. */
  sibling(node: number): number {
    return this.#nodes[node + SIBLING]!;
  }

  add(parent: number, event: number, accesses: number): number {
    const added = this.#node(event, accesses);
    const nodes = this.#nodes;
    let last = nodes[parent + CHILD]!;
    if (last === 0) nodes[parent + CHILD] = added;
    else {
      while (nodes[last + SIBLING] !== 0) last = nodes[last + SIBLING]!;
      nodes[last + SIBLING] = added;
    }
    return added;
  }

  /** Removes the first child: it has been explored, and nothing is left below it. */
  dropFirst(parent: number): void {
    const nodes = this.#nodes;
    const node = nodes[parent + CHILD]!;
    nodes[parent + CHILD] = nodes[node + SIBLING]!;
    this.drop(node);
  }

  /** Removes the tree: it is no longer needed, and nothing is left in it. */
  drop(node: number): void {
    this.#nodes[node + SIBLING] = this.#dropped;
    this.#dropped = node;
  }

  /** The tree below a node as plain data, for checkpoints. */
  save(node: number): SavedWakeup {
    const children: SavedWakeup[] = [];
    for (let c = this.first(node); c !== 0; c = this.sibling(c)) children.push(this.save(c));
    const event = this.event(node);
    return [threadOf(event), outcomeOf(event), this.accesses(node), children];
  }

  load([thread, outcome, accesses, children]: SavedWakeup): number {
    const node = this.#node(eventOf(thread, outcome), accesses);
    let before = 0;
    for (const saved of children) {
      const c = this.load(saved);
      this.#nodes[before === 0 ? node + CHILD : before + SIBLING] = c;
      before = c;
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
