/**
 * RCU read sections and grace periods as pure functions over plain data. A grace period is a waiter (the thread
 * in synchronize_rcu, or the callback thread of a call_rcu) and the readers that were inside when it began.
 */
export interface RcuState {
  /** Read sections open now: thread and depth of nesting, by thread. */
  readonly readers: readonly (readonly [thread: number, depth: number])[];
  /** Grace periods under way: waiter and the readers it still waits for, by waiter. */
  readonly waiters: readonly (readonly [waiter: number, readers: readonly number[]])[];
}

export const RCU_IDLE: RcuState = Object.freeze({ readers: [], waiters: [] });

export function rcuReadLock(state: RcuState, thread: number): RcuState {
  const depth = depthOf(state, thread) + 1;
  return { ...state, readers: withDepth(state, thread, depth) };
}

/** Undefined when the thread is in no read section. */
export function rcuReadUnlock(state: RcuState, thread: number): RcuState | undefined {
  const depth = depthOf(state, thread);
  if (depth === 0) return undefined;
  const readers = withDepth(state, thread, depth - 1);
  if (depth > 1) return { ...state, readers };
  const waiters = state.waiters.map(([w, rs]) => [w, rs.filter((r) => r !== thread)] as const);
  return { readers, waiters };
}

/** A grace period begins: `waiter` waits for every reader inside now. */
export function rcuBegin(state: RcuState, waiter: number): RcuState {
  const readers = state.readers.map(([t]) => t);
  const waiters = [...state.waiters, [waiter, readers] as const].sort(([a], [b]) => a - b);
  return { ...state, waiters };
}

/** Whether a grace period of this waiter is under way. */
export function rcuWaits(state: RcuState, waiter: number): boolean {
  return state.waiters.some(([w]) => w === waiter);
}

/** The state without the waiter's grace period, or undefined while a reader blocks it. */
export function rcuEnd(state: RcuState, waiter: number): RcuState | undefined {
  const entry = state.waiters.find(([w]) => w === waiter);
  if (entry === undefined || entry[1].length > 0) return undefined;
  return { ...state, waiters: state.waiters.filter((e) => e !== entry) };
}

/** The thread's depth of nested read sections; 0 outside. */
export function depthOf(state: RcuState, thread: number): number {
  return state.readers.find(([t]) => t === thread)?.[1] ?? 0;
}

function withDepth(state: RcuState, thread: number, depth: number): RcuState['readers'] {
  const others = state.readers.filter(([t]) => t !== thread);
  return depth === 0 ? others : [...others, [thread, depth] as const].sort(([a], [b]) => a - b);
}
