import { expect, test } from 'vitest';
import { booted, G, M, play } from '../../../../test/kit.ts';

test('no program has pages of a hole in an online block', () => {
  const s = booted('v5.2', { arch: 'arm64', page_size: 64 * 1024, ram: [{ start: G, size: 1280 * M }] });
  const use = { start: 2 * G, size: G, as: 'hugepage' };
  expect(() => play(s, { use })).toThrow('use: the page at 0x90000000 is not managed');
});
