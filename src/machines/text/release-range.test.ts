import { expect, test } from 'vitest';
import { releaseRange } from './release-range.ts';

const order = ['v5.2', 'v5.3', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'];

test('an open range ends with the newest release, a closed one with the release it names', () => {
  expect(releaseRange('v5.7+', order)).toEqual(['v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2']);
  expect(releaseRange('v5.7..v6.1', order)).toEqual(['v5.7', 'v5.10', 'v6.1']);
  expect(releaseRange('v7.2+', order)).toEqual(['v7.2']);
  expect(releaseRange('v5.2..v5.2', order)).toEqual(['v5.2']);
});

test.each(['v5.7', 'S2-base', '', '+', '..', '..v5.7'])('%j is not a range', (text) => {
  expect(releaseRange(text, order)).toBe(null);
});

test.each([
  ['v5.8+', '"v5.8" bounds no range of releases; there are v5.2, v5.3, v5.4, v5.7, v5.10, v6.1, v6.12, v7.2'],
  [
    'v5.7..v9',
    '"v9" bounds no range of releases; there are v5.2, v5.3, v5.4, v5.7, v5.10, v6.1, v6.12, v7.2',
  ],
  ['S0+', '"S0" bounds no range of releases; there are v5.2, v5.3, v5.4, v5.7, v5.10, v6.1, v6.12, v7.2'],
  ['v6.1..v5.7', 'v6.1 comes after v5.7'],
])('%s names no releases', (text, wrong) => {
  expect(releaseRange(text, order)).toEqual({ wrong });
});
