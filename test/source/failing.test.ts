import { describe, expect, test } from 'vitest';
import type { ThreadsEntry } from '../../src/check/entry.ts';
import { catalogue } from '../../src/cli/inputs/catalogue.ts';
import { findRelease } from '../../src/releases/index.ts';
import { Alarms, JUDGED, judgementOf } from './alarms.ts';
import { explored, InOrder, orders } from './failing.ts';

const entryOf = (id: string): ThreadsEntry => catalogue((one) => one === id)[0]!.entry as ThreadsEntry;
const inOrder = (id: string, release: string): InOrder => new InOrder(entryOf(id), findRelease(release)!, {});

test('all orders of threads', () => {
  expect(orders(['a', 'b', 'c'])).toEqual([
    ['a', 'b', 'c'],
    ['a', 'c', 'b'],
    ['b', 'a', 'c'],
    ['b', 'c', 'a'],
    ['c', 'a', 'b'],
    ['c', 'b', 'a'],
  ]);
});

describe('the threads of an entry with an allocation that fails', () => {
  test('every allocation is found, that of the lines before the threads as well', () => {
    expect(inOrder('B17', 'v7.2').allocations(10)).toEqual([
      { site: 'pgtable', after: 0 },
      { site: 'pgtable', after: 1 },
    ]);
    expect(inOrder('B17b', 'v7.2').allocations(2)).toEqual([
      { site: 'pgtable', after: 0 },
      { site: 'pgtable', after: 1 },
    ]);
  });

  test('what is wrong with it and not without', () => {
    const run = inOrder('B17b', 'v7.2');
    const order = ['user', 'remover'];
    const oops = 'Oops: unable to handle page fault for address';
    expect(run.run(order, null)).toEqual({ alarms: [], failed: false });
    expect(run.run(order, { site: 'pgtable', after: 1 })).toEqual({
      alarms: [
        `bug: memset(): ${oops}`,
        `bug: phys_pte_init(): ${oops}`,
        'invariant: tables, linked nowhere',
      ],
      failed: true,
    });
    expect(run.run(order, { site: 'pgtable', after: 2 })).toEqual({ alarms: [], failed: false });
  });

  test('an alarm that the entry names is none', () => {
    const order = ['mapper', 'remover'];
    expect(inOrder('B14', 'arm64-v5').run(order, null).alarms).toEqual([
      'invariant: translations, stale leaf',
    ]);
    const failure = { kind: 'invariant', subjects: { what: 'stale leaf' } } as const;
    const entry = { ...entryOf('B14'), failure };
    expect(new InOrder(entry, findRelease('arm64-v5')!, {}).run(order, null).alarms).toEqual([]);
  });

  test('at the same time, in the states up to a bound; not after a BUG', () => {
    const failure = { site: 'pgtable', after: 1 } as const;
    const release = findRelease('v7.2')!;
    expect(explored(entryOf('B14'), release, {}, failure, 50)).toEqual({
      alarms: [],
      states: 50,
      whole: false,
    });
    expect(explored(entryOf('B125b'), release, {}, failure, 500)).toEqual({
      alarms: [
        'bug: phys_pmd_init(): Oops: unable to handle page fault for address',
        'invariant: tables, linked nowhere',
      ],
      states: 81,
      whole: true,
    });
    expect(explored(entryOf('B17b'), release, {}, failure, 50)).toBeNull();
  });
});

describe('names of alarms', () => {
  test('one that fits the whole alarm, on its architecture, in its entries', () => {
    const oops = 'bug: memset(): Oops: paging request';
    expect(judgementOf('arm64', oops, 'B17')?.is).toBe('scenario');
    expect(judgementOf('arm64', oops, 'B19')).toBeUndefined();
    expect(judgementOf('x86_64', oops, 'B17')).toBeUndefined();
    expect(judgementOf('arm64', `${oops} at`, 'B17')).toBeUndefined();
  });

  test('are printed with where and how often; what has none is counted', () => {
    const alarms = new Alarms('x86_64');
    alarms.note('warn: add_pages()', 'arch_add_memory', 'the first');
    alarms.note('warn: add_pages()', 'arch_add_memory', 'the second');
    alarms.note('bug: phys_pud()', 'B17b', 'pgtable 0');
    expect(alarms.text).toBe(
      'complaint: add_pages() warns of any failure of __add_pages(): warn: add_pages()\n' +
        '    arch_add_memory 2\n    first: the first\n' +
        'without a name: bug: phys_pud()\n    B17b 1\n    first: pgtable 0\n',
    );
    expect(alarms.unnamed).toBe(1);
  });

  test('every row is a regular expression of its own', () => {
    for (const { alarm } of JUDGED) expect(() => new RegExp(alarm)).not.toThrow();
    expect(new Set(JUDGED.map((row) => JSON.stringify([row.arch, row.alarm, row.in]))).size).toBe(
      JUDGED.length,
    );
  });
});
