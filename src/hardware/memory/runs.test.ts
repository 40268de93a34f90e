import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Runs } from './runs.ts';

const SIZE = 24;
const edit = fc.record({ a: fc.nat(SIZE), b: fc.nat(SIZE), v: fc.nat(3) });

test('agrees with a plain array, and holds no two equal neighbours', () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 30 }), (edits) => {
      const runs = new Runs(0);
      const plain = new Array<number>(SIZE).fill(0);
      for (const { a, b, v } of edits) {
        const [start, end] = a < b ? [a, b] : [b, a];
        runs.set(start, end, v);
        plain.fill(v, start, end);
      }
      expect(plain.map((_, i) => runs.get(i))).toEqual(plain);
      const pieces = [...runs.in(0, SIZE)];
      for (let i = 1; i < pieces.length; i++) expect(pieces[i]!.value).not.toBe(pieces[i - 1]!.value);
      for (const v of [0, 1, 2, 3]) {
        expect(runs.first(3, 20, (x) => x === v)).toBe(
          plain.findIndex((x, i) => i >= 3 && i < 20 && x === v),
        );
        expect(runs.last(3, 20, (x) => x === v)).toBe(
          plain.findLastIndex((x, i) => i >= 3 && i < 20 && x === v),
        );
        expect(runs.total(3, 20, (x) => x === v)).toBe(plain.slice(3, 20).filter((x) => x === v).length);
      }
    }),
  );
});

test('a terabyte of equal pages is one run', () => {
  const runs = new Runs(0);
  for (let block = 0; block < 8192; block++) runs.set(block * 32768, (block + 1) * 32768, 1);
  expect(runs.count).toBe(2);
});
