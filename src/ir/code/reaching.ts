import type { Flow } from './liveness.ts';

/** A value that a C variable has from some place in the code on. */
export interface VariableRecord {
  readonly pc: number;
  /** Number of the metadata node of the variable. */
  readonly variable: number;
  /** The place of its register, or of its address if `declares` is set; -1 if it has no value here. */
  readonly register: number;
  readonly declares: boolean;
}

/** C variables by the number of their metadata node: the place of the register that has the value. */
export type Known = ReadonlyMap<number, number>;

/** More than one record may have been the last, or the last gives no register. */
const UNKNOWN = -1;

/**
 * The records that hold before each instruction: of each variable the one that was the last on every path from the
 * start; none if paths differ.
 * @param at the index of the instruction before which each record stands
 */
export function recordsBefore(
  flow: readonly Flow[],
  records: readonly VariableRecord[],
  at: (record: VariableRecord) => number | undefined,
): readonly Known[] {
  const own = new Map<number, VariableRecord[]>();
  for (const record of records) {
    const i = at(record);
    if (i !== undefined) own.set(i, [...(own.get(i) ?? []), record]);
  }
  const before: (Map<number, number> | undefined)[] = flow.map(() => undefined);
  const waiting: { readonly i: number; readonly from: Known }[] = [{ i: 0, from: new Map() }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { i, from } = next;
    if (i >= flow.length) continue;
    const now = new Map(from);
    for (const { variable, register, declares } of own.get(i) ?? [])
      now.set(variable, declares ? UNKNOWN : register);
    const known = before[i];
    const merged = known ? merge(known, now) : now;
    if (known && same(known, merged)) continue;
    before[i] = merged;
    for (const to of flow[i]!.next) waiting.push({ i: to, from: merged });
  }
  return before.map((known) => new Map([...(known ?? [])].filter(([, register]) => register !== UNKNOWN)));
}

function merge(a: Known, b: Known): Map<number, number> {
  const merged = new Map<number, number>();
  for (const variable of [...a.keys(), ...b.keys()]) {
    const register = a.get(variable);
    merged.set(variable, register !== undefined && register === b.get(variable) ? register : UNKNOWN);
  }
  return merged;
}

const same = (a: Known, b: Known): boolean =>
  a.size === b.size && [...a].every(([variable, register]) => b.get(variable) === register);
