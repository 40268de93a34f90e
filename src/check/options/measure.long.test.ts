import { expect, test } from 'vitest';
import { findRelease } from '../../releases/index.ts';
import { costs } from './measure.ts';

const of = (release: string) => costs(findRelease(release)!);

test('V5 holds the page table lock for the whole removal, and leaves no table', () => {
  expect(of('arm64-v5')).toEqual({
    vmalloc: { steps: 39, under_lock: 11 },
    waits: {
      add: { steps: 5, lock: 'swapper_pgdir_lock' },
      offline: { steps: 0, lock: null },
      remove: { steps: 1_056_785, lock: 'init_mm.page_table_lock' },
    },
    tables_kept: 0,
  });
});

test('under option 2 vmalloc waits for every operation', () => {
  const { vmalloc, waits, tables_kept } = of('option-2');
  expect(vmalloc).toEqual({ steps: 41, under_lock: 29 });
  expect(Object.values(waits).map(({ lock }) => lock)).toEqual([
    'mem_hotplug_lock',
    'mem_hotplug_lock',
    'mem_hotplug_lock',
  ]);
  expect(tables_kept).toBe(0);
});

test('V6 keeps a table of the memmap, floor and ceiling do not', () => {
  expect(of('arm64-v6').tables_kept).toBe(1);
  expect(of('v5.7').tables_kept).toBe(0);
});
