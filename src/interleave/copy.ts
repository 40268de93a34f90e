import { copyMmu, type Mmu } from '../hardware/index.ts';
import { Runs } from '../hardware/memory/runs.ts';
import type { State } from '../kernel/state.ts';

/** A copy of plain data, and of run maps in it. */
function copyValue<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Runs) return value.copy() as T;
  if (Array.isArray(value)) return value.map(copyValue) as T;
  if (value instanceof Map) {
    const twin = new Map();
    for (const [key, row] of value) twin.set(key, copyValue(row));
    return twin as T;
  }
  const twin = { ...value };
  for (const field in twin)
    if (typeof twin[field] === 'object' && twin[field] !== null) twin[field] = copyValue(twin[field]);
  return twin;
}

export type Part = keyof State;

/** One part of a state. */
export const copyPart = <P extends Part>(part: P, value: State[P]): State[P] =>
  part === 'mmu' && value !== null ? (copyMmu(value as Mmu) as State[P]) : copyValue(value);

/** An independent copy of a kernel's state: changes to one copy do not show in the other. */
export function copyState(state: State): State {
  const twin: Record<string, unknown> = {};
  for (const part of Object.keys(state) as Part[]) twin[part] = copyPart(part, state[part]);
  return twin as State;
}
