import { describe, expect, test } from 'vitest';
import { Prng } from '../data/prng.ts';
import { lockOrder } from '../monitors/index.ts';
import { fibBench, lastzero } from '../programs/classics.ts';
import { hotrm } from '../programs/hotrm.ts';
import { randomProgram } from '../programs/random-program.ts';
import { type Exploration, explore } from '../search/exploration.ts';
import { BadCheckpoint } from './checkpoint.ts';
import type { Verdict } from './verdict.ts';

type Mode = 'states' | 'traces';

/** The part of a verdict that must be equal; the bytes held depend on when lists last grew. */
const essence = (v: Verdict) => ({ ...v, stats: { ...v.stats, bytes: 0 } });

/** Stops after about `first` units of work, again after `second` more, then continues to the end. */
function interrupted(mode: Mode, asked: Exploration, first: number, second: number): Verdict | undefined {
  const bounded = (n: number) => asked.bound({ maxStates: n, maxExecutions: n });
  let search = bounded(first)[mode]();
  if (search.verdict().verdict !== 'undecided') return undefined;
  search = bounded(first + second).resume(search.checkpoint()!);
  if (search.verdict().verdict !== 'undecided') return undefined;
  return asked.resume(search.checkpoint()!).verdict();
}

describe.each(['states', 'traces'] as const)('%s', (mode) => {
  test('a search interrupted at random moments comes to the same result', () => {
    const random = new Prng(7);
    let compared = 0;
    for (let i = 0; i < 1500; i++) {
      const program = randomProgram(random);
      const asked = i % 2 === 0 ? explore(program).only() : explore(program).monitors(lockOrder());
      const again = interrupted(mode, asked, 1 + random.below(9), 1 + random.below(9));
      if (again === undefined) continue;
      compared++;
      expect(essence(again)).toEqual(essence(asked[mode]().verdict()));
    }
    expect(compared).toBeGreaterThan(20);
  });

  test.each([hotrm(8), lastzero(5), fibBench(2)])('$name', (program) => {
    const asked = explore(program).only();
    const whole = essence(asked[mode]().verdict());
    for (const [first, second] of [
      [1, 1],
      [10, 3],
      [17, 20],
    ] as const) {
      expect(essence(interrupted(mode, asked, first, second)!)).toEqual(whole);
    }
  });

  const asked = explore(hotrm(8)).only();
  const stopped = (): Uint8Array => {
    const search = asked.bound({ maxStates: 20, maxExecutions: 20 })[mode]();
    expect(search.verdict()).toMatchObject({ verdict: 'undecided' });
    return search.checkpoint()!;
  };

  test('a damaged checkpoint is refused', () => {
    const random = new Prng(1);
    const bytes = stopped();
    for (let i = 0; i < 50; i++) {
      const bad = bytes.slice();
      bad[random.below(bad.length)]! ^= 1 << random.below(8);
      expect(() => asked.resume(bad)).toThrow(BadCheckpoint);
    }
    expect(() => asked.resume(bytes.slice(0, 40))).toThrow('the checkpoint is damaged');
    expect(() => asked.resume(new Uint8Array([1, 2, 3]))).toThrow('this is not a checkpoint');
  });

  test('a checkpoint of another program or with other options is refused', () => {
    expect(() => explore(hotrm(9)).only().resume(stopped())).toThrow(
      'the checkpoint is of hotrm(8), not of hotrm(9)',
    );
    expect(() => explore(hotrm(8)).resume(stopped())).toThrow('hotrm(8) or the options have changed');
    const changed = { ...hotrm(8), tables: { ...hotrm(8).tables, upper: { 0: { entry: 2 } } } };
    expect(() => explore(changed).only().resume(stopped())).toThrow('have changed since');
  });
});
