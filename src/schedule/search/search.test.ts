import { expect, test } from 'vitest';
import type { Steps } from '../../steps/step.ts';
import { atEnd } from '../monitors/index.ts';
import { forget, read, write } from '../program/notation.ts';
import { hotrm } from '../programs/hotrm.ts';
import { racers } from '../programs/racers.ts';
import type { StoryEvent } from '../replay/replay.ts';
import type { Verdict } from '../replay/verdict.ts';
import { explore } from './exploration.ts';
import { statesSearch } from './question.ts';

/** The bytes held depend on when lists last grew. */
const essence = (v: Verdict) => ({ ...v, stats: { ...v.stats, bytes: 0 } });

const asked = explore(racers(3, 4)).only();
const whole = essence(asked.states().verdict());

test('an exploration does not change: what is asked of it gives another', () => {
  const lost = atEnd('x == 2', (end) => end.value('x') === 2);
  const racing = explore(racers(2, 1));
  expect(racing.monitors(lost).states().verdict().verdict).toBe('violated');
  expect(racing.states().verdict().verdict).toBe('proved');
  expect(racing.monitors(lost).only().states().verdict().verdict).toBe('proved');
  expect(racing.monitors(lost).bound(0).states().verdict()).toMatchObject({ within: ['preemptions'] });
  // Bounds of other names stay; a bound of the same name replaces the earlier one.
  const bounded = explore(hotrm(3)).only().bound(1).bound({ maxSteps: 5 }).bound(0);
  expect(bounded.states().verdict()).toMatchObject({ within: ['preemptions', 'steps'] });
});

test('a search comes to one verdict, however often and by whatever it is asked', async () => {
  const search = asked.states();
  const verdict = search.verdict();
  expect(essence(verdict)).toEqual(whole);
  expect(search.verdict()).toBe(verdict);
  expect(await search.finish()).toBe(verdict);
  expect(search.checkpoint()).toBeUndefined();
  expect(essence(await asked.states().finish())).toEqual(whole);
});

test.each(['states', 'traces'] as const)(
  '%s: a signal stops it, and it goes on to the same verdict and counts',
  async (mode) => {
    const program = explore(mode === 'states' ? racers(3, 4) : racers(2, 5)).only();
    const controller = new AbortController();
    let calls = 0;
    const progress = () => {
      if (++calls === 2) controller.abort();
    };
    const search = program.watch({ signal: controller.signal, progress })[mode]();
    expect(search.mode).toBe(mode);
    expect(await search.finish()).toMatchObject({ verdict: 'undecided', bound: 'interrupted' });
    const again = program.resume(search.checkpoint()!);
    expect(again.mode).toBe(mode);
    expect(essence(await again.finish())).toEqual(essence(program[mode]().verdict()));
  },
);

test('a checkpoint can be taken on the way', () => {
  const taken: (Uint8Array | undefined)[] = [];
  const search = asked.watch({ progress: () => taken.push(search.checkpoint()) }).states();
  taken.push(search.checkpoint());
  expect(essence(search.verdict())).toEqual(whole);
  expect(taken.length).toBeGreaterThan(2);
  for (const bytes of [taken[0]!, taken[1]!, taken.at(-1)!])
    expect(essence(asked.resume(bytes).verdict())).toEqual(whole);
});

const cell = { 0: { v: 0 } };
const round = {
  name: 'round',
  *run(): Steps<void> {
    for (;;) {
      yield forget('head');
      yield read('x');
    }
  },
};
const on = {
  name: 'on',
  *run(): Steps<void> {
    for (let i = 0; i < 100; i++) yield write('y', i);
  },
};

test('a search that was stopped while it counted steps begins that again', () => {
  const program = { name: 'round and on', tables: { x: cell, y: cell }, threads: [round, on] };
  const bounded = explore(program).only().bound({ maxSteps: 10 });
  const { stats } = bounded.states().verdict();
  const first = statesSearch({ program, monitors: [], bounds: { maxSteps: 10 }, reduce: true, forget: true });
  expect(first.run()).toEqual({ end: 'complete', within: ['steps'] });
  expect(first.store.size).toBeLessThan(stats.states - 1);
  const stopped = bounded.bound({ maxStates: stats.states - 1 }).states();
  expect(stopped.verdict()).toMatchObject({ verdict: 'undecided', bound: 'states' });
  expect(essence(bounded.resume(stopped.checkpoint()!).verdict())).toEqual(
    essence(bounded.states().verdict()),
  );
});

const choice = ({ thread, outcome }: StoryEvent) => ({ thread, outcome });

test('the story and its token, of a search or of a verdict from elsewhere', () => {
  const search = explore(hotrm(2)).states();
  const verdict = structuredClone(search.verdict());
  const { events, violation } = search.story();
  expect(verdict).toMatchObject({ verdict: 'violated', violation, trace: events.map(choice) });
  expect(explore(hotrm(2)).story(verdict).events).toEqual(events);
  expect(explore(hotrm(2)).token(verdict)).toBe(search.token());
  expect(explore(hotrm(2)).replay(search.token()).events).toEqual(events);
  expect(() => asked.states().story()).toThrow('racers(3, 4) is proved: nothing to tell');
});

test('what a thread throws is thrown', () => {
  const program = {
    name: 'wrong',
    threads: [
      {
        name: 'A',
        *run() {
          yield { op: 'read', obj: 'x', key: 0, field: 'v' } as const;
          throw new RangeError('mine');
        },
      },
    ],
    tables: { x: { 0: { v: 0 } } },
  };
  expect(() => explore(program).states().verdict()).toThrow('mine');
});
