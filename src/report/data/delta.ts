/** Values by name, in groups: `locks`, `entries`, `blocks`, … A value is replaced as a whole. */
export type Snapshot = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What changes from one snapshot to the next: new values, and null for those that are gone. Groups without changes are left out. */
export type Delta = Snapshot;

const equal = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/** The difference between two snapshots. */
export function deltaOf(before: Snapshot, after: Snapshot): Delta {
  const delta: Record<string, Record<string, unknown>> = {};
  for (const group of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old = {}, now = {}] = [before[group], after[group]];
    if (old === now) continue;
    const changes: Record<string, unknown> = {};
    for (const key of Object.keys(old)) if (!(key in now)) changes[key] = null;
    for (const [key, value] of Object.entries(now))
      if (!(key in old) || !equal(old[key], value)) changes[key] = value;
    if (Object.keys(changes).length > 0) delta[group] = changes;
  }
  return delta;
}

/** A snapshot after a delta. */
export function applied(before: Snapshot, delta: Delta): Snapshot {
  const after: Record<string, Readonly<Record<string, unknown>>> = { ...before };
  for (const [group, changes] of Object.entries(delta)) {
    const values: Record<string, unknown> = { ...before[group] };
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete values[key];
      else values[key] = value;
    }
    after[group] = values;
  }
  return after;
}
