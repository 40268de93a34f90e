import { expect, test } from 'vitest';
import type { Int64 } from '../../../ir/read/values.ts';
import type { Site } from '../site.ts';
import { SECTIONS } from './sections.ts';

/** bcmp() of words at 0x100 and at 0x200. */
function bcmp(one: readonly number[], other: readonly number[], bytes: number): unknown {
  const site = {
    args: [
      { lo: 0x100, hi: 0 },
      { lo: 0x200, hi: 0 },
      { lo: bytes, hi: 0 },
    ],
    *read({ lo }: Int64) {
      return { lo: 1, hi: (lo < 0x200 ? one : other)[(lo % 0x100) / 8] };
    },
    stop(what: string): never {
      throw new Error(what);
    },
  } as unknown as Site;
  return SECTIONS.bcmp!.run!(site).next().value;
}

test.each([
  [[1, 2], [1, 2], 0],
  [[1, 2], [1, 3], 1],
  [[4, 2], [1, 2], 1],
])('bcmp() of %j and %j is %i', (one, other, value) => {
  expect(bcmp(one, other, 16)).toEqual({ lo: value, hi: 0 });
});

test('what is beyond the size does not count', () => {
  expect(bcmp([1, 2], [1, 3], 8)).toEqual({ lo: 0, hi: 0 });
});

test('parts of words stop', () => {
  expect(() => bcmp([1], [1], 12)).toThrow('bcmp() of 12 bytes');
});
