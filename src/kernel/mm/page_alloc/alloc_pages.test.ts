import { expect, test } from 'vitest';
import type { vmem_altmap } from '../../kernel.ts';
import { vmem_altmap_alloc } from './alloc_pages.ts';

test('vmem_altmap_alloc aligns naturally, and places by its counts', () => {
  const altmap: vmem_altmap = { base_pfn: 0x1000, reserve: 2, free: 1024, align: 0, alloc: 0 };
  const take = (n: number): [pfn: number, alloc: number, align: number] => [
    vmem_altmap_alloc(altmap, n),
    altmap.alloc,
    altmap.align,
  ];
  expect(take(512)).toEqual([0x1200, 512, 510]);
  expect(take(1)).toEqual([0x1400, 513, 510]);
  expect(take(2)).toEqual([-1, 513, 510]);
  expect(take(1)).toEqual([0x1401, 514, 510]);
  // freeing subtracts from alloc alone; the padding is never returned
  altmap.alloc -= 512;
  expect([altmap.alloc, altmap.align]).toEqual([2, 510]);
  expect(take(1)).toEqual([0x1202, 3, 510]);
  // the position reaches pages that are still in use
  for (let i = 2; i < 511; i++) take(1);
  expect(take(1)).toEqual([0x1400, 513, 510]);
});
