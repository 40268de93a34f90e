import { expect, test } from 'vitest';
import { atEnd } from '../monitors/index.ts';
import { hotrm } from '../programs/hotrm.ts';
import { racers } from '../programs/racers.ts';
import { explore } from '../search/exploration.ts';

test('PCT finds the race, the same way for the same seed', () => {
  const run = () => explore(hotrm(6)).random({ seed: 3, runs: 500, depth: 2 }).verdict();
  expect(run()).toMatchObject({
    verdict: 'violated',
    violation: { monitor: 'use-after-free' },
    shortest: false,
  });
  expect(run()).toEqual(run());
});

test('PCT that finds nothing says with what chance it would have', () => {
  const kept = atEnd('x is at most 6', (v) => (v.value('x') as number) <= 6);
  const verdict = explore(racers(2, 3)).only(kept).random({ runs: 50, depth: 3 }).verdict();
  expect(verdict).toMatchObject({
    verdict: 'undecided',
    bound: 'executions',
    chance: { depth: 3, perRun: 1 / (2 * 12 ** 2), runs: 50 },
  });
});
