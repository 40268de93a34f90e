import { expect, it } from 'vitest';
import { parseSize } from './size.ts';

it.each([
  ['134217728', 2 ** 27],
  ['128M', 2 ** 27],
  ['128MiB', 2 ** 27],
  ['1 g', 2 ** 30],
  ['0x8000000', 2 ** 27],
  ['4P', 2 ** 52],
  ['512B', 512],
  ['128MB', undefined],
  ['-1', undefined],
  ['1.5G', undefined],
  ['9999999999999999', undefined],
  ['', undefined],
])('%j is %s', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});
