import { expect, test } from 'vitest';
import type { Int64 } from '../../ir/read/values.ts';
import { shapeOf } from './asm.ts';
import type { Site } from './site.ts';

const word = (hi: number, lo: number): Int64 => ({ lo, hi });

/** The result of a piece of assembly on some operands; memory has one word. */
function result(text: string, args: readonly Int64[], memory: Int64 = word(0, 0)): unknown {
  const found = shapeOf('x86_64', text)!;
  const site = {
    args,
    *read() {
      return memory;
    },
    stop(what: string): never {
      throw new Error(what);
    },
  } as unknown as Site;
  return found.shape.run!(site, found.match).next().value;
}

test.each([
  [word(0, 0), word(-1, -1)],
  [word(0, 1), word(0, 0)],
  [word(0, 0x8000_0001 | 0), word(0, 31)],
  [word(0x10, 0), word(0, 36)],
])('bsr of %j is %j', (operand, value) => {
  expect(result(['bsrq $1,$', '{0:q}'].join(''), [operand, word(-1, -1)])).toEqual({ value });
});

test.each([
  [word(0, 1), 0],
  [word(0, 0x8000_0000 | 0), 31],
  [word(0x30, 0), 36],
  [word(-1, 0), 32],
])('tzcnt of %j is %i', (operand, value) => {
  expect(result('tzcnt $1,$0', [operand])).toEqual({ value: word(0, value) });
});

test('tzcnt of 0 stops', () => {
  expect(() => result('tzcnt $1,$0', [word(0, 0)])).toThrow('__ffs() of 0');
});

test.each([
  [0, 1],
  [1, 0],
  [33, 1],
  [63, 0],
])('bit %i is %i', (bit, value) => {
  expect(result(' btq  $2,$1\n', [word(0, 0), word(0, bit)], word(0x7fff_ffff, 1))).toEqual({
    value: word(0, value),
  });
});

test('a bit beyond the word stops', () => {
  expect(() => result(' btq  $2,$1\n', [word(0, 0), word(0, 64)])).toThrow('beyond the first word');
});

test('arm64 does not have these', () => {
  expect(shapeOf('arm64', 'tzcnt $1,$0')).toBeUndefined();
  expect(shapeOf('x86_64', 'dsb ish')).toBeUndefined();
});
