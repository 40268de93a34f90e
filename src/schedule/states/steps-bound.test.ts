import { expect, test } from 'vitest';
import type { Steps } from '../../steps/step.ts';
import { Prng } from '../data/prng.ts';
import { Checks } from '../monitors/checks.ts';
import { standardMonitors } from '../monitors/index.ts';
import { bug, read, write } from '../program/notation.ts';
import type { Program } from '../program/program.ts';
import { randomProgram } from '../programs/random-program.ts';
import { explore } from '../search/exploration.ts';
import { stateText } from '../semantics/state-text.ts';
import { systemOf } from '../semantics/system-of.ts';

/** The fewest steps that lead to a failure, found from all states after one step, after two, and so on. */
function fewestSteps(program: Program): number {
  const system = systemOf(program, standardMonitors, false);
  const checks = new Checks(system, standardMonitors);
  let now = new Map([['', system.initial()]]);
  for (let steps = 0; now.size > 0; steps++) {
    const after: typeof now = new Map();
    for (const v of now.values()) {
      const enabled = system.enabled(v);
      if (enabled === 0 && checks.halt(v) !== undefined) return steps;
      for (let t = 0; enabled >> t; t++) {
        for (let o = 0; enabled & (1 << t) && o < system.outcomes(v, t, v[t]!); o++) {
          const next = v.slice();
          system.perform(next, t, o);
          if (system.fault >= 0 && checks.step() !== undefined) return steps + 1;
          after.set(`${next.subarray(0, system.threads)} ${stateText(system, next)}`, next);
        }
      }
    }
    now = after;
  }
  return Infinity;
}

test('what is proved within a bound on steps has no failure in so many steps', () => {
  let wrong = 0;
  for (let seed = 0; seed < 250; seed++) {
    const program = randomProgram(new Prng(seed));
    const fewest = fewestSteps(program);
    if (fewest < Infinity) wrong++;
    for (let maxSteps = 1; maxSteps <= 8; maxSteps++) {
      const { verdict } = explore(program).bound({ maxSteps }).states().verdict();
      expect({ seed, maxSteps, verdict }).toEqual({
        seed,
        maxSteps,
        verdict: fewest <= maxSteps ? 'violated' : 'proved',
      });
    }
  }
  expect(wrong).toBeGreaterThan(50);
});

test('steps that only have to be done with do not hide a failure behind the bound', () => {
  const setter = function* (): Steps<void> {
    yield write('x', 1);
    for (let i = 0; i < 8; i++) yield write('private', i);
  };
  const reader = function* (): Steps<void> {
    if ((yield read('x')) === 1) yield bug('reader', 'x is 1');
  };
  const program = {
    name: 'late',
    tables: { x: { 0: { v: 0 } }, private: { 0: { v: 0 } } },
    threads: [
      { name: 'setter', run: setter },
      { name: 'reader', run: reader },
    ],
  };
  const found = explore(program).bound({ maxSteps: 5 }).states().verdict();
  expect(found).toMatchObject({ verdict: 'violated', steps: 3, preemptions: 1, shortest: true });
  expect(explore(program).bound({ maxSteps: 2 }).states().verdict()).toMatchObject({
    verdict: 'proved',
    within: ['steps'],
  });
});
