import { expect, test } from 'vitest';
import { find_release } from '../../releases/index.ts';
import { costs, fates } from './measure.ts';

const of = (release: string) => costs(find_release(release)!);

test('V5 holds the page table lock for the whole removal, and leaves no table', () => {
  expect(of('S1')).toEqual({
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
  expect(of('S0').tables_kept).toBe(1);
  expect(of('v5.7').tables_kept).toBe(0);
});

test('V5 frees the table that vmalloc shares in four configurations, V6 and floor and ceiling keep it', () => {
  const of_table = (release: string) => fates(find_release(release)!);
  const shared = { apart: 21, refused: 0, neighbour: 7 };
  for (const release of ['S1', 'option-1', 'option-2'])
    expect(of_table(release)).toEqual({ ...shared, freed: 4, kept: 0 });
  for (const release of ['option-3', 'S0', 'v5.7'])
    expect(of_table(release)).toEqual({ ...shared, freed: 0, kept: 4 });
  expect(of_table('option-4')).toEqual({ apart: 21, refused: 11, neighbour: 0, freed: 0, kept: 0 });
});
