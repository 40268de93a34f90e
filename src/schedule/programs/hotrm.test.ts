import { describe, expect, test } from 'vitest';
import { explore, statesSearch } from '../search/explore.ts';
import { reachableTraces, selfCheck } from '../search/selfcheck.ts';
import { hotrm } from './hotrm.ts';

describe.each(['generators', 'frames'] as const)('hotrm with %s', (kind) => {
  test.each([1, 2, 3, 8])('n = %i: exactly 2^(n + 1) traces', (n) => {
    const { executions, redundant } = reachableTraces(hotrm(n, kind));
    expect([executions, redundant]).toEqual([2 ** (n + 1), 0]);
  });

  test.each([1, 2, 3, 8, 64])('n = %i: n^2 + 5n + 7 states', (n) => {
    const search = statesSearch(hotrm(n, kind), { monitors: [] });
    expect(search.run()).toEqual({ end: 'complete', within: [] });
    expect(search.store.size).toBe(n * n + 5 * n + 7);
  });

  test.each([1, 2, 8, 64])('n = %i: the shortest use after free has n + 4 steps and one preemption', (n) => {
    const verdict = explore(hotrm(n, kind));
    expect(verdict).toMatchObject({
      verdict: 'violated',
      violation: {
        monitor: 'use-after-free',
        text: 'table#0 is used after it was freed',
        subjects: { object: 'table#0' },
      },
      preemptions: 1,
      steps: n + 4,
      shortest: true,
    });
  });

  test('the ways to explore it agree', () => expect(selfCheck(hotrm(5, kind))).toEqual([]));
});

test('without forgetting the states double with every leaf', () => {
  const size = (n: number) => {
    const search = statesSearch(hotrm(n), { monitors: [], forget: false });
    search.run();
    return search.store.size;
  };
  expect(size(10) / size(9)).toBeGreaterThan(1.9);
});

test('hotrm(512) finishes', () => {
  const verdict = explore(hotrm(512));
  expect(verdict).toMatchObject({ verdict: 'violated', steps: 516 });
  const all = statesSearch(hotrm(512), { monitors: [] });
  all.run();
  expect(all.store.size).toBe(512 * 512 + 5 * 512 + 7);
});
