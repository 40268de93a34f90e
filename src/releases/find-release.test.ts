import { expect, test } from 'vitest';
import { findRelease, nearestRelease, notARelease } from './index.ts';

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

test.each([
  ['v4.19', 'v5.2'],
  ['5.1.0-1-amd64', 'v5.2'],
  ['v5.6', 'v5.4'],
  ['6.1.0-56-amd64', 'v6.1'],
  ['v9.9', 'v7.2'],
])('for %s there is %s', (name, found) => {
  expect(nearestRelease(name)?.name).toBe(found);
});

test('what is said of a name that is none', () => {
  expect(findRelease('v5.6')).toBe(null);
  expect(notARelease('v5.6')).toBe('"v5.6" is not a modelled release; near it: v5.4, v5.7');
  expect(notARelease('v9')).toBe('"v9" is not a modelled release; near it: v7.2');
  expect(notARelease('arm64-v7')).toBe('"arm64-v7" is not a modelled release; near it: arm64-v5, arm64-v6');
  expect(notARelease('nonsense')).toBe('"nonsense" is not a modelled release');
});

test.each(['v6.1x', 'v6.1 ', 'v6.1-foo', 'v6', 'v6.1.', 'vv6.1', ''])('%j is no release', (name) => {
  expect(findRelease(name)).toBe(null);
});
