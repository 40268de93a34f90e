import { expect, test } from 'vitest';
import { greatest, ownersByBlock } from './page-owner.ts';

const entry = (order: number, pfn: string, type: string, frames: readonly string[], comm = ''): string[] => [
  `Page allocated via order ${order}, mask 0xcc0(GFP_KERNEL), pid 1, tgid 1 (${comm}), ts 1 ns, free_ts 0 ns`,
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

// the forms of print_page_owner() in the sources of these releases, with what may stand in them
test.each([
  [
    '5.10.262',
    'order 0, mask 0x1100dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO)',
    'PFN 40 type Unmovable Block 0 type Movable Flags 0xfffffc0080034(uptodate|lru)',
    'f()',
  ],
  [
    '6.1.192',
    'order 0, mask 0xcc0(GFP_KERNEL), pid 7, tgid 7 ((sd-pam)), ts 1 ns, free_ts 0 ns',
    'PFN 40 type Unmovable Block 0 type Unmovable Flags 0x17ffffc0000200(slab|node=0|zone=2|lastcpupid=0x1fffff)',
    'f() ((sd-pam))',
  ],
  [
    '6.12.117',
    'order 0, mask 0xcc0(GFP_KERNEL), pid 7, tgid 7 (a), ts 9 ns), ts 1 ns, free_ts 0 ns',
    'PFN 0x28 type Unmovable Block 0 type Unmovable Flags 0x0()',
    'f() (a), ts 9 ns)',
  ],
  [
    '7.2.13',
    'order 0, mask 0xcc0(GFP_KERNEL), pid 7, tgid 7 (kworker/0:1H), ts 1 ns, free_ts 0 ns',
    'PFN 0x28 type Reclaimable Block 0 type CMA Flags 0x0()',
    'f() (kworker/0:1H)',
  ],
])('an entry of %s', (_, head, place, name) => {
  const frames = [
    ' post_alloc_hook+0x1/0x2',
    ' alloc_pages_mpol+0x1/0x2',
    ' f+0x10/0x20 [ext4]',
    ' g+0x10/0x20',
  ];
  const rest = ['Charged to offline memcg a', 'Page has been migrated, last migrate reason: compaction', ''];
  const lines = [`Page allocated via ${head}`, place, ...frames, ...rest];
  expect([...(ownersByBlock(lines, 32_768).get(0) ?? [])]).toEqual([[name, 1]]);
});
