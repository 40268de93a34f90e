import { expect, test } from 'vitest';
import type { MemMachine } from '../../src/memmap/boot/mem-machine.ts';
import { page_add, WINDOW } from '../../src/memmap/kernel/config.ts';
import type { MemKernel } from '../../src/memmap/kernel/functions.ts';
import { pfn_to_pointer } from '../../src/memmap/kernel/memory_model.ts';
import { PG_head, PG_reserved, PG_tail, page_count } from '../../src/memmap/kernel/world.ts';
import { booted, play, run, texts, tiny, value } from './memmap-kit.ts';

const PAGE = 4096;
const M = 2 ** 20;
const G = 2 ** 30;
const whole = { start: 0, size: 4 * PAGE };

/** The offsets at which prep looks up the pointer through a pfn, and the pointers that mem_map_next returned. */
function boundaries(release: string, sections: number, first: number, order: number) {
  const model = booted(release, tiny(sections, { run_limit: 1 }));
  const found: number[] = [];
  const given: number[] = [];
  const kernel: MemKernel = {
    ...model.kernel,
    *mem_map_next(this: MemKernel, iter: number, base: number, offset: number) {
      const p = yield* model.kernel.mem_map_next.call(this, iter, base, offset);
      if (p !== page_add(iter, 1) || p === 0) found.push(offset);
      given.push(p);
      return p;
    },
  };
  const page = pfn_to_pointer.run(model.world, model.kernel.c, first)!;
  run(model, kernel.prep_compound_gigantic_page(page, order));
  return { found, given, model };
}

test('an aligned page is looked up anew at M, 2M, …; after its last page too', () => {
  // foreign objects between all memmaps: no boundary has an adjacent memmap by chance
  expect(boundaries('v2.6.28', 6, 0, 3).found).toEqual([2, 4, 6, 8]);
});

test('the call after the last page gives NULL where there is no section, a pointer where there is', () => {
  expect(boundaries('v2.6.28', 4, 0, 3).given.at(-1)).toBe(0);
  const { given, model } = boundaries('v2.6.28', 5, 0, 3);
  expect(given.at(-1)).toBe(pfn_to_pointer.run(model.world, model.kernel.c, 8));
});

test('base = aligned + d: the first wrong page is at offset M - d', () => {
  const machine = tiny(4, {
    max_order: 3,
    section_size_bits: 14,
    ram: [{ start: 0, size: 12 * 4 * PAGE, node: 0 }],
  });
  for (const d of [1, 2, 3]) {
    const [outcome] = play('v2.6.28', machine, { prep: { start: d * PAGE, size: 8 * PAGE, expect: 'any' } });
    expect(outcome!.strays[0]!.meant).toBe(d + 4 - d);
    expect(play('v6.1', machine, { prep: { start: d * PAGE, size: 8 * PAGE } })[0]!.failures).toEqual([]);
  }
});

test('mem_map_offset goes through the pfn from M on, nth_page for classic SPARSEMEM always', () => {
  const model = booted('v6.1', tiny(3));
  const { world, kernel } = model;
  const [base, next] = [pfn_to_pointer.run(world, kernel.c, 0)!, pfn_to_pointer.run(world, kernel.c, 2)!];
  expect(next).not.toBe(page_add(base, 2));
  expect(value(model, kernel.mem_map_offset(base, 1))).toBe(page_add(base, 1));
  expect(value(model, kernel.mem_map_offset(base, 2))).toBe(next);
  expect(value(model, kernel.nth_page(base, 2))).toBe(next);
  const flat = booted('v6.1', tiny(3, { memory_model: 'SPARSEMEM_VMEMMAP' }));
  expect(value(flat, flat.kernel.nth_page(WINDOW, 1000))).toBe(page_add(WINDOW, 1000));
});

test('B90: foreign memory of one memmap length is overwritten, and nothing else', () => {
  const [outcome] = play('v2.6.27', tiny(3), { prep: whole });
  expect(outcome!.strays).toEqual([
    {
      fn: 'prep_compound_page',
      op: 'wrote',
      meant: 2,
      n: 2,
      pfn: -1,
      foreign: 'dentry slab behind the memmap of section 0',
      address: WINDOW + 128,
      head: WINDOW,
    },
  ]);
  expect(texts(outcome!)).toEqual([
    'access: prep_compound_page wrote "dentry slab behind the memmap of section 0" +0x0-0x7f for the struct pages of pfn 0x2-0x3',
    'contents: pfn 0x2-0x3 are not tails of the page at 0x0: put_page() of one frees it alone',
    'contents: first_page of pfn 0x2-0x3 is not the page at 0x0',
  ]);
});

test('a smaller foreign object: it, and then struct pages at the wrong distance', () => {
  const [outcome] = play('v2.6.27', tiny(3, { foreign: { name: 'slab', size: 64 } }), { prep: whole });
  expect(outcome!.strays.map(({ n, pfn, foreign, meant }) => ({ n, pfn, foreign, meant }))).toEqual([
    { n: 1, pfn: -1, foreign: 'slab behind the memmap of section 0', meant: 2 },
    { n: 1, pfn: 2, foreign: null, meant: 3 },
  ]);
});

test('nothing mapped behind the last memmap: an oops at its address', () => {
  const machine = tiny(2, { memmap: 'reversed', beyond: null });
  const [outcome] = play('v2.6.27', machine, { prep: { ...whole, expect: 'BUG' } });
  expect(texts(outcome!)).toEqual([
    'bug: BUG at prep_compound_page: Unable to handle kernel paging request for data at address 0xc000000000000100',
  ]);
});

test('the benign placement hides B90 to B93, and the report says so', () => {
  const steps = [
    { prep: whole },
    { clear: { start: 16 * 1024, size: 16 * 1024 } },
    { copy: { from: 16 * 1024, to: 32 * 1024, size: 16 * 1024 } },
    { follow: { ...whole, offset: 8192, length: 8192 } },
  ];
  const outcomes = play('v2.6.27', tiny(6, { memmap: 'adjacent' }), ...steps);
  expect(outcomes.flatMap((outcome) => outcome.failures)).toEqual([]);
  const HIDES = 'benign placement: the memmaps lie side by side and hide a bug; with "memmap: foreign" ';
  const hidden = outcomes.map(({ notes }) =>
    notes.find((note) => note.startsWith(HIDES))?.slice(HIDES.length),
  );
  expect(hidden.map((text) => text?.split(' ').slice(0, 2).join(' '))).toEqual([
    'prep_compound_page wrote',
    'clear_huge_page cleared',
    'copy_huge_page copied',
    'follow_hugetlb_page returned',
  ]);
  const fixed = play('v2.6.28', tiny(6, { memmap: 'adjacent' }), ...steps);
  expect(fixed.flatMap(({ notes }) => notes).join()).not.toContain('benign');
});

test.each(['FLATMEM', 'DISCONTIGMEM', 'SPARSEMEM_VMEMMAP'] as const)(
  '%s: the oldest release does everything right',
  (memoryModel) => {
    const outcomes = play(
      'v2.6.27',
      tiny(6, { memory_model: memoryModel }),
      { prep: whole },
      { clear: whole },
      { copy: { from: 0, to: 16 * 1024, size: 16 * 1024 } },
      { follow: { ...whole, offset: 0, length: 16 * 1024 } },
    );
    expect(outcomes.flatMap((outcome) => [...outcome.failures, ...outcome.strays])).toEqual([]);
  },
);

test('DISCONTIGMEM: a page over two nodes is not contiguous', () => {
  const machine = tiny(0, {
    memory_model: 'DISCONTIGMEM',
    ram: [0, 1].map((node) => ({ start: node * 8192, size: 8192, node })),
  });
  expect(play('v2.6.27', machine, { prep: whole })[0]!.strays[0]!.foreign).toBe(
    'dentry slab behind the memmap of node 0',
  );
  expect(play('v2.6.28', machine, { prep: whole })[0]!.failures).toEqual([]);
});

test.each([
  // [release, loop of an ordinary 2M page, of a 1G page, calls of mem_map_next for 2M]
  ['v2.6.27', 'clear_huge_page', 'clear_huge_page', undefined],
  ['gigantic-v1', 'clear_huge_page', 'clear_huge_page', 512],
  ['gigantic-v2', 'clear_gigantic_page', 'clear_gigantic_page', 512],
  ['v5.2', 'clear_huge_page', 'clear_gigantic_page', undefined],
  ['v6.12', 'folio_zero_user', 'clear_gigantic_page', undefined],
] as const)('B94 on %s: 2M takes %s, 1G takes %s', (release, small, large, calls) => {
  const machine = { ...tiny(0), arch: 'x86_64' as const, ram: [{ start: 0, size: 2 ** 31, node: 0 }] };
  const [two, one] = play(
    release,
    machine,
    { clear: { start: '2M', size: '2M' } },
    { clear: { start: '1G', size: '1G', expect: 'any' } },
  );
  expect(two!.notes[0]).toBe(
    `took ${small}${calls ? `; mem_map_next called ${calls} times (boundary every 1024 pages)` : ''}`,
  );
  expect(one!.notes[0]).toContain(`took ${large}`);
  expect(two!.strays).toEqual([]);
});

test.each([4096, 65536])('B94 on ppc64 with pages of %i: 16M is one section and ordinary', (pageSize) => {
  const machine = {
    ...tiny(0),
    arch: 'ppc64' as const,
    page_size: pageSize,
    ram: [{ start: 0, size: 2 ** 26, node: 0 }],
  };
  const [outcome] = play('gigantic-v2', machine, { clear: { start: 0, size: '16M' } });
  expect(texts(outcome!)).toEqual([
    `cost: an ordinary huge page of ${2 ** 24 / pageSize} pages takes clear_gigantic_page: ${2 ** 24 / pageSize} calls of mem_map_next too many, no wrong access`,
  ]);
});

test('v6.1: an inflated count on a tail of the second section: all is put back', () => {
  const model = booted('v6.1', tiny(3));
  const { world, kernel } = model;
  world.pages.update(0, 4, (word) => word | PG_reserved);
  world.pages.update(3, 4, (word) => word + (1 << 8));
  const outcome = run(model, kernel.prep_compound_gigantic_page(pfn_to_pointer.run(world, kernel.c, 0)!, 2));
  expect(outcome.value).toBe(false);
  expect(outcome.events).toEqual([
    {
      kind: 'printk',
      level: 4,
      text: 'HugeTLB page can not be used due to unexpected inflated ref count',
    },
  ]);
  const words = [0, 1, 2, 3].map((pfn) => world.pages.get(pfn));
  expect(words.map(page_count)).toEqual([1, 1, 1, 2]);
  expect(words.map((word) => word & (PG_head | PG_tail | PG_reserved))).toEqual([0, 0, 0, 0]);
  expect(world.strays).toEqual([]);
});

test('v6.1: frozen counts are 0 and PG_reserved is gone; before v5.2 both stayed', () => {
  for (const [release, count, reserved] of [
    ['v6.1', 0, 0],
    ['v5.2', 0, 0],
    ['v2.6.28', 1, PG_reserved],
  ] as const) {
    const model = booted(release, tiny(3));
    model.world.pages.update(0, 4, (word) => word | PG_reserved);
    value(model, model.kernel.gather_bootmem_prealloc(WINDOW, 2));
    const tail = model.world.pages.get(3);
    expect([page_count(tail), tail & PG_reserved, tail & PG_tail]).toEqual([count, reserved, PG_tail]);
  }
});

test('B95 needs a root that is missing: in a static table the section is zeroes, and the pointer stays unused', () => {
  const extreme = play('v2.6.28-B95', tiny(2), { prep: { ...whole, expect: 'any' } });
  expect(extreme[0]!.result).toBe('BUG');
  const fixedSize = play('v2.6.28-B95', tiny(2, { memory_model: 'SPARSEMEM_STATIC' }), { prep: whole });
  expect(fixedSize[0]!.failures).toEqual([]);
  // a third section in the same root: the same
  const sameRoot = play('v2.6.28-B95', tiny(2, { sections_per_root: 4 }), { prep: whole });
  expect(sameRoot[0]!.failures).toEqual([]);
});

test('B97: 2.6.28 refuses to free what the buddy cannot have made', () => {
  const outcomes = play('v2.6.28', tiny(4), { prep: whole }, { free: { ...whole, expect: 'BUG' } });
  expect(texts(outcomes[1]!)).toEqual([
    'bug: BUG at update_and_free_page: VM_BUG_ON(h->order >= MAX_ORDER), order 2',
  ]);
});

test('gigantic pages that depend on VMEMMAP: a size that is not offered, or a memory model that is not', () => {
  const hugepagesz = { hugepagesz: { size: '16K', expect: 'any' } };
  const result = (release: string, memoryModel: 'SPARSEMEM_EXTREME' | 'SPARSEMEM_VMEMMAP') => {
    const [outcome] = play(release, tiny(3, { memory_model: memoryModel }), hugepagesz);
    return [outcome!.result, ...outcome!.messages];
  };
  expect(result('gigantic-vmemmap', 'SPARSEMEM_EXTREME')).toEqual([
    'EINVAL',
    'hugepagesz: Unsupported page size 0 M',
  ]);
  expect(result('gigantic-vmemmap', 'SPARSEMEM_VMEMMAP')).toEqual(['success']);
  expect(() => result('v7.2', 'SPARSEMEM_EXTREME')).toThrow(
    'v7.2 on tiny with SPARSEMEM_EXTREME does not build: SPARSEMEM_VMEMMAP is no option',
  );
  expect(result('v7.2', 'SPARSEMEM_VMEMMAP')).toEqual(['success']);
  expect(result('v6.1', 'SPARSEMEM_EXTREME')).toEqual(['success']);
});

test('a page of 16G costs by sections and placements, not by its 2^22 pages', () => {
  const machine = {
    ...tiny(0),
    arch: 'ppc64' as const,
    memmap: 'adjacent' as const,
    ram: [{ start: 0, size: 2 ** 35, node: 0 }],
  };
  const model = booted('v2.6.28', machine);
  // nothing, one memmap of 2048 sections, other memory, nothing
  expect(model.world.places.count).toBe(4);
  const outcome = run(model, model.kernel.prep_compound_gigantic_page(WINDOW, 22));
  expect(outcome.steps).toBe(1 + 2 + 1024 * 5);
  expect(model.world.pages.count).toBeLessThan(6);
});

/** The notes of a step that makes a huge page of so many bytes. */
const notes = (release: string, machine: MemMachine, size: number): readonly string[] =>
  play(release, machine, { prep: { start: 0, size, expect: 'any' } })[0]!.notes;

const X86_64 = { ...tiny(0), arch: 'x86_64', ram: [{ start: 0, size: 4 * G, node: 0 }] } as const;

test('part 1 tests for a boundary in the loop of every compound page; the second version does not', () => {
  const tests = (n: number) =>
    `took prep_compound_page; ${n} tests for a boundary (boundary every 1024 pages)`;
  expect(notes('gigantic-part1', X86_64, 2 * M)).toEqual([tests(511)]);
  expect(notes('gigantic-v1', X86_64, 2 * M)).toEqual([tests(511)]);
  expect(notes('gigantic-part1', X86_64, G)).toEqual([tests(2 ** 18 - 1)]);
  for (const release of ['v2.6.27', 'gigantic-v2', 'v2.6.28'])
    expect(notes(release, X86_64, 2 * M)).toEqual(['took prep_compound_page']);
  expect(notes('gigantic-v2', X86_64, G)).toEqual([
    'took prep_compound_gigantic_page; mem_map_next called 262143 times (boundary every 1024 pages)',
  ]);
});

test('i386: pages of 4M are the largest of the buddy, and none of the patches changes them', () => {
  const i386: MemMachine = { ...X86_64, arch: 'i386', ram: [{ start: 0, size: G, node: 0 }] };
  const steps = [
    { prep: { start: 0, size: 4 * M } },
    { clear: { start: 0, size: 4 * M } },
    { copy: { from: 0, to: 8 * M, size: 4 * M } },
  ];
  for (const release of ['v2.6.27', 'gigantic-part1', 'gigantic-v1', 'v2.6.28', 'v6.1', 'v7.2']) {
    const outcomes = play(release, i386, ...steps);
    expect(outcomes.flatMap((outcome) => [...outcome.strays])).toEqual([]);
    expect(outcomes[0]!.notes[0]).toMatch(/^took prep_compound_page/);
  }
  expect(booted('v2.6.27', i386).kernel.c).toMatchObject({
    MAX_ORDER_NR_PAGES: 1024,
    PAGES_PER_SECTION: 16384,
  });
  expect(() => booted('v2.6.27', { ...i386, memory_model: 'SPARSEMEM_VMEMMAP' })).toThrow(
    'v2.6.27 on i386 with SPARSEMEM_VMEMMAP does not build: it does not select SPARSEMEM_VMEMMAP_ENABLE',
  );
});

test('gigantic pages only with VMEMMAP: then, in 2.6.27, memory cannot be removed', () => {
  const steps = [
    { hugepagesz: { size: G, expect: 'any' } },
    { remove: { start: 2 * G, size: 128 * M, expect: 'any' } },
  ];
  const results = (release: string, model: MemMachine['memory_model']) =>
    play(release, { ...X86_64, memory_model: model }, ...steps).map(({ result }) => result);
  expect(results('gigantic-vmemmap', 'SPARSEMEM_VMEMMAP')).toEqual(['success', 'EBUSY']);
  expect(results('gigantic-vmemmap', 'SPARSEMEM_EXTREME')).toEqual(['EINVAL', 'success']);
  expect(results('gigantic-v2', 'SPARSEMEM_EXTREME')).toEqual(['success', 'success']);
  expect(results('v2.6.28', 'SPARSEMEM_VMEMMAP')).toEqual(['success', 'EBUSY']);
  expect(results('v5.2', 'SPARSEMEM_VMEMMAP')).toEqual(['success', 'success']);
  expect(results('v6.1', 'SPARSEMEM_VMEMMAP')).toEqual(['success', 'success']);
});

test('a section that was removed is not valid, and its memmap is gone', () => {
  for (const [release, model] of [
    ['v2.6.27', 'SPARSEMEM_EXTREME'],
    ['v5.2', 'SPARSEMEM_VMEMMAP'],
  ] as const) {
    const [, , left] = play(
      release,
      tiny(4, { memory_model: model }),
      { remove: { start: 0, size: 8192 } },
      { pfn_valid: { start: 0, is: false } },
      { pfn_valid: { start: 8192, is: true } },
    );
    expect(left!.failures).toEqual([]);
  }
});

test('a pointer behind the last memmap, where nothing is mapped, is told by its address', () => {
  const machine = tiny(2, { memmap: 'adjacent', beyond: null });
  const part = { offset: 4 * PAGE, length: PAGE };
  const [outcome] = play('v2.6.27', machine, {
    follow: { start: 0, size: 8 * PAGE, ...part, expect: 'any' },
  });
  expect(texts(outcome!)).toEqual([
    'access: follow_hugetlb_page returned c000000000000100, which is not mapped, for the struct page of pfn 0x4',
  ]);
});
