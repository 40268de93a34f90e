/**
 * What a thread of execution does to the world, one record a step (the notation of FACTS 0.3).
 *
 * A thread is a generator that yields a {@link Step} for every access to shared state, every lock, allocation,
 * free, assertion and message, and is handed the result when it is resumed. It never touches shared state by
 * itself: whoever drives it performs the step. Run alone it is driven straight through; explored, the scheduler
 * chooses at every step. Thread-local work yields nothing.
 *
 * Shared state is tables of plain objects: an object is named by the table it lives in and its key, so that a
 * step, like a thread's observations, holds no reference into a particular copy of the world.
 */

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

/**
 * One indivisible operation on a structure that is protected as a whole (the resource tree under its lock, a
 * run map of pages): `fn` is a module-level function of the world and the arguments, never a closure.
 */
export interface CallStep {
  readonly op: 'call';
  readonly obj: string;
  readonly writes: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: each function has its own world and arguments
  readonly fn: (world: any, ...args: any[]) => Value;
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

/** A(n): put `value` under `key` into table `obj`. The result is false when the allocation fails. */
export interface AllocStep {
  readonly op: 'alloc';
  readonly obj: string;
  readonly key: number;
  readonly value: Value;
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

/** WARN: the thread goes on. `where` is the function that warned. */
export interface WarnStep {
  readonly op: 'warn';
  readonly where: string;
  readonly text: string;
}

/** BUG or oops: the thread ends here. */
export interface BugStep {
  readonly op: 'bug';
  readonly where: string;
  readonly text: string;
}

/**
 * signal_pending() at the head of a loop that only another thread, or a signal, can end. A driver that comes to the
 * same place twice with no write in between knows that the thread will not end by itself.
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
  | SignalStep;

/** A thread, or a function called by one: yields steps, is resumed with their results, returns a `T`. */
export type Steps<T> = Generator<Step, T, Value>;
