import { expect, test } from 'vitest';
import { cases } from '../../../test/cases.ts';
import type { Steps } from '../../steps/step.ts';
import { Prng } from '../data/prng.ts';
import { standardMonitors } from '../monitors/index.ts';
import { bug, cas, read, write } from '../program/notation.ts';
import type { Program } from '../program/program.ts';
import { findProgram } from '../programs/built-in.ts';
import { hotrm } from '../programs/hotrm.ts';
import { randomProgram } from '../programs/random-program.ts';
import { explore } from '../search/exploration.ts';
import { reachableTraces } from '../search/reachable.ts';
import { systemOf } from '../semantics/system-of.ts';

interface Event {
  readonly thread: number;
  readonly outcome: number;
  readonly accesses: readonly number[];
  /** How many events of each thread come before it in the order of the trace, itself included. */
  readonly clock: readonly number[];
}

const conflict = (a: readonly number[], b: readonly number[]): boolean =>
  a.some((x) => b.some((y) => x >> 1 === y >> 1 && ((x | y) & 1) === 1));

/** A text for a trace, the same whatever the order of its independent events. */
const textOf = (events: readonly Event[]): string =>
  JSON.stringify(
    events
      .map((e) => [e.thread, e.clock[e.thread]!, e.outcome, e.clock])
      .sort((a, b) => (`${a}` < `${b}` ? -1 : 1)),
  );

/**
 * The number of Mazurkiewicz traces of a program: every prefix of a trace is visited once. Undefined if a thread sleeps
 * in an atomic section: that is an error whatever other threads do, although the step declares that it depends on them.
 */
function countTraces(program: Program): number | undefined {
  const system = systemOf(program);
  let beginnings = new Map([['', { v: system.initial(), events: [] as Event[] }]]);
  let complete = 0;
  while (beginnings.size > 0) {
    const longer: typeof beginnings = new Map();
    for (const { v, events } of beginnings.values()) {
      const enabled = system.enabled(v);
      if (enabled === 0) complete++;
      for (let thread = 0; enabled >> thread; thread++) {
        if (!(enabled & (1 << thread))) continue;
        const accesses = system.touches(v, v[thread]!, thread);
        const clock = v.slice(0, system.threads).fill(0);
        for (const e of events)
          if (e.thread === thread || conflict(e.accesses, accesses))
            e.clock.forEach((n, t) => {
              clock[t] = Math.max(clock[t]!, n);
            });
        clock[thread]!++;
        const outcomes = system.outcomes(v, thread, v[thread]!);
        for (let outcome = 0; outcome < outcomes; outcome++) {
          const after = v.slice();
          system.perform(after, thread, outcome);
          if (system.fault >= 0 && system.faults[system.fault]!.text.includes('atomic section'))
            return undefined;
          const trace = [...events, { thread, outcome, accesses, clock: [...clock] }];
          longer.set(textOf(trace), { v: after, events: trace });
        }
      }
    }
    beginnings = longer;
  }
  return complete;
}

test('every trace of a random program is run once', () => {
  let compared = 0;
  const programs = cases(100, 600);
  for (let seed = 0; seed < programs; seed++) {
    const program = randomProgram(new Prng(seed));
    const traces = countTraces(program);
    if (traces === undefined) continue;
    const { executions, redundant } = reachableTraces(program, standardMonitors);
    expect({ seed, executions, redundant }).toEqual({ seed, executions: traces, redundant: 0 });
    compared++;
  }
  expect(compared).toBeGreaterThan((programs * 2) / 3);
});

test('a race is reversed again when what covered its reversal depends on what is new', () => {
  const cell = { 0: { v: 0 } };
  const program = {
    name: 'again',
    tables: { a: cell, b: cell, c: cell, d: cell },
    threads: [
      {
        name: 'p',
        run: function* (): Steps<void> {
          yield write('d', 1);
        },
      },
      {
        name: 'q',
        run: function* (): Steps<void> {
          yield read('c');
          yield read('c');
        },
      },
      {
        name: 'r',
        run: function* (): Steps<void> {
          yield cas('a', 0, 1);
          if ((yield read('d')) === 1) yield write('d', 1);
          yield read('b');
          yield write('c', 1);
        },
      },
      {
        name: 's',
        run: function* (): Steps<void> {
          yield write('c', 1);
          yield cas('a', 1, 2);
        },
      },
    ],
  };
  expect(countTraces(program)).toBe(36);
  expect(reachableTraces(program, standardMonitors)).toMatchObject({ executions: 36, redundant: 0 });
});

test('executions that were cut off prove nothing', () => {
  const philosophers = findProgram('philosophers(3)');
  expect(philosophers.bound({ maxSteps: 8 }).states().verdict()).toMatchObject({
    verdict: 'violated',
    steps: 3,
  });
  const at = (maxSteps: number) => philosophers.bound({ maxSteps }).traces().verdict();
  expect(at(8)).toMatchObject({ verdict: 'undecided', bound: 'steps' });
  expect(explore(hotrm(2)).only().bound({ maxSteps: 7 }).traces().verdict()).toMatchObject({
    verdict: 'proved',
    within: [],
  });
  // The other thread takes part in none of the executions, and races with none of the steps.
  const long = { name: 'long', run: () => writes('a', 9) };
  const wrong = {
    name: 'wrong',
    run: function* (): Steps<void> {
      yield bug('wrong', 'is wrong');
    },
  };
  const apart = { name: 'apart', tables: { a: { 0: { v: 0 } } }, threads: [long, wrong] };
  expect(explore(apart).bound({ maxSteps: 5 }).traces().verdict()).toMatchObject({ verdict: 'undecided' });
});

function* writes(name: string, times: number): Steps<void> {
  for (let i = 0; i < times; i++) yield write(name, i);
}
