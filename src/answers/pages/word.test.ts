import { expect, test } from 'vitest';
import { classOf, PAGE_CLASSES, plainWord } from './word.ts';

test('the word that stands for a class is of that class', () => {
  const words = [
    [1 << 20, 0],
    [0x400, 1],
    [(1 << 19) | 0x400, 0],
    [0x400, 0],
    [1 << 23, 0],
    [(1 << 17) | 0x868, 0],
    [0x8080, 0],
    [1 << 26, 0],
    [0x5868, 8],
    [0x8000, 0],
    [0, 0],
  ] as const;
  expect(words.map(([low, high]) => classOf(low, high))).toEqual(PAGE_CLASSES.map((_, i) => i));
  for (const [low, high] of words) expect(classOf(...plainWord(low, high))).toBe(classOf(low, high));
});
