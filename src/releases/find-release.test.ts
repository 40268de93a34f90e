import { expect, test } from 'vitest';
import { findRelease } from './index.ts';

test.each([
  ['v6.1', 'v6.1'],
  ['6.1', 'v6.1'],
  ['v6.1.192', 'v6.1'],
  ['v6.1-rc3', 'v6.1'],
  ['6.1.0-56-amd64', 'v6.1'],
  ['6.1.192+', 'v6.1'],
  ['5.10.0.el9', 'v5.10'],
])('%s is found as %s', (name, found) => {
  expect(findRelease(name)?.name).toBe(found);
});

test.each(['v6.1x', 'v6.1 ', 'v6.1-foo', 'v6', 'v6.1.', 'vv6.1', ''])('%j is no release', (name) => {
  expect(findRelease(name)).toBe(null);
});
