import { copy_mmu } from '../hardware/index.ts';
import { Runs } from '../hardware/runs.ts';
import type { State } from '../kernel/state.ts';

/** A copy of plain data, and of run maps in it. */
function copy_value<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Runs) return value.copy() as T;
  if (Array.isArray(value)) return value.map(copy_value) as T;
  if (value instanceof Map) return new Map([...value].map(([key, row]) => [key, copy_value(row)])) as T;
  return Object.fromEntries(Object.entries(value).map(([field, part]) => [field, copy_value(part)])) as T;
}

/** A kernel's state of its own: nothing that one copy does shows in another. */
export function copy_state(state: State): State {
  const { mmu, ...rest } = state;
  return { ...copy_value(rest), mmu: mmu && copy_mmu(mmu) };
}
