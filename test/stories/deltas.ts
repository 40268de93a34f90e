import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { checkEntry } from '../../src/check/check-entry.ts';
import type { ThreadsEntry } from '../../src/check/entry.ts';
import { programFinder } from '../../src/cli/inputs/find-program.ts';
import { applied, type Snapshot } from '../../src/report/data/delta.ts';
import { storySchema } from '../../src/report/data/schema.ts';
import { storyData, storyStates } from '../../src/report/data/story-data.ts';
import { decodeToken } from '../../src/schedule/replay/token.ts';

/** toEqual, which takes long, only where the two differ. */
function same(a: unknown, b: unknown, place: string): void {
  if (!isDeepStrictEqual(a, b)) expect(a, place).toEqual(b);
}

/**
 * Compares snapshots, group by group; a group without values is as good as none. Groups of which both sides are the very objects
 * that were equal at the step before are not compared again.
 */
class Comparison {
  readonly #equal = new Map<string, readonly [unknown, unknown]>();

  check(a: Snapshot, b: Snapshot, place: string): void {
    for (const group of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const [one, other] = [a[group], b[group]];
      const known = this.#equal.get(group);
      if (known && known[0] === one && known[1] === other) continue;
      same(one ?? {}, other ?? {}, `${place}, ${group}`);
      this.#equal.set(group, [one, other]);
    }
  }
}

/**
 * Checks an entry on its release, and its story as data: after each delta there is what another replay has in that state.
 * Returns the number of steps; 0 if there is no story.
 */
export function checkDeltas(entry: ThreadsEntry): number {
  const { told } = checkEntry(entry, entry.release);
  if (told?.kind !== 'threads') return 0;
  const data = storyData(told.story, told.token);
  const json = JSON.parse(JSON.stringify(data)) as typeof data;
  same(json, data, 'JSON');
  same(storySchema.parse(json), json, 'the schema');
  const { exploration } = programFinder()(decodeToken(told.token).program)!;
  const again = exploration.replay(told.token);
  const { states } = storyStates(again);
  expect(again.states).toHaveLength(data.steps.length + 1);
  let now: Snapshot = json.initial;
  const comparison = new Comparison();
  comparison.check(now, states.at(again.states[0]!), `${entry.id} at first`);
  for (const [i, { delta, number }] of json.steps.entries()) {
    now = applied(now, delta);
    expect(number).toBe(i + 1);
    comparison.check(now, states.at(again.states[i + 1]!), `${entry.id} step ${number}`);
  }
  return json.steps.length;
}
