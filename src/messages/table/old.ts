import type { KernelFile } from '../entry.ts';

/** Of releases before v5.2, of which only struct pages as addresses are modelled (src/memmap). */
export const old: readonly KernelFile[] = [
  {
    file: 'mm/hugetlb.c',
    entries: [
      {
        fn: 'update_and_free_page',
        call: 'VM_BUG_ON',
        condition: 'h->order >= MAX_ORDER',
        releases: '2.6',
      },
    ],
  },
  {
    file: 'mm/slub.c',
    entries: [{ fn: 'kfree', call: 'BUG_ON', condition: '!PageCompound(page)', releases: '2.6..5.10' }],
  },
];
