import { expect, test } from 'vitest';
import { whyText } from '../../report/trace/why.ts';
import type { Step, Steps } from '../../steps/step.ts';
import { hotrm } from '../programs/hotrm.ts';
import { decodeToken } from '../replay/token.ts';
import { explore } from '../search/exploration.ts';
import { alloc, choose, read } from './notation.ts';

const alone = (run: () => Steps<unknown>) => ({ name: 'alone', threads: [{ name: 'A', run }] });
const yielding = (...steps: readonly unknown[]) =>
  alone(function* (): Steps<void> {
    for (const step of steps) yield step as Step;
  });

test('what is not a step, and no generator, is an error with the name of the thread', () => {
  for (const step of [undefined, 3, {}]) {
    expect(() => explore(yielding(step)).states().verdict()).toThrow(
      'thread A yields something that is not a step',
    );
  }
  expect(() => explore(alone((() => undefined) as never)).states()).toThrow(
    'thread A: run is not a generator function',
  );
});

test('a choice is of at least one and at most 65536', () => {
  for (const n of [0, -1, 1e9, 1.5]) {
    expect(() =>
      explore(yielding(choose(n)))
        .states()
        .verdict(),
    ).toThrow(`thread A: choose(${n}) is not of 1 to 65536`);
  }
  expect(
    explore(yielding(choose(3)))
      .states()
      .verdict(),
  ).toMatchObject({ verdict: 'proved' });
});

test('a checkpoint with any damage is a bad one, of another version is named so', () => {
  const asked = explore(hotrm(8)).only().bound({ maxExecutions: 5 });
  const search = asked.traces();
  search.verdict();
  const bytes = search.checkpoint()!;
  for (let at = 0; at < 12; at++) {
    for (const flip of [1, 0x80]) {
      const bad = bytes.slice();
      bad[at]! ^= flip;
      expect(() => asked.resume(bad)).toThrow(/checkpoint/);
    }
  }
  const other = bytes.slice();
  other[0]! += 1;
  expect(() => asked.resume(other)).toThrow('the checkpoint is of another version of mhp');
  const token = 'mhp1-CUIxNCBvbiBTMdacpZcOqAQACgGdBAABxI-now';
  expect(decodeToken(token).program).toBe('B14 on S1');
  // the last character has bits that belong to no byte
  expect(() => decodeToken(token.replace(/w$/, 'x'))).toThrow('the token is damaged');
  expect(() => decodeToken('mhp2-AAAA')).toThrow('the token is of another version of mhp (mhp2-, not mhp1-)');
});

test('an allocation that failed did not allocate, and the fault is called what its step is called', () => {
  const program = yielding({ ...alloc('t', 0, { v: 1 }), mayFail: true }, read('t'));
  expect(whyText(explore(program).states().story())).toBe('wild-access: t#0 does not exist.');
});
