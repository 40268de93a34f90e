import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { checkEntry } from '../../src/check/check-entry.ts';
import type { ThreadsEntry } from '../../src/check/entry.ts';
import { programFinder } from '../../src/cli/inputs/find-program.ts';
import { applied, type Snapshot } from '../../src/report/data/delta.ts';
import { storySchema } from '../../src/report/data/schema.ts';
import { storyData, storyStates } from '../../src/report/data/story-data.ts';
import { decodeToken } from '../../src/schedule/replay/token.ts';

const filled = (of: Snapshot): Snapshot =>
  Object.fromEntries(Object.entries(of).filter(([, group]) => Object.keys(group).length > 0));

/** toEqual, which takes long, only where the two differ. */
function same(a: unknown, b: unknown, place: string): void {
  if (!isDeepStrictEqual(a, b)) expect(a, place).toEqual(b);
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
  expect(json).toEqual(data);
  expect(storySchema.parse(json)).toEqual(json);
  const { exploration } = programFinder()(decodeToken(told.token).program)!;
  const again = exploration.replay(told.token);
  const { states } = storyStates(again);
  expect(again.states).toHaveLength(data.steps.length + 1);
  let now: Snapshot = json.initial;
  expect(filled(now)).toEqual(filled(states.at(again.states[0]!)));
  for (const [i, { delta, number }] of json.steps.entries()) {
    now = applied(now, delta);
    expect(number).toBe(i + 1);
    same(filled(now), filled(states.at(again.states[i + 1]!)), `${entry.id} step ${number}`);
  }
  return json.steps.length;
}
