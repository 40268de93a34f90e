import { encodeMmu, type Mmu } from '../hardware/index.ts';
import { Runs } from '../hardware/memory/runs.ts';
import type { State } from '../kernel/state.ts';
import type { Part } from './copy.ts';

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

/** One part of a state as text, without the executing CPU. */
export const encodePart = (part: Part, value: State[Part]): string =>
  part === 'mmu' && value !== null ? encodeMmu(value as Mmu) : text(value);

/** A kernel's state as text: states with equal texts have equal futures. */
export const encodeState = (state: State): string =>
  (Object.keys(state) as Part[]).map((part) => encodePart(part, state[part])).join('\n');
