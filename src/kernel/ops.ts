import type { LockKind, LockMode, Steps } from '../steps/step.ts';
import { type KernelOperation, operation } from './operation.ts';
import type { State, Tables } from './state.ts';

export { type KernelOperation, operation };

/** Steps on the kernel's tables, called with `yield*`. R reads a field of an object. */
export function* R<T extends keyof Tables, F extends keyof Tables[T] & string>(
  obj: T,
  key: number,
  field: F,
): Steps<Tables[T][F]> {
  return (yield { op: 'read', obj, key, field }) as Tables[T][F];
}

/** Writes a field of an object. */
export function* W<T extends keyof Tables, F extends keyof Tables[T] & string>(
  obj: T,
  key: number,
  field: F,
  value: Tables[T][F],
): Steps<void> {
  yield { op: 'write', obj, key, field, value };
}

/** x += n on one field, as two accesses. */
export function* add<T extends keyof Tables, F extends keyof Tables[T] & string>(
  obj: T,
  key: number,
  field: F,
  n: number,
): Steps<void> {
  const old = (yield { op: 'read', obj, key, field }) as number;
  yield { op: 'write', obj, key, field, value: old + n };
}

/** Adds to a field in one access. Returns the new value. */
export function* atomic_add_return<T extends keyof Tables>(
  n: number,
  obj: T,
  key: number,
  field: keyof Tables[T] & string,
): Steps<number> {
  return ((yield { op: 'atomic', kind: 'add', obj, key, field, value: n }) as number) + n;
}

/** Writes `value` in one access if the field holds `expect`. Returns the value found. */
export function* cmpxchg<T extends keyof Tables, F extends keyof Tables[T] & string>(
  obj: T,
  key: number,
  field: F,
  expect: Tables[T][F],
  value: Tables[T][F],
): Steps<Tables[T][F]> {
  return (yield { op: 'atomic', kind: 'cas', obj, key, field, expect, value }) as Tables[T][F];
}

const of_table = (obj: keyof Tables) =>
  operation({
    name: 'has_key',
    obj,
    writes: false,
    tell: ([table, key], found) => ({ kind: 'exists', obj: table, key, found }),
    run: (state: State, table: keyof Tables, key: number): boolean => state[table].has(key),
  });
const has_key = new Map<keyof Tables, ReturnType<typeof of_table>>();

/** Whether the table holds an object under this key (xa_load and the like). */
export function* exists(obj: keyof Tables, key: number): Steps<boolean> {
  let known = has_key.get(obj);
  if (!known) {
    known = of_table(obj);
    has_key.set(obj, known);
  }
  return yield* look(known, obj, key);
}

/** One indivisible read of a structure. */
export function* look<A extends readonly unknown[], T>(
  operation: KernelOperation<A, T, false>,
  ...args: A
): Steps<T> {
  return (yield { op: 'call', operation, args }) as T;
}

/** One indivisible change of a structure. */
export function* change<A extends readonly unknown[], T>(
  operation: KernelOperation<A, T, true>,
  ...args: A
): Steps<T> {
  return (yield { op: 'call', operation, args }) as T;
}

/** A(n): false if the allocation fails. */
export function* alloc<T extends keyof Tables>(obj: T, key: number, value: Tables[T]): Steps<boolean> {
  return (yield { op: 'alloc', obj, key, value }) as boolean;
}

/** F(x) */
export function* free(obj: keyof Tables, key: number): Steps<void> {
  yield { op: 'free', obj, key };
}

export function* lock(name: string, kind: LockKind, mode: LockMode = 'write'): Steps<void> {
  yield { op: 'lock', lock: name, kind, mode, try: false };
}

/** False if the lock is taken. */
export function* trylock(name: string, kind: LockKind, mode: LockMode = 'write'): Steps<boolean> {
  return (yield { op: 'lock', lock: name, kind, mode, try: true }) as boolean;
}

export function* unlock(name: string, kind: LockKind, mode: LockMode = 'write'): Steps<void> {
  yield { op: 'unlock', lock: name, kind, mode };
}

export function* pr_err(text: string): Steps<void> {
  yield { op: 'printk', level: 3, text };
}

export function* pr_warn(text: string): Steps<void> {
  yield { op: 'printk', level: 4, text };
}

export function* pr_info(text: string): Steps<void> {
  yield { op: 'printk', level: 6, text };
}

/** Runs a function of whose steps its caller remembers only the result. */
export function* scoped<T>(at: string, body: Steps<T>): Steps<T> {
  yield { op: 'enter', at, live: [] };
  const value = yield* body;
  yield { op: 'leave', value };
  return value;
}

/** At the head of a loop: from here on the function depends only on `live`, not on anything else it has read. */
export function* forget(at: string, ...live: readonly unknown[]): Steps<void> {
  yield { op: 'forget', at, live };
}

/** At the head of a loop: true if a signal is pending. */
export function* signal_pending(where: string): Steps<boolean> {
  return (yield { op: 'signal', where }) as boolean;
}
