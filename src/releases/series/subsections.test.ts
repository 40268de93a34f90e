import { expect, test } from 'vitest';
import { booted, cat, G, M, play, X86 } from '../../../test/kit.ts';
import { sectionTable } from '../../scenarios/pages/section-table.ts';
import { findRelease } from '../index.ts';

/** Hot-add and hot-remove, device memory side by side, and a range that shares a section with RAM. */
const MACHINE = { ...X86, ram: [{ start: 0, size: 2016 * M }] };
const STEPS = [
  { memremap: { start: 8 * G, size: 96 * M } },
  { memremap: { start: 8 * G + 96 * M, size: 96 * M } },
  { memunmap: { start: 8 * G, size: 96 * M } },
  { memremap: { start: 2016 * M, size: 32 * M } },
  { add: { start: 5 * G, size: 256 * M } },
  { online: 'memory40' },
  { remove: { start: 5 * G + 128 * M, size: 128 * M } },
  { add: { start: 5 * G + 64 * M, size: 64 * M } },
  { offline: 'memory40' },
  { remove: { start: 5 * G, size: 128 * M } },
];

function told(release: string) {
  const session = booted(release, MACHINE);
  const outcomes = STEPS.map((step) => {
    const [outcome] = play(session, step);
    return { result: outcome!.result, messages: outcome!.messages };
  });
  const { usage, rows, pfn_valid } = sectionTable(session.state, session.kernel);
  return {
    outcomes,
    results: outcomes.map(({ result }) => result),
    rows,
    pfn_valid,
    usage: usage.size,
    zoneinfo: cat(session, '/proc/zoneinfo'),
  };
}

const [v52, first, all, v53] = ['v5.2', 'subsections-1', 'subsections', 'v5.3'].map(told);

test('patch 1 changes nothing but the size of the usage', () => {
  expect([v52!.usage, first!.usage]).toEqual([32, 40]);
  expect({ ...first!, usage: 32 }).toEqual(v52);
});

test('the whole series: device memory side by side in a section, and beside RAM', () => {
  expect(v52!.results.slice(0, 4)).toEqual(['success', 'ENOMEM', 'success', 'ENXIO']);
  expect(all!.results.slice(0, 4)).toEqual(['success', 'success', 'success', 'success']);
  expect(all).toEqual(v53);
});

test('the former names', () => {
  expect([findRelease('S3-1')?.name, findRelease('S3')?.name]).toEqual(['subsections-1', 'subsections']);
});
