import { expect, test } from 'vitest';
import type { Step } from '../../steps/step.ts';
import { longestWait, type Profile, Profiler } from './waits.ts';

function profile(steps: readonly Step[]): Profile {
  const profiler = new Profiler();
  for (const step of steps) profiler.take(step);
  return profiler.profile();
}

const read: Step = { op: 'read', obj: 'vars', key: 0, field: 'max_pfn' };
const lock = (name: string, mode: 'read' | 'write' = 'write'): Step => ({
  op: 'lock',
  lock: name,
  kind: 'rwsem',
  mode,
  try: false,
});
const unlock = (name: string, mode: 'read' | 'write' = 'write'): Step => ({
  op: 'unlock',
  lock: name,
  kind: 'rwsem',
  mode,
});

test('steps under a lock are those between taking it and giving it back', () => {
  const { steps, under_lock, held } = profile([
    ...[read, lock('a'), read, lock('b', 'read'), read, read, unlock('b', 'read'), unlock('a'), read],
    ...[lock('a'), read, unlock('a')],
  ]);
  expect({ steps, under_lock }).toEqual({ steps: 12, under_lock: 4 });
  expect(held.get('a')!.longest).toEqual({ read: 0, write: 6 });
  expect(held.get('b')!.longest).toEqual({ read: 3, write: 0 });
});

test('readers wait for writers alone, and nobody for a lock that he does not take', () => {
  const long = profile([
    lock('a', 'read'),
    read,
    read,
    unlock('a', 'read'),
    lock('c'),
    read,
    read,
    read,
    unlock('c'),
  ]);
  const longer = profile([lock('a'), read, read, read, read, unlock('a')]);
  const reader = profile([lock('a', 'read'), read, unlock('a', 'read')]);
  const writer = profile([lock('a'), read, unlock('a')]);
  expect(longestWait(reader, long)).toEqual({ steps: 0, lock: null });
  expect(longestWait(writer, long)).toEqual({ steps: 3, lock: 'a' });
  expect(longestWait(reader, longer)).toEqual({ steps: 5, lock: 'a' });
});
