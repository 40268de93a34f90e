import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromWord, toWord } from '../../src/hardware/descriptor/descriptor.ts';
import { bigOf, descriptorOf, numberOf, wordOf, wordOfDescriptor } from '../../src/source/values.ts';

test('a kernel address or a physical one is the same after both ways', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), (n) => {
      expect(numberOf(wordOf(n))).toBe(n);
      expect(bigOf(wordOf(n))).toBe(BigInt.asUintN(64, BigInt(n)));
    }),
  );
});

test('a page table entry is the same word as that of the hardware model', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (word) => {
      const int64 = { lo: Number(word & 0xffffffffn) | 0, hi: Number(word >> 32n) | 0 };
      expect(descriptorOf(int64)).toEqual(fromWord(word));
      expect(wordOfDescriptor(fromWord(word))).toEqual(int64);
      expect(toWord(fromWord(word))).toBe(word);
    }),
  );
});
