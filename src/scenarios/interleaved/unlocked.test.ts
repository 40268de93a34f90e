import { expect, test } from 'vitest';
import { findRelease } from '../../releases/index.ts';
import { parseScenario } from '../format/read.ts';
import { unlockedCalls, unlockedText } from './unlocked.ts';

const notes = (release: string, threads: Readonly<Record<string, readonly string[]>>): string[] => {
  const text = JSON.stringify({
    machine: { arch: 'arm64', page_size: '4K', ram: [{ start: '1G', size: '1G' }] },
    threads,
  });
  const { interleaved } = parseScenario(text, 'file');
  return unlockedCalls(interleaved!, findRelease(release)!).map(unlockedText);
};

test('a store to a sysfs file without its active reference is noted', () => {
  expect(notes('v6.1', { writer: ["state_store(32, 'offline')"] })).toEqual([
    'threads.writer[0] calls state_store() without kn->active, which its callers in the kernel hold',
  ]);
});

test('one with the reference is not, and neither is one through kernfs', () => {
  const writer = ['kernfs_get_active(32)', "state_store(32, 'offline')", 'kernfs_put_active(32)'];
  expect(notes('v6.1', { writer, other: ["kernfs_fop_write(32, 'state', 'offline')"] })).toEqual([]);
});

test('locks count until they are released', () => {
  const remover = [
    'mem_hotplug_begin()',
    'vmemmap_free(0, 1, null)',
    'mem_hotplug_done()',
    'vmemmap_free(0, 1, null)',
  ];
  expect(notes('v6.1', { remover })).toEqual([
    'threads.remover[3] calls vmemmap_free() without mem_hotplug_lock, which its callers in the kernel hold',
  ]);
});

test('what only later releases ask for is noted there alone', () => {
  const threads = { online: ['online_pages(0, 1, 0, 0)'] };
  expect(notes('v5.10', threads)).toEqual([]);
  expect(notes('v6.12', threads)).toHaveLength(1);
});
