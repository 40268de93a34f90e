import { expect, test } from 'vitest';
import { atEnd } from '../monitors/index.ts';
import { hotrm } from '../programs/hotrm.ts';
import { racers } from '../programs/racers.ts';
import { explorePct } from './random.ts';

test('PCT finds the race, the same way for the same seed', () => {
  const run = () => explorePct(hotrm(6), { seed: 3, runs: 500, depth: 2 });
  expect(run()).toMatchObject({
    verdict: 'violated',
    violation: { monitor: 'use-after-free' },
    shortest: false,
  });
  expect(run()).toEqual(run());
});

test('PCT that finds nothing says with what chance it would have', () => {
  const monitors = [atEnd('x is at most 6', (v) => (v.value('x') as number) <= 6)];
  const verdict = explorePct(racers(2, 3), { runs: 50, depth: 3, monitors });
  expect(verdict).toMatchObject({
    verdict: 'undecided',
    bound: 'executions',
    chance: { depth: 3, perRun: 1 / (2 * 12 ** 2), runs: 50 },
  });
});
