import { expect, test } from 'vitest';
import type { Step } from '../../steps/step.ts';
import { canon } from '../data/canon.ts';
import { always } from '../monitors/index.ts';
import { read, write } from '../program/notation.ts';
import type { Program } from '../program/program.ts';
import type { Semantics } from '../program/semantics.ts';
import { fibBench, lastzero, sb } from '../programs/classics.ts';
import { explore } from '../search/exploration.ts';

type World = Record<string, unknown>;

const place = (step: Step): string => {
  if (step.op !== 'read' && step.op !== 'write' && step.op !== 'wait') throw new Error(step.op);
  return `${step.obj}#${step.key}`;
};

/** Variables as a user-defined world; a wait for a value blocks, and writing 99 is a fault. */
const variables = (initial: World): Semantics<World> => ({
  initial: () => ({ ...initial }),
  copy: (world) => ({ ...world }),
  encode: canon,
  outcomes: (world, _, step) => (step.op === 'wait' && world[place(step)] !== step.value ? 0 : 1),
  perform(world, _, step) {
    if (step.op !== 'write') return { value: world[place(step)] };
    world[place(step)] = step.value;
    if (step.value !== 99) return { value: undefined };
    const fault = { kind: 'bug', subjects: { object: place(step) }, text: 'wrote 99' } as const;
    return { value: undefined, fault };
  },
  footprint: (step) => [{ name: place(step), write: step.op !== 'read' }],
});

const onMachine = (program: Program): Program => {
  const initial: World = {};
  for (const [obj, table] of Object.entries(program.tables ?? {})) {
    for (const [key, object] of Object.entries(table)) initial[`${obj}#${key}`] = object.v;
  }
  return { name: program.name, threads: program.threads, machine: variables(initial) };
};

test.each([sb(), fibBench(2), lastzero(4)])(
  '$name: a machine of its own comes to the same counts',
  (program) => {
    const own = onMachine(program);
    const counts = (p: Program) => {
      const asked = explore(p).only();
      const { states } = asked.without('reduction').states().verdict().stats;
      return [states, asked.traces().verdict().stats.executions];
    };
    expect(counts(own)).toEqual(counts(program));
    expect(explore(own).selfCheck().disagreements()).toEqual([]);
  },
);

test('blocking, faults and views of the world', () => {
  const program: Program = {
    name: 'world',
    machine: variables({ 'x#0': 0, 'y#0': 0 }),
    threads: [
      {
        name: 'waiter',
        run: function* () {
          yield { op: 'wait', obj: 'x', key: 0, field: 'v', until: 'eq', value: 1 };
          yield write('y', 99);
        },
      },
      {
        name: 'writer',
        run: function* () {
          yield read('y');
          yield write('x', 1);
        },
      },
    ],
  };
  expect(explore(program).selfCheck().disagreements()).toEqual([]);
  expect(explore(program).states().verdict()).toMatchObject({
    violation: { monitor: 'bug', text: 'wrote 99' },
    steps: 4,
  });
  const never = always('x stays 0', (view) => view.world<World>()['x#0'] === 0);
  expect(explore(program).only(never).states().verdict()).toMatchObject({ verdict: 'violated', steps: 2 });
});
