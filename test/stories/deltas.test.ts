import { expect, test } from 'vitest';
import { checkEntry } from '../../src/check/check-entry.ts';
import { catalogue } from '../../src/cli/inputs/catalogue.ts';
import { applied, type Snapshot } from '../../src/report/data/delta.ts';
import { storySchema } from '../../src/report/data/schema.ts';
import { type StoryData, storyData } from '../../src/report/data/story-data.ts';
import { findProgram } from '../../src/schedule/programs/built-in.ts';
import { checkDeltas } from './deltas.ts';

const entryOf = (id: string) => {
  const { entry } = catalogue((one) => one === id)[0]!;
  if (entry.kind !== 'threads') throw new Error(`${id} has no threads`);
  return entry;
};

const after = ({ initial, steps }: StoryData, number: number): Snapshot =>
  steps.slice(0, number).reduce((now, { delta }) => applied(now, delta), initial);

test('after each delta of a story there is what its replay has there', () => {
  expect(checkDeltas(entryOf('B20'))).toBeGreaterThan(5);
});

test('B14: the table under the mapper is linked, held by walkers only, in flight, and free', () => {
  const { told } = checkEntry(entryOf('B14'), 'arm64-v5');
  if (told?.kind !== 'threads') throw new Error('no story');
  const data = storyData(told.story, told.token);
  const held = 'PGD 0xffffffffc0000000+0x40000000 -> 0x40203000';
  const seen = [537, 538, 545, 548].map((number) => {
    const now = after(data, number);
    return [now.entries!['0x40000ff8'], now.held![held] ?? null, now.pages!['0x40203']];
  });
  const table = {
    as: 'table',
    level: 'PGD',
    va: '0xffffffffc0000000',
    size: 2 ** 30,
    pfn: '0x40203',
    settled: true,
  };
  expect(seen).toEqual([
    ['table, pfn 0x40203', null, 'ZONE_DMA32, a page table, MIGRATE_MOVABLE'],
    [
      'none',
      { ...table, held_by: [0, 1], in_flight: [], settled: false },
      'ZONE_DMA32, a page table, MIGRATE_MOVABLE',
    ],
    ['none', { ...table, held_by: [], in_flight: [1] }, 'ZONE_DMA32, a page table, MIGRATE_MOVABLE'],
    ['none', { ...table, held_by: [], in_flight: [1] }, 'ZONE_DMA32, PageBuddy, MIGRATE_MOVABLE'],
  ]);
  expect(after(data, 551).locks).toEqual({});
  expect(data.why.map(({ kind, steps }) => [kind, steps])).toEqual([
    ['failure', []],
    ['page', [10, 538, 548, 552]],
    ['order', []],
  ]);
});

test('a program without a kernel: its variables, locks and threads', () => {
  const search = findProgram('philosophers(2)').states();
  const data = storyData(search.story(), search.token());
  expect(storySchema.parse(data)).toEqual(data);
  expect(data.tables).toBe(null);
  expect(after(data, 2)).toEqual({
    threads: { p0: 'blocked', p1: 'blocked' },
    locks: { fork0: { holders: ['p0'], wanted: ['p1'] }, fork1: { holders: ['p1'], wanted: ['p0'] } },
    fields: {},
  });
  const racing = findProgram('racers(2, 1)').states();
  const raced = storyData(racing.story(), racing.token());
  expect(raced.initial.fields).toEqual({ x: '0' });
  expect(after(raced, 4).fields).toEqual({ x: '1' });
});
