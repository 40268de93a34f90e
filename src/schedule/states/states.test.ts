import { describe, expect, test } from 'vitest';
import { cases } from '../../../test/cases.ts';
import { Prng } from '../data/prng.ts';
import { Checks } from '../monitors/checks.ts';
import { always, atEnd, standardMonitors } from '../monitors/index.ts';
import type { Program } from '../program/program.ts';
import { hotrm } from '../programs/hotrm.ts';
import { racers } from '../programs/racers.ts';
import { randomProgram } from '../programs/random-program.ts';
import { explore } from '../search/exploration.ts';
import { systemOf } from '../semantics/system-of.ts';

/** The cheapest failure among all interleavings, enumerated; undefined if there are too many. */
function cheapest(program: Program): readonly [preemptions: number, steps: number] | 'none' | undefined {
  const system = systemOf(program, [], false);
  const checks = new Checks(system, standardMonitors);
  let best: [number, number] | undefined;
  let left = 20_000;
  const visit = (v: Int32Array, last: number, preemptions: number, steps: number): void => {
    const enabled = system.enabled(v);
    const fail = () => {
      if (best === undefined || preemptions < best[0] || (preemptions === best[0] && steps < best[1])) {
        best = [preemptions, steps];
      }
    };
    if (enabled === 0 && checks.halt(v) !== undefined) fail();
    for (let t = 0; t < system.threads && left > 0; t++) {
      if (!(enabled & (1 << t))) continue;
      const cost = last >= 0 && last !== t && enabled & (1 << last) ? 1 : 0;
      const outcomes = system.outcomes(v, t, v[t]!);
      for (let o = 0; o < outcomes; o++) {
        left--;
        const next = v.slice();
        system.perform(next, t, o);
        if (checks.step() !== undefined) {
          preemptions += cost;
          steps++;
          fail();
          preemptions -= cost;
          steps--;
        } else visit(next, t, preemptions + cost, steps + 1);
      }
    }
  };
  visit(system.initial(), -1, 0, 0);
  return left <= 0 ? undefined : (best ?? 'none');
}

test('the story has the fewest preemptions and then the fewest steps, with and without reduction', () => {
  let compared = 0;
  const programs = cases(100, 600);
  for (let seed = 5000; seed < 5000 + programs; seed++) {
    const program = randomProgram(new Prng(seed));
    const expected = cheapest(program);
    if (expected === undefined) continue;
    for (const less of [[], ['reduction'], ['reduction', 'forgetting']] as const) {
      const search = explore(program)
        .without(...less)
        .states();
      const verdict = search.verdict();
      const cost = verdict.verdict === 'violated' ? [verdict.preemptions, verdict.steps] : 'none';
      expect({ seed, cost }).toEqual({ seed, cost: expected });
      if (verdict.verdict !== 'violated') continue;
      expect(verdict.shortest).toBe(true);
      // The replay counts preemptions independently.
      const story = explore(program).replay(verdict.trace);
      expect(story.events.filter((e) => e.preempts)).toHaveLength(verdict.preemptions);
      expect(story.violation).toEqual(verdict.violation);
    }
    if (expected !== 'none') compared++;
  }
  expect(compared).toBeGreaterThan(programs / 3);
});

describe('bounds', () => {
  test('a proof says what was left out', () => {
    expect(explore(hotrm(3)).bound(0).states().verdict()).toMatchObject({
      verdict: 'proved',
      within: ['preemptions'],
    });
    expect(explore(hotrm(3)).bound({ maxSteps: 6 }).states().verdict()).toMatchObject({
      verdict: 'proved',
      within: ['steps'],
    });
    expect(explore(racers(2, 2)).states().verdict()).toMatchObject({ verdict: 'proved', within: [] });
  });

  test('a search that is stopped says by what, and how far it got', () => {
    expect(explore(racers(3, 3)).bound({ maxStates: 100 }).states().verdict()).toMatchObject({
      verdict: 'undecided',
      bound: 'states',
    });
    let now = 0;
    const timed = explore(racers(3, 4))
      .bound({ maxTime: 2 })
      .watch({ elapsed: () => now++ });
    expect(timed.states().verdict()).toMatchObject({
      verdict: 'undecided',
      bound: 'time',
    });
  });
});

test('an invariant is watched in every state, and what it looks at is not reduced away', () => {
  const fine = always('x is at most 6', (v) => (v.value('x') as number) <= 6);
  const wrong = always('x is never 4', (v) => v.value('x') !== 4);
  expect(explore(racers(2, 3)).only(fine).states().verdict().verdict).toBe('proved');
  // Four rounds one after the other need no preemption, and the fourth write is the eighth step.
  expect(explore(racers(2, 3)).only(wrong).states().verdict()).toMatchObject({ preemptions: 0, steps: 8 });
});

test('frames and generators come to the same counts', () => {
  const count = (kind: 'frames' | 'generators') =>
    explore(racers(3, 3, kind))
      .only()
      .states()
      .verdict().stats;
  // A frame kept at a node and a generator take different amounts of memory.
  const generators = count('generators');
  expect(count('frames')).toEqual({ ...generators, bytes: expect.any(Number) });
});

test('a lost update', () => {
  const kept = atEnd('x is 2', (v) => v.value('x') === 2);
  expect(explore(racers(2, 1)).monitors(kept).states().verdict()).toMatchObject({ preemptions: 1, steps: 4 });
});
