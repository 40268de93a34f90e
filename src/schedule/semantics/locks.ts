import type { LockKind, LockMode } from '../../steps/step.ts';

/**
 * Kernel locks as pure functions over plain data. A lock is a record of its holders and of the writer that has
 * announced itself. The caller keeps that record, asks {@link acquire} or {@link release} for the result of a request,
 * and stores the
 * `state` of the answer. Threads are numbers.
 */
export interface LockState {
  /** The exclusive holder, or -1. */
  readonly writer: number;
  /** The shared holders in ascending order, one entry for each time held. */
  readonly readers: readonly number[];
  /** The writer that waits for the readers to leave, or -1. It blocks new readers. */
  readonly waiting: number;
}

/** The answer to a request. */
export type LockAnswer =
  | { readonly outcome: 'granted'; readonly state: LockState }
  /** The request is recorded and must be repeated until it is granted. */
  | { readonly outcome: 'announced'; readonly state: LockState }
  /** A trylock that did not get the lock. */
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'blocked' }
  | { readonly outcome: 'misuse'; readonly text: string };

export const UNLOCKED: LockState = Object.freeze({
  writer: -1,
  readers: Object.freeze([]) as readonly number[],
  waiting: -1,
});

/** Whether a thread that waits for this kind of lock sleeps. */
export function sleeps(kind: LockKind): boolean {
  return kind !== 'spinlock' && kind !== 'rcu';
}

/** Whether a thread that holds this kind of lock must not sleep. */
export function atomic(kind: LockKind): boolean {
  return kind === 'spinlock' || kind === 'rcu';
}

const REFUSED: LockAnswer = Object.freeze({ outcome: 'refused' });
const BLOCKED: LockAnswer = Object.freeze({ outcome: 'blocked' });

const shares = (kind: LockKind, mode: LockMode): boolean =>
  mode === 'read' && (kind === 'rwsem' || kind === 'percpu_rwsem');

/**
 * L+: spinlocks and mutexes have one holder in any mode. rwsem and percpu_rwsem are fair to writers: once a writer
 * waits, new readers queue behind it, even those that already hold the lock.
 */
export function acquire(
  state: LockState,
  kind: LockKind,
  mode: LockMode,
  tryOnly: boolean,
  thread: number,
): LockAnswer {
  const refused = tryOnly ? REFUSED : BLOCKED;
  if (state.writer !== -1) return refused;
  if (shares(kind, mode)) {
    if (state.waiting !== -1) return refused;
    const readers = [...state.readers, thread].sort((a, b) => a - b);
    return { outcome: 'granted', state: { ...state, readers } };
  }
  if (state.waiting !== -1 && state.waiting !== thread) return refused;
  if (state.readers.length === 0) return { outcome: 'granted', state: { ...UNLOCKED, writer: thread } };
  if (tryOnly || state.waiting === thread) return refused;
  return { outcome: 'announced', state: { ...state, waiting: thread } };
}

/** L-: releasing a lock that the thread does not hold is misuse. */
export function release(state: LockState, kind: LockKind, mode: LockMode, thread: number): LockAnswer {
  if (shares(kind, mode)) {
    const at = state.readers.indexOf(thread);
    if (at === -1) return { outcome: 'misuse', text: 'unlock of a read lock that the thread does not hold' };
    return { outcome: 'granted', state: { ...state, readers: state.readers.toSpliced(at, 1) } };
  }
  if (state.writer !== thread) {
    const held = state.writer === -1 ? 'nobody holds' : 'another thread holds';
    return { outcome: 'misuse', text: `unlock of a lock that ${held}` };
  }
  return { outcome: 'granted', state: { ...state, writer: -1 } };
}

/** Whether the thread holds the lock in any mode. */
export function holds(state: LockState, thread: number): boolean {
  return state.writer === thread || state.readers.includes(thread);
}
