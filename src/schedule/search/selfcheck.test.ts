import { expect, test } from 'vitest';
import type { Steps } from '../../steps/step.ts';
import { Prng } from '../data/prng.ts';
import { standardMonitors } from '../monitors/index.ts';
import { forget, read, write } from '../program/notation.ts';
import { randomProgram } from '../programs/random-program.ts';
import { explore } from './exploration.ts';
import { reachableTraces } from './reachable.ts';

test('states, plain states and traces agree on 1500 random programs', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 1500; seed++) {
    const program = randomProgram(new Prng(seed));
    expect({ seed, disagreements: explore(program).selfCheck().disagreements() }).toEqual({
      seed,
      disagreements: [],
    });
    if (seed % 5 === 0)
      for (const v of reachableTraces(program, standardMonitors).violations) seen.add(v.split(':')[0]!);
  }
  // The programs are a useful test only if failures of all kinds occur in them.
  expect([...seen].sort()).toEqual(['bug', 'deadlock', 'double-free', 'lock-misuse', 'use-after-free']);
});

test('a loop head that keeps too little is caught', () => {
  const program = {
    name: 'forgetful',
    tables: { x: { 0: { v: 0 } }, y: { 0: { v: 0 } } },
    threads: [
      {
        name: 'reader',
        run: function* (): Steps<void> {
          const seen = yield read('x');
          yield forget('head');
          yield write('y', seen === 1 ? 1 : 2);
        },
      },
      {
        name: 'writer',
        run: function* () {
          yield write('x', 1);
        },
      },
    ],
  };
  const found = explore(program).selfCheck().disagreements();
  expect(found.map((d) => d.between[0])).toContain('states');
});
