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

test('workers make the runs, each some: the verdict is the same', async () => {
  for (const asked of [explore(hotrm(6)), explore(racers(2, 3))]) {
    const options = { seed: 3, runs: 300, depth: 2 };
    const one = asked.random(options).verdict();
    for (const count of [1, 3]) {
      const made: number[] = [];
      const run = async (first: number, n: number) => {
        made.push(n);
        return structuredClone(asked.random(options).runs(first, n));
      };
      expect(await asked.random(options).finish({ count, run })).toEqual(one);
      expect(made[0]).toBe(64);
    }
    expect(await asked.random(options).finish()).toEqual(one);
  }
});

test('a signal or the clock ends the runs', async () => {
  const stopped = asked().watch({ signal: AbortSignal.abort() }).random();
  expect(await stopped.finish()).toMatchObject({ bound: 'interrupted', stats: { executions: 0 } });
  let now = 0;
  const late = asked()
    .bound({ maxTime: 2 })
    .watch({ elapsed: () => now++ })
    .random();
  expect(late.verdict()).toMatchObject({ bound: 'time', stats: { executions: 192 } });
});

const asked = () => explore(racers(2, 3));
