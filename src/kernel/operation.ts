import type { Operation } from '../steps/operation.ts';
import type { State } from './state.ts';

/** An operation on the kernel's state. */
export interface KernelOperation<
  A extends readonly unknown[] = readonly unknown[],
  T = unknown,
  Writes extends boolean = boolean,
> extends Operation<State, A, T, Writes> {
  /** The parts of the state it may change: none when it only looks, else `obj` unless it says otherwise. */
  readonly changes: readonly (keyof State)[];
}

interface Declared<A extends readonly unknown[], T, Writes extends boolean>
  extends Operation<State, A, T, Writes> {
  readonly changes?: readonly (keyof State)[];
}

/** Declare an operation, beside the kernel file it belongs to. */
export function operation<A extends readonly unknown[], T, Writes extends boolean>(
  declared: Declared<A, T, Writes>,
): KernelOperation<A, T, Writes> {
  const { obj, writes } = declared;
  return Object.freeze({ changes: writes ? [obj as keyof State] : [], ...declared });
}
