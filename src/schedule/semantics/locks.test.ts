import { describe, expect, test } from 'vitest';
import { acquire, type LockState, release, UNLOCKED } from './locks.ts';
import { RCU_IDLE, rcuBegin, rcuEnd, rcuReadLock, rcuReadUnlock } from './rcu.ts';

const state = (answer: ReturnType<typeof acquire>): LockState => {
  if (!('state' in answer)) throw new Error(answer.outcome);
  return answer.state;
};

describe.each(['spinlock', 'mutex'] as const)('%s', (kind) => {
  test('has one holder, who alone may release it', () => {
    const held = state(acquire(UNLOCKED, kind, 'write', false, 1));
    expect(acquire(held, kind, 'write', false, 2)).toEqual({ outcome: 'blocked' });
    expect(acquire(held, kind, 'write', false, 1)).toEqual({ outcome: 'blocked' });
    expect(acquire(held, kind, 'write', true, 2)).toEqual({ outcome: 'refused' });
    expect(release(held, kind, 'write', 2).outcome).toBe('misuse');
    expect(release(UNLOCKED, kind, 'write', 2).outcome).toBe('misuse');
    expect(state(release(held, kind, 'write', 1))).toEqual(UNLOCKED);
  });
});

describe.each(['rwsem', 'percpu_rwsem'] as const)('%s', (kind) => {
  const read = state(acquire(UNLOCKED, kind, 'read', false, 1));

  test('readers share', () => {
    expect(state(acquire(read, kind, 'read', false, 2)).readers).toEqual([1, 2]);
    expect(state(acquire(read, kind, 'read', false, 1)).readers).toEqual([1, 1]);
  });

  test('a writer announces itself and keeps new readers out, also those inside', () => {
    const answer = acquire(read, kind, 'write', false, 3);
    expect(answer.outcome).toBe('announced');
    const waiting = state(answer);
    expect(acquire(waiting, kind, 'read', false, 1)).toEqual({ outcome: 'blocked' });
    expect(acquire(waiting, kind, 'read', true, 2)).toEqual({ outcome: 'refused' });
    expect(acquire(waiting, kind, 'write', false, 4)).toEqual({ outcome: 'blocked' });
    const drained = state(release(waiting, kind, 'read', 1));
    expect(acquire(drained, kind, 'write', false, 4)).toEqual({ outcome: 'blocked' });
    expect(state(acquire(drained, kind, 'write', false, 3))).toEqual({ writer: 3, readers: [], waiting: -1 });
  });

  test('a trylock announces nothing', () => {
    expect(acquire(read, kind, 'write', true, 3)).toEqual({ outcome: 'refused' });
  });
});

test('a grace period waits for the readers inside when it began, and for no others', () => {
  const inside = rcuReadLock(rcuReadLock(RCU_IDLE, 1), 1);
  const begun = rcuReadLock(rcuBegin(inside, 9), 2);
  expect(rcuEnd(begun, 9)).toBeUndefined();
  const once = rcuReadUnlock(begun, 1)!;
  expect(rcuEnd(once, 9)).toBeUndefined();
  const out = rcuReadUnlock(once, 1)!;
  expect(rcuEnd(out, 9)).toEqual({ readers: [[2, 1]], waiters: [] });
  expect(rcuReadUnlock(out, 1)).toBeUndefined();
});
