import { describe, expect, test } from 'vitest';
import { standardMonitors } from '../monitors/index.ts';
import { explore } from '../search/exploration.ts';
import { reachableTraces } from '../search/reachable.ts';
import { hotrm } from './hotrm.ts';

describe.each(['generators', 'frames'] as const)('hotrm with %s', (kind) => {
  test.each([1, 2, 3, 8])('n = %i: exactly 2^(n + 1) traces', (n) => {
    const { executions, redundant } = reachableTraces(hotrm(n, kind), standardMonitors);
    expect([executions, redundant]).toEqual([2 ** (n + 1), 0]);
  });

  test.each([1, 2, 3, 8, 64])('n = %i: n^2 + 5n + 7 states', (n) => {
    const verdict = explore(hotrm(n, kind)).only().states().verdict();
    expect(verdict).toMatchObject({ verdict: 'proved', within: [], stats: { states: n * n + 5 * n + 7 } });
  });

  test.each([1, 2, 8, 64])('n = %i: the shortest use after free has n + 4 steps and one preemption', (n) => {
    const verdict = explore(hotrm(n, kind)).states().verdict();
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

  test('the ways to explore it agree', () =>
    expect(explore(hotrm(5, kind)).selfCheck().disagreements()).toEqual([]));
});

test('without forgetting the states double with every leaf', () => {
  const size = (n: number) => explore(hotrm(n)).only().without('forgetting').states().verdict().stats.states;
  expect(size(10) / size(9)).toBeGreaterThan(1.9);
});
