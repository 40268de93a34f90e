import { encode_mmu } from '../hardware/index.ts';
import { Runs } from '../hardware/runs.ts';
import type { State } from '../kernel/state.ts';

/** One text per value: object keys and maps sorted, runs by where they begin. */
function text(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  if (value instanceof Runs) {
    const runs = [...value.in(0, Number.POSITIVE_INFINITY)];
    return `<${runs.map((run) => `${run.start}:${text(run.value)}`).join()}>`;
  }
  if (Array.isArray(value)) return `[${value.map(text).join()}]`;
  const entries: [string | number, unknown][] =
    value instanceof Map
      ? [...value].sort(([a], [b]) => a - b)
      : Object.entries(value)
          .filter(([, part]) => part !== undefined)
          .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, part]) => `${key}:${text(part)}`).join()}}`;
}

/** A kernel's state as text: equal texts have equal futures. The CPU that executes is not part of it. */
export function encode_state(state: State): string {
  const { mmu, ...rest } = state;
  return `${text(rest)}\n${mmu ? encode_mmu(mmu) : ''}`;
}
