import { expect, test } from 'vitest';
import { says_the_same } from './words.ts';

test.each([
  [
    'translations: CPU 0 may hold a PMD at ffff800100000000 (0x3e000000 bytes)',
    'translations: CPU 0 may hold a PTE at ffff8000c0000000 (0x1f0000 bytes) and 3 more',
    true,
  ],
  [
    'translations: CPU 0 may hold a PMD at ffff800100000000',
    'translations: CPU 1 may hold a PMD at ffff800100000000',
    false,
  ],
  ['links: node1/memory40 leads to a block', 'links: node1/memory5 leads to a block', true],
  ['links: node1/memory40 leads to a block', 'links: node0/memory40 leads to a block', false],
  [
    'linear: 0x140000000-0x17fffffff is mapped and has no section',
    'linear: 0x140000000-0x147ffffff has a section and is not mapped',
    false,
  ],
  ['which is free', 'read of a page table entry in pfn 0x10122, which is free', true],
])('%s: %s', (text, said, same) => {
  expect(says_the_same(said, text)).toBe(same);
});
