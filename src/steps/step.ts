import type { Operation } from './operation.ts';

/**
 * What a thread of execution does to the world, one record per step.
 *
 * A thread is a generator. It yields a {@link Step} for every access to shared state, every lock, allocation, free,
 * assertion and message, and receives the result when it is resumed. A thread never touches shared state itself: the
 * driver performs the step. A runner drives a single thread straight through; the explorer chooses a thread at every
 * step. Thread-local work yields nothing.
 *
 * Shared state consists of tables of plain objects. A step names an object by its table and key, so neither steps nor a
 * thread's observations hold references into a particular copy of the world.
 */

import type { Subjects } from './failure.ts';

/** A value a step may carry or return: plain data that can be compared and copied. */
export type Value = unknown;

/** R(x): read one field of one object. */
export interface ReadStep {
  readonly op: 'read';
  readonly obj: string;
  readonly key: number;
  readonly field: string;
}

/** W(x): write one field of one object. */
export interface WriteStep {
  readonly op: 'write';
  readonly obj: string;
  readonly key: number;
  readonly field: string;
  readonly value: Value;
}

/** One indivisible operation with its arguments. */
export interface CallStep {
  readonly op: 'call';
  readonly operation: Operation;
  readonly args: readonly Value[];
}

export type LockKind = 'spinlock' | 'mutex' | 'rwsem' | 'percpu_rwsem' | 'rcu';
export type LockMode = 'read' | 'write';

/** L+(l): acquire; with `try` the result says whether it was acquired. */
export interface LockStep {
  readonly op: 'lock';
  readonly lock: string;
  readonly kind: LockKind;
  readonly mode: LockMode;
  readonly try: boolean;
}

/** L-(l): release. */
export interface UnlockStep {
  readonly op: 'unlock';
  readonly lock: string;
  readonly kind: LockKind;
  readonly mode: LockMode;
}

/**
 * A(n): put `value` under `key` into table `obj`. The result is false if the allocation fails. With `mayFail` an
 * explorer tries both outcomes.
 */
export interface AllocStep {
  readonly op: 'alloc';
  readonly obj: string;
  readonly key: number;
  readonly value: Value;
  readonly mayFail?: boolean;
}

/** F(x): take the object out of its table. */
export interface FreeStep {
  readonly op: 'free';
  readonly obj: string;
  readonly key: number;
}

/** A kernel message. `level` is the kernel's own: 0 emerg … 7 debug. */
export interface PrintkStep {
  readonly op: 'printk';
  readonly level: number;
  readonly text: string;
}

/** WARN: the thread continues. `where` is the function that warned. */
export interface WarnStep {
  readonly op: 'warn';
  readonly where: string;
  readonly text: string;
  /** The subjects of the warning besides its words; `message` is the words alone. */
  readonly about?: Subjects;
}

/** BUG or oops: the thread ends here. */
export interface BugStep {
  readonly op: 'bug';
  readonly where: string;
  readonly text: string;
  readonly about?: Subjects;
  /** Not a message of the kernel: `text` was expected to be true, and is not. */
  readonly expectation?: true;
}

/**
 * One indivisible read-modify-write of one field. The result is the value before. A `cas` that finds another value than
 * expected writes nothing.
 */
export interface AtomicStep {
  readonly op: 'atomic';
  readonly kind: 'add' | 'xchg' | 'cas';
  readonly obj: string;
  readonly key: number;
  readonly field: string;
  readonly value: Value;
  readonly expect?: Value;
}

/** Sleep until one field equals (or no longer equals) a value. The result is the value found. */
export interface WaitStep {
  readonly op: 'wait';
  readonly obj: string;
  readonly key: number;
  readonly field: string;
  readonly until: 'eq' | 'ne';
  readonly value: Value;
}

/** The environment picks a number below `n`. */
export interface ChooseStep {
  readonly op: 'choose';
  readonly n: number;
}

/** Start a thread that the program declares as dormant, with these arguments. */
export interface StartStep {
  readonly op: 'start';
  readonly thread: string;
  readonly args: readonly Value[];
}

/** Sleep until a joinable thread has ended. The result is what it returned. */
export interface JoinStep {
  readonly op: 'join';
  readonly thread: string;
}

/** Start a dormant thread once every RCU read section that is open now has been closed. */
export interface CallRcuStep {
  readonly op: 'call_rcu';
  readonly rcu: string;
  readonly thread: string;
  readonly args: readonly Value[];
}

/** Sleep until every RCU read section that is open now has been closed. */
export interface SynchronizeRcuStep {
  readonly op: 'synchronize_rcu';
  readonly rcu: string;
}

/**
 * Bookkeeping steps. They access nothing and are no scheduling points; a plain runner resumes at once with undefined.
 */
export type MarkStep = EnterStep | ForgetStep | LeaveStep;

/** A function begins. What it observes is forgotten at its {@link LeaveStep}. */
export interface EnterStep {
  readonly op: 'enter';
  readonly at: string;
  readonly live: readonly Value[];
}

/**
 * From here on the function depends only on `live`, not on anything else it has observed. Yield it at the head of every
 * loop.
 */
export interface ForgetStep {
  readonly op: 'forget';
  readonly at: string;
  readonly live: readonly Value[];
}

/** A function ends. Its caller remembers only `value`. */
export interface LeaveStep {
  readonly op: 'leave';
  readonly value: Value;
}

/**
 * signal_pending() at the head of a loop that only another thread or a signal can end. If a driver reaches the same
 * place twice with no write in between, the thread will not end by itself.
 */
export interface SignalStep {
  readonly op: 'signal';
  readonly where: string;
}

export type Step =
  | ReadStep
  | WriteStep
  | CallStep
  | LockStep
  | UnlockStep
  | AllocStep
  | FreeStep
  | PrintkStep
  | WarnStep
  | BugStep
  | AtomicStep
  | WaitStep
  | ChooseStep
  | StartStep
  | JoinStep
  | CallRcuStep
  | SynchronizeRcuStep
  | MarkStep
  | SignalStep;

/** A thread, or a function called by one. It yields steps, is resumed with their results, and returns a `T`. */
export type Steps<T> = Generator<Step, T, Value>;
