import { expect, it } from 'vitest';
import { humanSize } from './human-size.ts';

it.each([
  [0, '0B'],
  [1023, '1023B'],
  [1024, '1K'],
  [4096 * 3, '12K'],
  [255 * 4096, '1020K'],
  [257 * 4096, '1M'],
  [2 ** 27, '128M'],
  [17 * 2 ** 27, '2.1G'],
  [9 * 2 ** 27, '1.1G'],
  [10 * 2 ** 27, '1.3G'],
  [2 ** 30 - 1, '1024M'],
  [2 ** 42, '4T'],
  [2 ** 52, '4P'],
  [Number.MAX_SAFE_INTEGER, '8P'],
])('%d bytes are %s', (bytes, text) => {
  expect(humanSize(bytes)).toBe(text);
});
