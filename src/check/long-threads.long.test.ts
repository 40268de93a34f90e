import { expect, test } from 'vitest';
import { checkEntry } from './check-entry.ts';
import { readEntry } from './entry.ts';

// Sections of 1G whose linear map has an entry for every page: one thread alone takes a million steps.

const HEAD = `machine: {arch: arm64, page_size: 4K, ram: [{start: 1G, size: 2G}], nodes: [{node: 0, cpus: 0-1}]}
release: v5.10
let: {at: memstart_addr + 4G, other: memstart_addr + 8G, size: PAGES_PER_SECTION * PAGE_SIZE}
`;
const ADDED = 'before: ["__add_memory(0, at, size, 0)"]\n';

const check = (rest: string) => checkEntry(readEntry(HEAD + rest, 'x.yaml'), 'v5.10');

test.each([
  [
    'two removes',
    `${ADDED}threads: {a: ["__remove_memory(at, size)"], b: ["__remove_memory(at, size)"]}`,
    'other',
  ],
  [
    'two adds',
    'threads: {a: ["__add_memory(0, at, size, 0)"], b: ["__add_memory(0, at, size, 0)"]}',
    'clean',
  ],
  [
    'add beside remove',
    `${ADDED}threads: {a: ["__add_memory(0, other, size, 0)"], b: ["__remove_memory(at, size)"]}`,
    'clean',
  ],
  [
    'vmalloc beside remove',
    `${ADDED}threads: {a: ["__remove_memory(at, size)"], b: [area = vmalloc(PAGE_SIZE)]}`,
    'clean',
  ],
])('%s is decided by runs of entries', (_, rest, verdict) => {
  const found = check(rest);
  expect(found.verdict).toBe(verdict);
  expect(found.states).toBeLessThan(20_000);
  if (verdict === 'clean') expect(found.within).toEqual(['runs']);
  else {
    expect(found.failure?.text).toBe('WARNING in remove_memory_block_devices()');
    expect(found.told).toMatchObject({ story: { program: 'x.yaml on v5.10 by runs' } });
  }
});
