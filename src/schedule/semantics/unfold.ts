import type { Step } from '../../steps/step.ts';
import { canon, equal } from '../data/canon.ts';
import type { Interner } from '../data/intern.ts';
import { PairMap } from '../data/pairmap.ts';
import { type Program, spawn } from '../program/program.ts';
import type { Thread } from '../program/thread.ts';
import { OP } from './ops.ts';

/** A step as numbers; the operation defines the meaning of `a`, `b`, `c`. */
export interface Compiled {
  readonly op: number;
  readonly a?: number;
  readonly b?: number;
  readonly c?: number;
}

/** A thread was not deterministic: the same results led to another step. */
export class ThreadDiverged extends Error {
  override readonly name = 'ThreadDiverged';
}

/**
 * The threads of a program unfolded into graphs. A node is a thread at a step with a memory; an edge is a result. A
 * node is made when it is first reached, so thread code runs once per node and not once per state: in a state of the
 * explorer a thread is the number of its node. Threads that forget share nodes.
 */
export class Unfolding {
  readonly op: number[] = [];
  readonly a: number[] = [];
  readonly b: number[] = [];
  readonly c: number[] = [];
  readonly thread: number[] = [];
  readonly step: (Step | undefined)[] = [];
  /** Nodes that are targets of an edge from a later node: every cycle of a thread has one. */
  readonly loops: boolean[] = [];
  readonly #parent: number[] = [];
  readonly #via: number[] = [];
  readonly #live: (Thread | undefined)[] = [];
  /** By node: the result of the first edge made, or -1, and its target. Most nodes have no other edge. */
  readonly #firstResult: number[] = [];
  readonly #firstChild: number[] = [];
  readonly #edges = new PairMap();
  /** The number of threads kept at nodes, ready to continue. */
  #standing = 0;
  /** Every request that made something new, in order. Repeating them makes the same nodes. */
  readonly journal: (readonly [
    kind: 'root' | 'grace' | 'crashed' | 'child',
    a: number,
    b: number,
    c: number,
  ])[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #program: Program;
  readonly #values: Interner;
  readonly #forget: boolean;
  readonly #compile: (node: number, thread: number, step: Step) => Compiled;
  readonly #flagged: (node: number) => void;

  constructor(
    program: Program,
    values: Interner,
    forget: boolean,
    compile: (node: number, thread: number, step: Step) => Compiled,
    flagged: (node: number) => void,
  ) {
    this.#program = program;
    this.#values = values;
    this.#forget = forget;
    this.#compile = compile;
    this.#flagged = flagged;
    // The first nodes are the dormant ones, one per thread: the roots are their children.
    for (let t = 0; t < program.threads.length; t++) this.#add(t, { op: OP.DORMANT }, undefined, -1, 0);
  }

  get size(): number {
    return this.op.length;
  }

  /** An estimate of the bytes held, from measurements: nodes with steps and journal, kept threads, keys, edges. */
  get bytes(): number {
    return this.size * 500 + this.#standing * 800 + this.#byKey.size * 150 + this.#edges.bytes;
  }

  /** The first node of a thread with these arguments. */
  root(thread: number, args: number): number {
    const known = this.#edges.get(thread, args);
    if (known >= 0) return known;
    this.journal.push(['root', thread, args, 0]);
    const live = spawn(this.#program.threads[thread]!, this.#values.value(args) as readonly unknown[]);
    return this.#link(thread, args, this.#place(thread, live, thread, args));
  }

  /** The node where a callback waits for its grace period before it starts. */
  grace(thread: number, rcuSlot: number, args: number): number {
    const key = `grace|${thread}|${rcuSlot}|${args}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.journal.push(['grace', thread, rcuSlot, args]);
    return this.#special(key, thread, { op: OP.GRACE, a: rcuSlot, b: args });
  }

  /** The node of a thread ended by a fault. */
  crashed(thread: number, fault: number): number {
    const key = `crashed|${thread}|${fault}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.journal.push(['crashed', thread, fault, 0]);
    return this.#special(key, thread, { op: OP.CRASHED, a: fault });
  }

  /** The node of the thread after this result. */
  child(node: number, result: number): number {
    if (this.#firstResult[node] === result) return this.#firstChild[node]!;
    const known = this.#edges.get(node, result);
    return known >= 0 ? known : this.#grow(node, result);
  }

  #grow(node: number, result: number): number {
    this.journal.push(['child', node, result, 0]);
    const t = this.thread[node]!;
    if (this.op[node] === OP.EXIT) {
      return this.#link(node, result, this.#ended(t, this.a[node]!));
    }
    const live = this.#claim(node);
    live.take(this.#values.value(result));
    return this.#link(node, result, this.#place(t, live, node, result));
  }

  #link(from: number, result: number, to: number): number {
    this.#edges.set(from, result, to);
    if (this.#firstResult[from] === -1) {
      this.#firstResult[from] = result;
      this.#firstChild[from] = to;
    }
    if (to <= from && !this.loops[to]) {
      this.loops[to] = true;
      this.#flagged(to);
    }
    return to;
  }

  /** A thread at the node that the caller may advance. */
  #claim(node: number): Thread {
    const live = this.#live[node];
    if (live !== undefined) {
      // A frame is copied at no cost and stays; a generator is handed over, and rebuilt when needed again.
      if (this.#program.threads[this.thread[node]!]!.frame !== undefined) return live.copy();
      this.#live[node] = undefined;
      this.#standing--;
      return live;
    }
    const observed: number[] = [];
    let root = node;
    while (root >= this.#program.threads.length) {
      observed.push(this.#via[root]!);
      root = this.#parent[root]!;
    }
    const args = this.#values.value(observed.pop()!) as readonly unknown[];
    const thread = spawn(this.#program.threads[root]!, args);
    for (const id of observed.reverse()) thread.take(this.#values.value(id));
    if (!equal(thread.step, this.step[node])) {
      throw new ThreadDiverged(
        `thread ${this.#program.threads[root]!.name} yielded ${canon(thread.step)} where it had yielded ` +
          `${canon(this.step[node])} after the same results`,
      );
    }
    return thread;
  }

  #place(t: number, live: Thread, parent: number, via: number): number {
    const step = live.step;
    if (step === undefined) {
      const value = this.#values.id(live.returned);
      if (!this.#program.threads[t]!.joinable) return this.#ended(t, value);
      const key = `exit|${t}|${value}`;
      return this.#byKey.get(key) ?? this.#special(key, t, { op: OP.EXIT, a: value });
    }
    let key: string | undefined;
    if (this.#forget && live.forgot) {
      key = `at|${t}|${live.remembers()}`;
      const known = this.#byKey.get(key);
      if (known !== undefined) return known;
    }
    const node = this.#add(t, undefined, step, parent, via);
    this.#live[node] = live;
    this.#standing++;
    if (key !== undefined) this.#byKey.set(key, node);
    return node;
  }

  #ended(t: number, value: number): number {
    const key = `end|${t}|${value}`;
    return this.#byKey.get(key) ?? this.#special(key, t, { op: OP.END, a: value });
  }

  #special(key: string, t: number, code: Compiled): number {
    const node = this.#add(t, code, undefined, -1, 0);
    this.#byKey.set(key, node);
    return node;
  }

  #add(t: number, code: Compiled | undefined, step: Step | undefined, parent: number, via: number) {
    const node = this.op.length;
    const { op, a = 0, b = 0, c = 0 } = code ?? this.#compile(node, t, step!);
    this.op.push(op);
    this.a.push(a);
    this.b.push(b);
    this.c.push(c);
    this.thread.push(t);
    this.#firstResult.push(-1);
    this.#firstChild.push(-1);
    this.step.push(step);
    this.#parent.push(parent);
    this.#via.push(via);
    this.#live.push(undefined);
    this.loops.push(false);
    return node;
  }

  /** Repeats what another unfolding of the same program had made. */
  redo(journal: Unfolding['journal']): void {
    for (const [kind, a, b, c] of journal) {
      if (kind === 'root') this.root(a, b);
      else if (kind === 'grace') this.grace(a, b, c);
      else if (kind === 'crashed') this.crashed(a, b);
      else this.child(a, b);
    }
  }
}
