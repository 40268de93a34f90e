import type {
  AllocStep,
  AtomicStep,
  BugStep,
  CallRcuStep,
  ChooseStep,
  EnterStep,
  ForgetStep,
  FreeStep,
  JoinStep,
  LockKind,
  LockMode,
  LockStep,
  ReadStep,
  StartStep,
  Steps,
  SynchronizeRcuStep,
  UnlockStep,
  Value,
  WaitStep,
  WriteStep,
} from '../../steps/step.ts';

/** A field of a shared object: table, key, name. A plain variable is field `v` of key 0. */
export type Place = readonly [obj: string, key: number, field: string];

/** The variable `name`, or its element `key`. */
export const variable = (name: string, key = 0): Place => [name, key, 'v'];

const at = (place: Place | string): { obj: string; key: number; field: string } => {
  const [obj, key, field] = typeof place === 'string' ? variable(place) : place;
  return { obj, key, field };
};

export const read = (place: Place | string): ReadStep => ({ op: 'read', ...at(place) });
export const write = (place: Place | string, value: Value): WriteStep => ({
  op: 'write',
  ...at(place),
  value,
});

export const fetchAdd = (place: Place | string, value: number): AtomicStep => ({
  op: 'atomic',
  kind: 'add',
  ...at(place),
  value,
});
export const exchange = (place: Place | string, value: Value): AtomicStep => ({
  op: 'atomic',
  kind: 'xchg',
  ...at(place),
  value,
});
export const cas = (place: Place | string, expect: Value, value: Value): AtomicStep => ({
  op: 'atomic',
  kind: 'cas',
  ...at(place),
  expect,
  value,
});

export const waitUntil = (place: Place | string, value: Value): WaitStep => ({
  op: 'wait',
  ...at(place),
  until: 'eq',
  value,
});
export const waitWhile = (place: Place | string, value: Value): WaitStep => ({
  op: 'wait',
  ...at(place),
  until: 'ne',
  value,
});

export const lock = (lock: string, kind: LockKind = 'mutex', mode: LockMode = 'write'): LockStep => ({
  op: 'lock',
  lock,
  kind,
  mode,
  try: false,
});
export const trylock = (name: string, kind: LockKind = 'mutex', mode: LockMode = 'write'): LockStep => ({
  ...lock(name, kind, mode),
  try: true,
});
export const unlock = (lock: string, kind: LockKind = 'mutex', mode: LockMode = 'write'): UnlockStep => ({
  op: 'unlock',
  lock,
  kind,
  mode,
});

export const alloc = (obj: string, key: number, value: Value): AllocStep => ({
  op: 'alloc',
  obj,
  key,
  value,
});
export const free = (obj: string, key: number): FreeStep => ({ op: 'free', obj, key });
export const choose = (n: number): ChooseStep => ({ op: 'choose', n });
export const start = (thread: string, ...args: Value[]): StartStep => ({ op: 'start', thread, args });
export const join = (thread: string): JoinStep => ({ op: 'join', thread });
export const rcuReadLock = (rcu = 'rcu'): LockStep => lock(rcu, 'rcu', 'read');
export const rcuReadUnlock = (rcu = 'rcu'): UnlockStep => unlock(rcu, 'rcu', 'read');
export const synchronizeRcu = (rcu = 'rcu'): SynchronizeRcuStep => ({ op: 'synchronize_rcu', rcu });
export const callRcu = (thread: string, args: readonly Value[] = [], rcu = 'rcu'): CallRcuStep => ({
  op: 'call_rcu',
  rcu,
  thread,
  args,
});
export const bug = (where: string, text: string): BugStep => ({ op: 'bug', where, text });

/**
 * From here on the function depends only on `live`, not on anything else it has observed. Yield it at the head of every
 * loop.
 */
export const forget = (at: string, ...live: Value[]): ForgetStep => ({ op: 'forget', at, live });
const enter = (at: string, live: readonly Value[]): EnterStep => ({ op: 'enter', at, live });

/**
 * Runs `body` as a function of its own. A {@link forget} inside it concerns this function only; once it returns, its
 * caller remembers only its return value. `live` holds the arguments of `body`.
 */
export function* scope<T>(at: string, live: readonly Value[], body: Steps<T>): Steps<T> {
  yield enter(at, live);
  const value = yield* body;
  yield { op: 'leave', value };
  return value;
}
