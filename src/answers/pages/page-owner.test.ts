import { expect, test } from 'vitest';
import { greatest, ownersByBlock } from './page-owner.ts';

const entry = (order: number, pfn: string, type: string, frames: readonly string[], comm = ''): string[] => [
  `Page allocated via order ${order}, mask 0xcc0(GFP_KERNEL), pid 1, tgid 1${comm && ` (${comm})`}, ts 1 ns`,
  `PFN ${pfn} type ${type} Block 3 type ${type} Flags 0x200(slab)`,
  ...frames.map((frame) => ` ${frame}+0x10/0x20`),
  '',
];

test('pages by who has allocated them, without the allocator; movable ones are left out', () => {
  const lines = [
    ...entry(3, '32768', 'Unmovable', ['prep_new_page', 'allocate_slab', 'ext4_alloc_inode'], 'find'),
    ...entry(0, '0x8010', 'Reclaimable', ['get_page_from_freelist', '__alloc_pages', 'pte_alloc_one']),
    ...entry(0, '32900', 'Movable', ['prep_new_page', 'do_anonymous_page'], 'bash'),
    ...entry(0, '65536', 'Unmovable', ['prep_new_page']),
  ];
  const found = ownersByBlock(lines, 32_768);
  expect([...found].map(([block, owners]) => [block, greatest(owners, 5)])).toEqual([
    [
      1,
      [
        { name: 'ext4_alloc_inode() (find)', pages: 8 },
        { name: 'pte_alloc_one()', pages: 1 },
      ],
    ],
    [2, [{ name: 'unknown', pages: 1 }]],
  ]);
});
