import { describe, expect, test } from 'vitest';
import type { LockKind, Step, Steps } from '../../steps/step.ts';
import {
  alloc,
  bug,
  callRcu,
  free,
  join,
  lock,
  rcuReadLock,
  rcuReadUnlock,
  read,
  start,
  synchronizeRcu,
  trylock,
  unlock,
  variable,
  waitUntil,
  write,
} from '../program/notation.ts';
import type { Program, ThreadCode } from '../program/program.ts';
import { explore } from '../search/exploration.ts';
import { atEnd, leak, lockOrder, standardMonitors } from './index.ts';
import type { Monitor } from './monitor.ts';

const runs = (...steps: Step[]) =>
  function* (): Steps<void> {
    for (const step of steps) yield step;
  };
const program = (threads: Record<string, Step[]>, more: readonly ThreadCode[] = []): Program => ({
  name: 'test',
  tables: { x: { 0: { v: 0 } }, o: { 0: { v: 7 } } },
  threads: [...Object.entries(threads).map(([name, steps]) => ({ name, run: runs(...steps) })), ...more],
});
const finds = (p: Program, monitors: readonly Monitor[] = standardMonitors) => {
  const asked = explore(p).only(...monitors);
  const verdict = asked.states().verdict();
  // Every program here is also explored without the optimisations, and all results must agree.
  const comparable = asked.only(...monitors.filter((m) => m.memory === undefined));
  expect(comparable.selfCheck().disagreements()).toEqual([]);
  return verdict.verdict === 'violated'
    ? `${verdict.violation.monitor}: ${verdict.violation.text}`
    : verdict.verdict;
};

test('use after free, double free, an object that never was', () => {
  expect(finds(program({ a: [free('o', 0)], b: [read(variable('o'))] }))).toBe(
    'use-after-free: o#0 is used after it was freed',
  );
  expect(finds(program({ a: [free('o', 0)], b: [free('o', 0)] }))).toBe('double-free: o#0 is freed twice');
  expect(finds(program({ a: [read(variable('o', 3))] }))).toBe('use-after-free: o#3 does not exist');
});

test('an allocation that may fail is tried both ways', () => {
  const code = function* (): Steps<void> {
    const got = yield { ...alloc('o', 1, { v: 1 }), mayFail: true };
    if (!got) yield bug('caller', 'no memory');
  };
  expect(finds(program({}, [{ name: 'a', run: code }]))).toBe('bug: caller: no memory');
  expect(
    finds({ ...program({ a: [alloc('o', 1, { v: 1 }), read(variable('o', 1))] }), failures: true }),
  ).toBe('use-after-free: o#1 does not exist');
});

test('leak', () => {
  const made = program({ a: [alloc('o', 1, { v: 1 })] });
  expect(finds(made)).toBe('proved');
  expect(finds(made, [leak('o')])).toBe('leak: never freed: o#0, o#1');
  expect(finds(program({ a: [free('o', 0)] }), [leak('o')])).toBe('proved');
});

describe('lock misuse', () => {
  test.each(['spinlock', 'mutex', 'rwsem', 'percpu_rwsem'] as const)('unlock without lock: %s', (kind) => {
    expect(finds(program({ a: [unlock('l', kind)] }))).toBe(
      'lock-misuse: unlock of a lock that nobody holds (l)',
    );
  });

  test.each([
    [lock('m', 'mutex'), 'sleeping function called in an atomic section (m)'],
    [lock('m', 'rwsem', 'read'), 'sleeping function called in an atomic section (m)'],
    [synchronizeRcu(), 'synchronize_rcu in an atomic section (rcu)'],
    [waitUntil('x', 1), 'wait in an atomic section (x#0)'],
  ])('sleep under a spinlock: %#', (step, text) => {
    expect(finds(program({ a: [lock('s', 'spinlock'), step] }))).toBe(`lock-misuse: ${text}`);
    expect(
      finds(program({ a: [lock('s', 'spinlock'), unlock('s', 'spinlock'), step], b: [write('x', 1)] })),
    ).not.toContain('atomic section');
  });

  test('a trylock of a mutex under a spinlock does not sleep', () => {
    const steps = [lock('s', 'spinlock'), trylock('m'), unlock('m'), unlock('s', 'spinlock')];
    expect(finds(program({ a: steps }))).toBe('proved');
  });

  test('a thread ends holding a lock', () => {
    expect(finds(program({ a: [lock('m')] }))).toBe('lock-misuse: the thread ends holding a lock (m)');
  });
});

describe('deadlock', () => {
  const both = (first: string, second: string): Step[] => [
    lock(first),
    lock(second),
    unlock(second),
    unlock(first),
  ];

  test('two locks in two orders', () => {
    expect(finds(program({ a: both('m', 'n'), b: both('n', 'm') }))).toBe(
      'deadlock: no thread can move: a waits for n, held by b; b waits for m, held by a',
    );
  });

  test('the order alone is a violation, with the cycle, even where a third lock prevents the deadlock', () => {
    const gated = (steps: Step[]) => [lock('gate'), ...steps, unlock('gate')];
    const p = program({ a: gated(both('m', 'n')), b: gated(both('n', 'm')) });
    expect(finds(p)).toBe('proved');
    expect(finds(p, [lockOrder()])).toBe(
      'lock-order: locks are taken in a circle: b takes m while it holds n; a takes n while it holds m',
    );
    expect(finds(program({ a: both('m', 'n'), b: both('m', 'n') }), [lockOrder()])).toBe('proved');
  });

  test.each(['rwsem', 'percpu_rwsem'] as const)('a recursive reader of a %s', (kind: LockKind) => {
    const take = lock('l', kind, 'read');
    const drop = unlock('l', kind, 'read');
    const reader = [take, take, drop, drop];
    expect(finds(program({ a: reader }))).toBe('proved');
    expect(finds(program({ a: reader, b: [lock('l', kind), unlock('l', kind)] }))).toBe(
      'deadlock: no thread can move: a waits for l, held by itself (b queued); b waits for l, held by a (a queued)',
    );
  });

  test('a wait for what nobody does; a daemon may wait for ever', () => {
    const waiter = { name: 'w', run: runs(waitUntil('x', 1)) };
    expect(finds(program({}, [waiter]))).toBe('deadlock: no thread can move: w waits for ever');
    expect(finds(program({}, [{ ...waiter, daemon: true }]))).toBe('proved');
    expect(finds(program({ a: [write('x', 1)] }, [waiter]))).toBe('proved');
  });
});

describe('RCU', () => {
  const reader = [rcuReadLock(), read(variable('o')), rcuReadUnlock()];
  const readerIfThere = function* (): Steps<void> {
    yield rcuReadLock();
    if ((yield read('x')) === 0) yield read(variable('o'));
    yield rcuReadUnlock();
  };
  const callback = { name: 'reclaim', dormant: true, run: runs(free('o', 0)) };

  test('freeing at once is wrong, after a grace period right', () => {
    expect(
      finds(program({ a: [write('x', 1), free('o', 0)] }, [{ name: 'r', run: readerIfThere }])),
    ).toContain('use-after-free');
    const r = { name: 'r', run: readerIfThere };
    expect(finds(program({ a: [write('x', 1), synchronizeRcu(), free('o', 0)] }, [r]))).toBe('proved');
    expect(finds(program({ a: [write('x', 1), callRcu('reclaim')] }, [r, callback]))).toBe('proved');
  });

  test('a grace period does not protect who comes later', () => {
    expect(finds(program({ a: [callRcu('reclaim')], b: reader }, [callback]))).toContain('use-after-free');
  });

  test('waiting for a grace period inside a read section', () => {
    expect(finds(program({ a: [rcuReadLock(), synchronizeRcu()] }))).toContain(
      'lock-misuse: synchronize_rcu',
    );
    expect(finds(program({ a: [rcuReadUnlock()] }))).toContain('rcu_read_unlock outside a read section');
  });
});

test('threads are started and joined', () => {
  const child = {
    name: 'child',
    dormant: true,
    joinable: true,
    run: function* (by: number): Steps<number> {
      yield write('x', by);
      return by + 1;
    },
  };
  const parent = function* (): Steps<void> {
    yield start('child', 4);
    const got = yield join('child');
    yield write(variable('o'), got);
  };
  const p = program({}, [{ name: 'parent', run: parent }, child]);
  const ends = atEnd('x is 4 and o is 5', (end) => end.value('x') === 4 && end.value('o') === 5);
  expect(finds(p, [...standardMonitors, ends])).toBe('proved');
});
