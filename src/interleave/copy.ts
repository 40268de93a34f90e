import { copy_mmu, type Mmu } from '../hardware/index.ts';
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

export type Part = keyof State;

/** One part of a state. */
export const copy_part = <P extends Part>(part: P, value: State[P]): State[P] =>
  part === 'mmu' && value !== null ? (copy_mmu(value as Mmu) as State[P]) : copy_value(value);

/** A kernel's state of its own: nothing that one copy does shows in another. */
export function copy_state(state: State): State {
  const twin: Record<string, unknown> = {};
  for (const part of Object.keys(state) as Part[]) twin[part] = copy_part(part, state[part]);
  return twin as State;
}
