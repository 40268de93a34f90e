import { failureKey } from '../../steps/failure.ts';
import type { BugStep, LockKind, LockStep, Step, UnlockStep, WarnStep } from '../../steps/step.ts';
import { Interner } from '../data/intern.ts';
import { BadStep } from '../program/bad-step.ts';
import { type Program, validate } from '../program/program.ts';
import type { Fault } from '../program/semantics.ts';
import { ANSWER, LockTable, RCU } from './locktable.ts';
import { OP, SIMPLE } from './ops.ts';
import { Sharing } from './sharing.ts';
import { Slots } from './slots.ts';
import { type Compiled, Unfolding } from './unfold.ts';

/** A data step as numbers: its operation is one of {@link OP}.BRANCHING, DATA, READ and WRITE. */
export interface CompiledData extends Compiled {
  /** What it may touch: slot * 2, + 1 if it may write. */
  readonly accesses: readonly number[];
}

/**
 * A program as a transition system over integer vectors. The first positions of a state are the threads (the node of
 * their unfolding); the rest are slots: locks by the number of their state, shared data as the subclass encodes it. All
 * searches work on these vectors; nothing in one refers to another copy of the world.
 */
export abstract class System {
  readonly program: Program;
  readonly threads: number;
  readonly values = new Interner();
  readonly slots = new Slots();
  readonly nodes: Unfolding;
  readonly locks: LockTable;
  readonly sharing = new Sharing();
  readonly faults: Fault[] = [];
  /** By node: what its step may touch, and what it touches if it turns out to change nothing. */
  readonly accesses: (readonly number[])[] = [];
  readonly softAccesses: (readonly number[])[] = [];
  /** The slots of locks; by thread the slot that counts its atomic sections (or -1). */
  readonly lockSlots: number[] = [];
  readonly #lockKinds: LockKind[] = [];
  readonly #atomicSlots: number[];
  readonly #faultIds = new Map<string, number>();
  /** By node: whether a search took its step for private. */
  readonly reliedNodes: boolean[] = [];

  /**
   * Results of the last {@link perform}: the result (a value number), the fault or -1, the warning or -1, whether it
   * repeats.
   */
  result = 0;
  fault = -1;
  notice = -1;
  again = false;

  constructor(program: Program, forget: boolean) {
    validate(program);
    this.program = program;
    this.threads = program.threads.length;
    this.locks = new LockTable(this.threads);
    this.#atomicSlots = program.threads.map(() => -1);
    for (const t of program.threads) this.slots.id('thread', t.name);
    this.nodes = new Unfolding(
      program,
      this.values,
      forget,
      (node, t, step) => this.#compile(node, t, step),
      (node) => {
        if (this.reliedNodes[node]) this.sharing.broken = true;
      },
    );
    for (let node = 0; node < this.nodes.size; node++) this.accesses[node] = NONE;
  }

  protected abstract compileData(step: Step, thread: number): CompiledData;
  /** The number of outcomes of a BRANCHING data step; 0 while it is blocked. */
  protected abstract branches(v: Int32Array, t: number, node: number): number;
  /** Performs a data step: changes `v`, and sets `result`, or `fault`. */
  protected abstract performData(v: Int32Array, t: number, node: number, outcome: number): void;
  /** Writes the shared data of the initial state. */
  protected abstract initialData(v: Int32Array): void;
  /** Whether a data step about to be performed changes only its thread. */
  protected abstract harmless(v: Int32Array, node: number): boolean;

  /** The number of positions in a state; it grows as threads unfold. */
  get width(): number {
    return this.slots.size;
  }

  /**
   * An estimate of the bytes held besides the states of searches: it grows as threads take steps for the first time.
   */
  get bytes(): number {
    return this.nodes.bytes + this.values.bytes + this.locks.bytes;
  }

  initial(): Int32Array {
    const v = new Int32Array(Math.max(256, this.width * 2));
    this.initialData(v);
    const none = this.values.id([]);
    for (let t = 0; t < this.threads; t++)
      v[t] = this.program.threads[t]!.dormant ? t : this.nodes.root(t, none);
    if (v.length >= this.width) return v;
    const wide = new Int32Array(this.width * 2);
    wide.set(v);
    return wide;
  }

  /** The threads that can take a step, as bits. */
  enabled(v: Int32Array): number {
    let mask = 0;
    const { op } = this.nodes;
    for (let t = 0; t < this.threads; t++) {
      const node = v[t]!;
      const o = op[node]!;
      if (o >= SIMPLE || (o > OP.CRASHED && this.outcomes(v, t, node) > 0)) mask |= 1 << t;
    }
    return mask;
  }

  /** The number of outcomes of the step of a thread at `node` in state `v`; 0 while it is blocked. */
  outcomes(v: Int32Array, t: number, node: number): number {
    const { op, a, b } = this.nodes;
    switch (op[node]!) {
      case OP.END:
      case OP.DORMANT:
      case OP.CRASHED:
        return 0;
      case OP.LOCK:
        if (this.locks.sleeps(b[node]!) && this.isAtomic(v, t)) return 1;
        return this.locks.outcome[this.locks.ask(v[a[node]!]!, b[node]!, t)] === ANSWER.BLOCKED ? 0 : 1;
      case OP.SYNC:
        return this.isAtomic(v, t) || !this.#blockedRcu(v[a[node]!]!, RCU.SYNC, t) ? 1 : 0;
      case OP.GRACE:
        return this.#blockedRcu(v[a[node]!]!, RCU.GRACE, t) ? 0 : 1;
      case OP.JOIN: {
        return op[v[a[node]!]!] === OP.END || this.isAtomic(v, t) ? 1 : 0;
      }
      case OP.CHOOSE:
        return a[node]!;
      case OP.BRANCHING:
        return this.branches(v, t, node);
      default:
        return 1;
    }
  }

  /** What the next step of thread `t` touches in state `v`: slot * 2 + write. */
  touches(v: Int32Array, node: number, t: number): readonly number[] {
    const soft = this.softAccesses[node];
    if (soft === undefined) return this.accesses[node] ?? this.#specialAccesses(node);
    const op = this.nodes.op[node]!;
    if (op === OP.LOCK) {
      const answer = this.locks.ask(v[this.nodes.a[node]!]!, this.nodes.b[node]!, t);
      return this.locks.outcome[answer] === ANSWER.REFUSED ? soft : this.accesses[node]!;
    }
    return this.harmless(v, node) ? soft : this.accesses[node]!;
  }

  /** The accesses of nodes that the unfolding adds itself: the end of a joinable thread, the wait of a callback. */
  #specialAccesses(node: number): readonly number[] {
    const op = this.nodes.op[node]!;
    const slot = op === OP.EXIT ? this.nodes.thread[node]! : this.nodes.a[node]!;
    const accesses = op === OP.EXIT || op === OP.GRACE ? [slot * 2 + 1] : NONE;
    this.accesses[node] = accesses;
    return accesses;
  }

  /** Takes the step of thread `t` in place. The thread must be enabled and `outcome` below {@link outcomes}. */
  perform(v: Int32Array, t: number, outcome: number): void {
    const node = v[t]!;
    this.result = 0;
    this.fault = -1;
    this.notice = -1;
    this.again = false;
    const op = this.nodes.op[node]!;
    if (op >= OP.DATA || op === OP.BRANCHING) this.performData(v, t, node, outcome);
    else this.#performOwn(v, t, node, op, outcome);
    if (this.fault >= 0) v[t] = this.nodes.crashed(t, this.fault);
    else if (!this.again && op !== OP.GRACE) {
      const next = this.nodes.child(node, this.result);
      v[t] = next;
      const after = this.nodes.op[next]!;
      if (after === OP.END || after === OP.EXIT) this.#checkLocksAtEnd(v, t);
    }
  }

  #performOwn(v: Int32Array, t: number, node: number, op: number, outcome: number): void {
    const { a, b, c } = this.nodes;
    switch (op) {
      case OP.LOCK: {
        const request = b[node]!;
        if (this.locks.sleeps(request) && this.isAtomic(v, t)) {
          this.misuse('sleeping function called in an atomic section', this.slots.all[a[node]!]!.name);
          return;
        }
        this.#answerLock(v, t, node, request);
        return;
      }
      case OP.UNLOCK:
        this.#answerLock(v, t, node, b[node]!);
        return;
      case OP.RCU: {
        const answer = this.#askRcu(v, a[node]!, b[node]!, t);
        if (answer === ANSWER.GRANTED) v[this.#atomicSlots[t]!]! += b[node] === RCU.LOCK ? 1 : -1;
        return;
      }
      case OP.SYNC:
        if (this.isAtomic(v, t))
          this.misuse('synchronize_rcu in an atomic section', this.slots.all[a[node]!]!.name);
        else this.#askRcu(v, a[node]!, RCU.SYNC, t);
        return;
      case OP.GRACE:
        this.#askRcu(v, a[node]!, RCU.GRACE, t);
        v[t] = this.nodes.root(t, b[node]!);
        return;
      case OP.CALL_RCU: {
        const other = b[node]!;
        if (this.#canStart(v, other)) {
          this.#askRcu(v, a[node]!, RCU.BEGIN, other);
          v[other] = this.nodes.grace(other, a[node]!, c[node]!);
        }
        return;
      }
      case OP.START:
        if (this.#canStart(v, a[node]!)) v[a[node]!] = this.nodes.root(a[node]!, b[node]!);
        return;
      case OP.JOIN:
        if (this.isAtomic(v, t))
          this.misuse('join in an atomic section', this.program.threads[a[node]!]!.name);
        else this.result = this.nodes.a[v[a[node]!]!]!;
        return;
      case OP.CHOOSE:
        this.result = this.values.id(b[node] === 1 ? outcome === 1 : outcome);
        return;
      case OP.BUG:
        this.fault = a[node]!;
        return;
      case OP.MESSAGE:
        this.notice = a[node]!;
        return;
    }
  }

  #answerLock(v: Int32Array, t: number, node: number, request: number): void {
    const slot = this.nodes.a[node]!;
    const answer = this.locks.ask(v[slot]!, request, t);
    const outcome = this.locks.outcome[answer]!;
    if (outcome === ANSWER.MISUSE) {
      this.misuse(this.locks.text[answer]!, this.slots.all[slot]!.name);
      return;
    }
    v[slot] = this.locks.after[answer]!;
    this.again = outcome === ANSWER.AGAIN;
    const kind = this.nodes.c[node]!;
    if (kind & TRY) this.result = this.values.id(outcome === ANSWER.GRANTED);
    if (outcome === ANSWER.GRANTED && kind & ATOMIC) v[this.#atomicSlots[t]!]! += kind & RELEASE ? -1 : 1;
  }

  #askRcu(v: Int32Array, slot: number, what: number, thread: number): number {
    const answer = this.locks.ask(v[slot]!, this.locks.rcuRequest(what), thread);
    const outcome = this.locks.outcome[answer]!;
    if (outcome === ANSWER.MISUSE) this.misuse(this.locks.text[answer]!, this.slots.all[slot]!.name);
    v[slot] = this.locks.after[answer]!;
    this.again = outcome === ANSWER.AGAIN;
    return outcome;
  }

  #blockedRcu(state: number, what: number, thread: number): boolean {
    return this.locks.outcome[this.locks.ask(state, this.locks.rcuRequest(what), thread)] === ANSWER.BLOCKED;
  }

  #canStart(v: Int32Array, other: number): boolean {
    if (this.nodes.op[v[other]!] === OP.DORMANT) return true;
    const name = this.program.threads[other]!.name;
    this.fault = this.faultId({
      kind: 'misuse',
      subjects: { what: 'thread started twice', thread: name },
      text: `thread ${name} is started twice`,
    });
    return false;
  }

  #checkLocksAtEnd(v: Int32Array, t: number): void {
    for (const slot of this.lockSlots) {
      if (v[slot] !== 0 && this.locks.holds(v[slot]!, t)) {
        this.misuse('the thread ends holding a lock', this.slots.all[slot]!.name);
        v[t] = this.nodes.crashed(t, this.fault);
        return;
      }
    }
  }

  protected isAtomic(v: Int32Array, t: number): boolean {
    const slot = this.#atomicSlots[t]!;
    return slot !== -1 && v[slot]! > 0;
  }

  protected misuse(what: string, lock: string): void {
    this.fault = this.faultId({
      kind: 'lock-misuse',
      subjects: { what, lock },
      text: `${what} (${lock})`,
    });
  }

  faultId(fault: Fault): number {
    const key = failureKey(fault);
    const known = this.#faultIds.get(key);
    if (known !== undefined) return known;
    this.#faultIds.set(key, this.faults.length);
    return this.faults.push(fault) - 1;
  }

  #compile(node: number, t: number, step: Step): Compiled {
    const compiled = this.#compileStep(step, t);
    this.accesses[node] = compiled.accesses;
    if (compiled.soft) this.softAccesses[node] = compiled.soft;
    this.sharing.note(t, compiled.accesses);
    return compiled;
  }

  #compileStep(step: Step, t: number): CompiledData & { soft?: readonly number[] } {
    switch (step.op) {
      case 'lock':
      case 'unlock':
        return this.#compileLock(step, t);
      case 'synchronize_rcu': {
        const a = this.#lockSlot('rcu', step.rcu);
        return { op: OP.SYNC, a, accesses: [a * 2 + 1] };
      }
      case 'call_rcu': {
        const a = this.#lockSlot('rcu', step.rcu);
        const b = this.#threadNamed(step.thread, true);
        this.sharing.note(b, [a * 2 + 1]);
        return { op: OP.CALL_RCU, a, b, c: this.values.id(step.args), accesses: [a * 2 + 1, b * 2 + 1] };
      }
      case 'start': {
        const a = this.#threadNamed(step.thread, true);
        return { op: OP.START, a, b: this.values.id(step.args), accesses: [a * 2 + 1] };
      }
      case 'join': {
        const a = this.#threadNamed(step.thread, false);
        if (!this.program.threads[a]!.joinable) throw new Error(`thread ${step.thread} is not joinable`);
        this.sharing.note(a, [a * 2 + 1]);
        return { op: OP.JOIN, a, accesses: [a * 2] };
      }
      case 'choose':
        if (!Number.isInteger(step.n) || step.n < 1 || step.n > MAX_CHOICES) {
          const { name } = this.program.threads[t]!;
          throw new BadStep(`thread ${name}: choose(${step.n}) is not of 1 to ${MAX_CHOICES}`);
        }
        return { op: OP.CHOOSE, a: step.n, accesses: NONE };
      case 'signal':
        return { op: OP.CHOOSE, a: this.program.signals ? 2 : 1, b: 1, accesses: NONE };
      case 'bug': {
        return { op: OP.BUG, a: this.faultId(said(step)), accesses: NONE };
      }
      case 'warn': {
        return { op: OP.MESSAGE, a: this.faultId(said(step)), accesses: NONE };
      }
      case 'printk':
        return { op: OP.MESSAGE, a: -1, accesses: NONE };
      default: {
        const data = this.compileData(step, t);
        const soft =
          step.op === 'atomic' && step.kind === 'cas' ? data.accesses.map((x) => x & ~1) : undefined;
        return soft === undefined ? data : { ...data, soft };
      }
    }
  }

  #compileLock(step: LockStep | UnlockStep, t: number): CompiledData & { soft?: readonly number[] } {
    if (step.kind === 'rcu') {
      this.#needAtomic(t);
      const a = this.#lockSlot('rcu', step.lock);
      return { op: OP.RCU, a, b: step.op === 'lock' ? RCU.LOCK : RCU.UNLOCK, accesses: [a * 2 + 1] };
    }
    const a = this.#lockSlot('lock', step.lock);
    this.#checkKind(step, a);
    const tries = step.op === 'lock' && step.try;
    const request = this.locks.request(
      step.op === 'lock' ? 'acquire' : 'release',
      step.kind,
      step.mode,
      tries,
    );
    const isAtomic = this.locks.atomic(request);
    if (isAtomic) this.#needAtomic(t);
    const c = (tries ? TRY : 0) | (isAtomic ? ATOMIC : 0) | (step.op === 'unlock' ? RELEASE : 0);
    const op = step.op === 'lock' ? OP.LOCK : OP.UNLOCK;
    return { op, a, b: request, c, accesses: [a * 2 + 1], ...(tries ? { soft: [a * 2] } : {}) };
  }

  /** Checks that all users of a lock use it as the same kind. */
  #checkKind(step: LockStep | UnlockStep, slot: number): void {
    const kind = this.#lockKinds[slot] ?? step.kind;
    this.#lockKinds[slot] = kind;
    if (kind !== step.kind)
      throw new BadStep(`${step.op} of ${step.lock} as a ${step.kind}: it is a ${kind} elsewhere`, step);
  }

  #lockSlot(kind: 'lock' | 'rcu', name: string): number {
    const slot = this.slots.id(kind, name);
    if (!this.lockSlots.includes(slot)) this.lockSlots.push(slot);
    return slot;
  }

  #needAtomic(t: number): void {
    if (this.#atomicSlots[t] === -1)
      this.#atomicSlots[t] = this.slots.id('atomic', this.program.threads[t]!.name);
  }

  #threadNamed(name: string, dormant: boolean): number {
    const t = this.program.threads.findIndex((code) => code.name === name);
    if (t === -1 || (dormant && !this.program.threads[t]!.dormant)) {
      throw new Error(`${this.program.name} has no ${dormant ? 'dormant ' : ''}thread ${name}`);
    }
    return t;
  }
}

/** A fault that a thread reports itself: a bug, a warning, an expectation that does not hold. */
function said(step: BugStep | WarnStep): Fault {
  const { op, where, text, about } = step;
  if (op === 'bug' && step.expectation)
    return { kind: 'expectation', subjects: { what: 'statement', expected: text }, text: `not so: ${text}` };
  return {
    kind: op,
    subjects: { function: where, message: text, ...about },
    text: `${text === '' ? `${op === 'bug' ? 'BUG' : 'WARNING'} in ${where}()` : `${where}: ${text}`}`,
  };
}

const NONE: readonly number[] = Object.freeze([]);
/** The number of outcomes that searches can represent. */
const MAX_CHOICES = 65536;
const TRY = 1;
const ATOMIC = 2;
const RELEASE = 4;
