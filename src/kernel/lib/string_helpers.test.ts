import { expect, test } from 'vitest';
import { string_get_size } from './string_helpers.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.00 KiB'],
  [126 * 2 ** 20, '126 MiB'],
  [2 * 2 ** 20, '2.00 MiB'],
  [1536 * 2 ** 20, '1.50 GiB'],
  [62.25 * 2 ** 20, '62.3 MiB'],
  [2 ** 30 - 1, '1024 MiB'],
])('%d bytes are %s', (bytes, text) => expect(string_get_size(bytes)).toBe(text));
