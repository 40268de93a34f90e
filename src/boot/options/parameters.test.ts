import { expect, test } from 'vitest';
import { findRelease } from '../../releases/index.ts';
import { memoryHotplugParameters } from './parameters.ts';

const set = (release: string, ...words: readonly string[]) =>
  memoryHotplugParameters(
    words.map((word) => `memory_hotplug.${word}`),
    findRelease(release)!.constants,
  );

test.each([
  ['v6.1', 'memmap_on_memory=bogus'],
  ['v6.12', 'memmap_on_memory'],
  ['v6.1', 'online_policy=movable'],
  ['v6.1', 'auto_movable_ratio=-1'],
  ['v6.1', 'auto_movable_ratio=4294967296'],
  ['v6.1', 'auto_movable_numa_aware='],
])('%s refuses %s and says so', (release, word) => {
  const [name, value = ''] = word.split('=');
  expect(set(release, word)).toEqual({
    values: {},
    notes: [`Booting kernel: \`${value}' invalid for parameter \`memory_hotplug.${name}'`],
  });
});

test.each([
  ['v6.12', 'memmap_on_memory=force', 'force'],
  ['v6.12', 'memmap_on_memory=yes', 'Y'],
  ['v6.1', 'memmap_on_memory', 'Y'],
  ['v6.1', 'memmap-on-memory=0', 'N'],
  ['v6.1', 'online_policy=auto-movable', 'auto-movable'],
  ['v6.1', 'auto_movable_ratio=0x10', '16'],
  ['v6.1', 'auto_movable_numa_aware=off', 'N'],
])('%s takes %s', (release, word, value) => {
  const name = word.split('=')[0]!.replaceAll('-', '_');
  expect(set(release, word)).toEqual({ values: { [name]: value }, notes: [] });
});

test('the last valid one stays; what a release does not have is no word of it', () => {
  expect(set('v6.1', 'memmap_on_memory=1', 'memmap_on_memory=x').values).toEqual({ memmap_on_memory: 'Y' });
  expect(set('v5.10', 'memmap_on_memory=x')).toEqual({ values: {}, notes: [] });
});

test.each([
  ['v6.1', 'force'],
  ['v6.12', 'Force'],
])('%s reads memmap_on_memory=%s as false, by its first letter', (release, value) => {
  const word = `memmap_on_memory=${value}`;
  expect(set(release, word)).toEqual({
    values: { memmap_on_memory: 'N' },
    notes: [`boot option memory_hotplug.${word} is read as N`],
  });
});
