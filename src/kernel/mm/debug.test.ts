import { expect, test } from 'vitest';
import { booted, G, run, X86 } from '../../../test/kit.ts';

const machine = { ...X86, ram: [{ start: 0, size: 2 * G }], config: { DEBUG_VM: true } };

test.each([
  ['v5.2', /^page:ffff[\da-f]{12} is uninitialized and poisoned$/, 'p'],
  ['v5.10', /^page:ffff[\da-f]{12} is uninitialized and poisoned$/, 'p'],
  ['v6.1', /^page:\(____ptrval____\) is uninitialized and poisoned$/, 'p'],
  ['v7.2', /^page:\(____ptrval____\) is uninitialized and poisoned$/, 'page'],
])('%s: of a poisoned struct page dump_page() says no more than that', (release, line, name) => {
  const { kernel, state } = booted(release, machine);
  const pfn = (G / 4096) as number;
  run({ kernel, state } as never, kernel.page_init_poison(pfn, 1));
  const { events } = run({ kernel, state } as never, kernel.pfn_to_nid(pfn, 'pfn_to_nid'));
  expect(events).toEqual([
    expect.objectContaining({ kind: 'printk', text: expect.stringMatching(line) }),
    expect.objectContaining({
      kind: 'bug',
      text: `page dumped because: VM_BUG_ON_PAGE(PagePoisoned(${name}))`,
    }),
  ]);
});
