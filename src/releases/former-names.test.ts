import { expect, test } from 'vitest';
import { findMemRelease } from '../memmap/releases/mem-releases.ts';
import { currentName } from './former-names.ts';
import { findRelease } from './index.ts';

test.each([
  ['S0', 'arm64-v6'],
  ['S0-base', 'arm64-v6-base'],
  ['S0-B25a', 'arm64-v6-B25a'],
  ['S1', 'arm64-v5'],
  ['S1-B19', 'arm64-v5-B19'],
  ['S1-B42', 'arm64-v5-B42'],
  ['S2', 'pg-reserved'],
  ['S2-v5.3', 'pg-reserved-v5.3'],
  ['v5.2-S0', 'v5.2-B33b'],
  ['S3', 'subsections'],
  ['S3-1', 'subsections-1'],
])('a release is found by its former name: %s', (former, name) => {
  expect(findRelease(former)?.name).toBe(name);
});

test.each([
  ['S4-part1', 'gigantic-part1'],
  ['S4-v2', 'gigantic-v2'],
  ['S4-vmemmap', 'gigantic-vmemmap'],
])('and so is one of struct pages: %s', (former, name) => {
  expect(findMemRelease(former)?.name).toBe(name);
});

test.each(['S', 'S10', 'S0base', 'xS0', 'v6.1', 'option-1', 'arm64-v6', 'constructor'])(
  'any other name is itself: %s',
  (name) => {
    expect(currentName(name)).toBe(name);
  },
);
