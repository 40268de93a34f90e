import { describe, expect, test } from 'vitest';
import { Prng } from '../data/prng.ts';
import { lockOrder, standardMonitors } from '../monitors/index.ts';
import type { Program } from '../program/program.ts';
import { fibBench, lastzero } from '../programs/classics.ts';
import { hotrm } from '../programs/hotrm.ts';
import { randomProgram } from '../programs/random-program.ts';
import {
  conclude,
  concludeTraces,
  type ExploreOptions,
  statesSearch,
  tracesSearch,
} from '../search/explore.ts';
import { StatesSearch } from '../states/states.ts';
import type { TracesSearch } from '../traces/traces.ts';
import { BadCheckpoint, checkpoint, resume } from './checkpoint.ts';
import type { Verdict } from './verdict.ts';

type Mode = 'states' | 'traces';

const verdict = (program: Program, options: ExploreOptions, search: StatesSearch | TracesSearch): Verdict => {
  const outcome = search.run();
  return search instanceof StatesSearch
    ? conclude(program, options, search, outcome)
    : concludeTraces(program, search, outcome);
};

/** What must be the same; the bytes held depend on when lists last grew. */
const essence = (v: Verdict) => ({ ...v, stats: { ...v.stats, bytes: 0 } });

const create = (mode: Mode, program: Program, options: ExploreOptions) =>
  mode === 'states' ? statesSearch(program, options) : tracesSearch(program, options);

/** Stop after about `first` units of work, then again after `second`, then go on to the end. */
function interrupted(mode: Mode, program: Program, options: ExploreOptions, first: number, second: number) {
  const bounds = (n: number) => ({ ...options, bounds: { maxStates: n, maxExecutions: n } });
  let search = create(mode, program, bounds(first));
  if (search.run().end !== 'stopped') return undefined;
  search = resume(program, bounds(first + second), checkpoint(program, options, search));
  if (search.run().end !== 'stopped') return undefined;
  return verdict(program, options, resume(program, options, checkpoint(program, options, search)));
}

describe.each(['states', 'traces'] as const)('%s', (mode) => {
  test('a search interrupted at random moments comes to the same result', () => {
    const random = new Prng(7);
    let compared = 0;
    for (let i = 0; i < 1500; i++) {
      const program = randomProgram(random);
      const options = { monitors: i % 2 === 0 ? [] : [...standardMonitors, lockOrder()] };
      const again = interrupted(mode, program, options, 1 + random.below(9), 1 + random.below(9));
      if (again === undefined) continue;
      compared++;
      expect(essence(again)).toEqual(essence(verdict(program, options, create(mode, program, options))));
    }
    expect(compared).toBeGreaterThan(20);
  });

  test.each([hotrm(8), lastzero(5), fibBench(2)])('$name', (program) => {
    const options = { monitors: [] };
    const whole = essence(verdict(program, options, create(mode, program, options)));
    for (const [first, second] of [
      [1, 1],
      [10, 3],
      [17, 20],
    ] as const) {
      expect(essence(interrupted(mode, program, options, first, second)!)).toEqual(whole);
    }
  });

  const stopped = () => {
    const options = { bounds: { maxStates: 20, maxExecutions: 20 }, monitors: [] };
    const search = create(mode, hotrm(8), options);
    expect(search.run()).toMatchObject({ end: 'stopped' });
    return checkpoint(hotrm(8), options, search);
  };

  test('a damaged checkpoint is refused', () => {
    const random = new Prng(1);
    const bytes = stopped();
    for (let i = 0; i < 50; i++) {
      const bad = bytes.slice();
      bad[random.below(bad.length)]! ^= 1 << random.below(8);
      expect(() => resume(hotrm(8), { monitors: [] }, bad)).toThrow(BadCheckpoint);
    }
    expect(() => resume(hotrm(8), {}, bytes.slice(0, 40))).toThrow('the checkpoint is damaged');
    expect(() => resume(hotrm(8), {}, new Uint8Array([1, 2, 3]))).toThrow('this is no checkpoint');
  });

  test('a checkpoint of another program or with other options is refused', () => {
    expect(() => resume(hotrm(9), { monitors: [] }, stopped())).toThrow(
      'the checkpoint is of hotrm(8), not of hotrm(9)',
    );
    expect(() => resume(hotrm(8), {}, stopped())).toThrow('hotrm(8) or the options have changed');
    const changed = { ...hotrm(8), tables: { ...hotrm(8).tables, upper: { 0: { entry: 2 } } } };
    expect(() => resume(changed, { monitors: [] }, stopped())).toThrow('have changed since');
  });
});
