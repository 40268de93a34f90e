import { describe, expect, test } from 'vitest';
import { ARM64, booted, G, last, M, must, play, run, X86 } from '../../../test/kit.ts';
import { vaText } from '../../geometry/translation.ts';
import { leaves } from '../../hardware/walks/walk.ts';
import type { Session } from '../../scenarios/running/session.ts';
import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { vmemmap_of } from '../pfn.ts';
import { MEMMAP, NO_PAGE, PG_dirty, POISON_PAGE, page_memmap } from './page.ts';

// Struct pages are memory: what maps them decides whether they can be accessed, and what they contain.

type Shape = Readonly<Record<string, unknown>>;
const machine = (shape: Shape) => ({ ...ARM64, ...shape });
/** The kernel's messages of a step that ended in a BUG, and the address of the struct page of a physical address. */
function dies(s: Session, step: object): readonly string[] {
  const outcome = last(s, { ...step });
  expect(outcome.result).toBe('BUG');
  return outcome.messages.map((text) => text.replace(/^kernel (?=BUG at )/, ''));
}
const structPage = (s: Session, pa: number, offset = 0): string =>
  vaText(vmemmap_of(s.kernel.c, pa / s.kernel.c.PAGE_SIZE) + offset);
const ranges = (unit: number) => {
  const at = 0x180000000;
  return [
    { start: at + unit, size: unit },
    { start: at + 2 * unit, size: 3 * unit },
  ] as const;
};

/** Releases, shapes and sizes for which two device ranges share a leaf of the memmap. */
const SHARED = [
  ['v5.7', { page_size: '4K', va_bits: 48 }, 2 * M],
  ['v5.10', { page_size: '4K', va_bits: 48 }, 2 * M],
  ['v5.10', { page_size: '4K', va_bits: 39 }, 16 * M],
  ['v5.10', { page_size: '64K', va_bits: 48 }, 2 * M],
  ['v5.10', { page_size: '64K', va_bits: 42 }, 8 * M],
] as const;

describe('two device ranges share a leaf of the memmap (B28, B29)', () => {
  test.each(SHARED)(
    '%s, %o, %i: mapped again, the leaf is zeroed: VM_BUG_ON_PAGE',
    (release, shape, unit) => {
      const s = booted(release, machine({ ...shape, debug_vm: true }));
      const [a, b] = ranges(unit);
      play(s, { memremap: a }, { memremap: b }, { memunmap: a }, { memremap: a });
      const pfn = b.start / s.kernel.c.PAGE_SIZE;
      const counts = 'refcount:0 mapcount:1 mapping:0000000000000000 index:0x0';
      expect(page_memmap(s.state.pages.get(pfn))).toBe(MEMMAP.ZERO);
      expect(dies(s, { memunmap: { ...b, expect: 'BUG' } })).toEqual([
        release === 'v5.10'
          ? `page:(____ptrval____) ${counts} pfn:0x${pfn.toString(16)}`
          : `page:${structPage(s, b.start)} ${counts}`,
        'flags: 0x0()',
        'BUG at memunmap_pages: page dumped because: VM_BUG_ON_PAGE(page_ref_count(page) == 0)',
      ]);
    },
  );

  test.each(SHARED)('%s, %o, %i: without CONFIG_DEBUG_VM nobody notices', (release, shape, unit) => {
    const s = booted(release, machine(shape));
    const [a, b] = ranges(unit);
    const outcomes = play(
      s,
      { memremap: a },
      { memremap: b },
      { memunmap: a },
      { memremap: a },
      { memunmap: b },
    );
    expect(outcomes.map(({ result }) => result)).toEqual(outcomes.map(() => 'success'));
  });

  test.each(SHARED)('%s, %o, %i: not mapped again, it is an oops', (release, shape, unit) => {
    for (const debug of [false, true]) {
      const s = booted(release, machine({ ...shape, debug_vm: debug }));
      const [a, b] = ranges(unit);
      play(s, { memremap: a }, { memremap: b }, { memunmap: a });
      expect(s.state.pages.get(b.start / s.kernel.c.PAGE_SIZE)).toBe(NO_PAGE);
      const messages = dies(s, { memunmap: { ...b, expect: 'BUG' } });
      // put_page() reads compound_head first
      const at = structPage(s, b.start, 8);
      expect(messages[0]).toBe(`Unable to handle kernel paging request at virtual address ${at}`);
      expect(messages.at(-1)).toBe(`BUG at memunmap_pages: Oops: paging request at ${at}`);
      expect(messages).toContain('pc : memunmap_pages');
    }
  });

  test.each(['v6.1', 'v6.12', 'v7.2'])('%s, 64K: the page of the zone is read first', (release) => {
    const s = booted(release, machine({ page_size: '64K', va_bits: 48 }));
    const [a, b] = ranges(2 * M);
    play(s, { memremap: a }, { memremap: b }, { memunmap: a });
    const at = structPage(s, b.start);
    const messages = dies(s, { memunmap: { ...b, expect: 'BUG' } });
    expect(messages.at(-1)).toBe(`BUG at memunmap_pages: Oops: paging request at ${at}`);
  });

  test.each(['v6.1', 'v6.12', 'v7.2'])(
    '%s, 64K: mapped again, the zone is that of a zeroed page',
    (release) => {
      const s = booted(release, machine({ page_size: '64K', va_bits: 48, debug_vm: true }));
      const [a, b] = ranges(2 * M);
      const outcomes = play(
        s,
        { memremap: a },
        { memremap: b },
        { memunmap: a },
        { memremap: a },
        { memunmap: b },
      );
      expect(outcomes.map(({ result }) => result)).toEqual(outcomes.map(() => 'success'));
    },
  );
});

describe('struct pages that populating left out', () => {
  const ODD = { start: 0x180200000, size: 4 * M };
  const SHAPES = [
    ['v5.10', { page_size: '16K', va_bits: 47 }],
    ['v6.1', { page_size: '16K', va_bits: 48 }],
    ['v7.2', { page_size: '16K', va_bits: 47 }],
  ] as const;

  // addr += PAGE_SIZE from the middle of a page: the last page of the range is not reached
  test.each(SHAPES)('%s, %o: page_init_poison() of sparse_add_section()', (release, shape) => {
    const s = booted(release, machine({ ...shape, debug_vm: true }));
    const messages = dies(s, { memremap: { ...ODD, expect: 'BUG' } });
    const at = structPage(s, ODD.start + 2 * M);
    expect(messages[0]).toBe(`Unable to handle kernel paging request at virtual address ${at}`);
    const esr = release === 'v5.10' ? '96000047' : '0000000096000047';
    expect(messages).toContain(`  ESR = 0x${esr}`);
    expect(messages).toContain('pc : __memset');
    expect(messages.at(-1)).toBe(`BUG at page_init_poison: Oops: paging request at ${at}`);
    expect(page_memmap(s.state.pages.get(ODD.start / 16384))).toBe(MEMMAP.POISON);
  });

  test.each(SHAPES)('%s, %o: without CONFIG_DEBUG_VM __init_single_page()', (release, shape) => {
    const s = booted(release, machine(shape));
    const messages = dies(s, { memremap: { ...ODD, expect: 'BUG' } });
    const at = structPage(s, ODD.start + 2 * M);
    expect(messages.at(-1)).toBe(`BUG at __init_single_page: Oops: paging request at ${at}`);
    expect(page_memmap(s.state.pages.get(ODD.start / 16384))).toBe(MEMMAP.INIT);
  });
});

describe('x86-64: a range of struct pages that the model knows to be freed', () => {
  const device = { start: 5 * G, size: 32 * M };
  // as after a removal of half of it
  const torn = (release: string, shape: Shape = {}): Session => {
    const s = booted(release, { ...X86, ...shape });
    must(s, { memremap: device });
    s.state.pages.set((device.start + 16 * M) / 4096, (device.start + 32 * M) / 4096, NO_PAGE);
    return s;
  };

  test.each(['v5.3', 'v5.4', 'v5.7', 'v5.10'])('%s: put_page() of memunmap_pages()', (release) => {
    const s = torn(release);
    const at = structPage(s, device.start + 16 * M, 8);
    const messages = dies(s, { memunmap: { ...device, expect: 'BUG' } });
    expect(messages.slice(0, 5)).toEqual([
      `BUG: unable to handle page fault for address: ${at}`,
      '#PF: supervisor read access in kernel mode',
      '#PF: error_code(0x0000) - not-present page',
      'Oops: 0000 [#1] SMP',
      `RIP: 0010:${release === 'v5.3' ? 'devm_memremap_pages_release' : 'memunmap_pages'}`,
    ]);
  });

  test.each(['v6.1', 'v6.12', 'v7.2'])(
    '%s: page_init_poison() of remove_pfn_range_from_zone()',
    (release) => {
      const s = torn(release, { debug_vm: true });
      const at = structPage(s, device.start + 16 * M);
      const messages = dies(s, { memunmap: { ...device, expect: 'BUG' } });
      expect(messages).toContain('#PF: supervisor write access in kernel mode');
      expect(messages).toContain('#PF: error_code(0x0002) - not-present page');
      expect(messages.at(-1)).toBe(
        `BUG at page_init_poison: Oops: unable to handle page fault for address: ${at}`,
      );
    },
  );

  test.each([
    ['v5.10', 'test_pages_in_a_zone'],
    ['v6.1', 'test_pages_in_a_zone'],
    ['v7.2', 'test_pages_in_a_zone'],
  ])('%s: a block that goes offline is read by %s()', (release, where) => {
    const s = booted(release, X86);
    must(s, { add: { start: 5 * G, size: 128 * M, node: 1 } }, { online_movable: 40 });
    s.state.pages.set((5 * G) / 4096 + 1024, (5 * G) / 4096 + 2048, NO_PAGE);
    const messages = dies(s, { offline: { blocks: 40, expect: 'BUG' } });
    expect(messages.at(-1)).toContain(`BUG at ${where}: Oops: unable to handle page fault`);
  });

  test('a block that goes online is initialised up to what is missing', () => {
    const s = booted('v6.1', X86);
    must(s, { add: { start: 5 * G, size: 128 * M, node: 1 } });
    s.state.pages.set((5 * G) / 4096 + 1024, (5 * G) / 4096 + 2048, NO_PAGE);
    const messages = dies(s, { online_movable: { blocks: 40, expect: 'BUG' } });
    expect(messages.at(-1)).toContain('BUG at __init_single_page: Oops: unable to handle page fault');
    const { pages } = s.state;
    expect(page_memmap(pages.get((5 * G) / 4096 + 1023))).toBe(MEMMAP.INIT);
    expect(page_memmap(pages.get((5 * G) / 4096 + 2048))).toBe(MEMMAP.ZERO);
  });
});

test.each(
  (['v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'] as const).flatMap((release) =>
    (['4K', '16K', '64K'] as const).map((page_size) => [release, page_size] as const),
  ),
)('%s, %s: struct pages exist exactly where the tables map them', (release, page_size) => {
  const s = booted(release, machine({ page_size, va_bits: 48 }));
  const { c } = s.kernel;
  const check = (): void => {
    const mapped: [number, number][] = [];
    for (const { start, end } of leaves(s.state.mmu!, c.VMEMMAP_START, c.VMEMMAP_END)) {
      const [first, last] = [start, end].map((va) => (va - vmemmap_of(c, 0)) / 64) as [number, number];
      if (mapped.at(-1)?.[1] === first) mapped.at(-1)![1] = last;
      else mapped.push([first, last]);
    }
    const there: [number, number][] = [];
    for (const { start, end, value } of s.state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
      if (value === NO_PAGE) continue;
      if (there.at(-1)?.[1] === start) there.at(-1)![1] = end;
      else there.push([start, end]);
    }
    expect(there).toEqual(mapped);
  };
  check();
  for (const [what, start, size] of [
    ['memremap', 0x180000000, 2 * M],
    ['memremap', 0x180200000, 6 * M],
    ['memremap', 0x1c0000000, 64 * M],
    ['add', 8 * G, 2 * G],
    ['memunmap', 0x180000000, 2 * M],
    ['memremap', 0x180000000, 2 * M],
    ['remove', 8 * G, 2 * G],
    ['memunmap', 0x1c0000000, 64 * M],
  ] as const) {
    play(s, { [what]: { start, size, expect: 'any' } });
    check();
  }
});

describe('the struct pages of a section that is online are lost', () => {
  const block = 128 * M;
  const per_block = block / 4096;
  const first = (5 * G) / 4096;
  const two = { start: 5 * G, size: 2 * block, node: 1 };
  /** The messages of a call of the kernel that ended in a BUG. */
  function ends(s: Session, call: (k: Kernel) => Steps<unknown>): string {
    const outcome = run(s, call(s.kernel));
    expect(outcome.ended).toBe('bug');
    const end = outcome.events.at(-1)!;
    return end.kind === 'bug' ? `${end.where}: ${end.text}` : end.kind;
  }
  const oops = (where: string, s: Session, pfn: number, offset = 0): string =>
    `${where}: Oops: unable to handle page fault for address: ${structPage(s, pfn * 4096, offset)}`;
  const online = (release: string, missing: number, shape: Shape = {}): Session => {
    const s = booted(release, { ...X86, ...shape });
    must(s, { add: two }, { online_movable: '40..41' });
    s.state.pages.set(missing, missing + 512, NO_PAGE);
    return s;
  };

  test.each(['v5.4', 'v5.10', 'v6.1', 'v7.2'])('%s: the zone shrinks from its start', (release) => {
    const s = online(release, first + per_block);
    const messages = dies(s, { offline: { blocks: 40, expect: 'BUG' } });
    expect(messages.at(-1)).toContain(oops('find_smallest_section_pfn', s, first + per_block));
  });

  test.each(['v5.4', 'v5.10', 'v6.1', 'v7.2'])('%s: the zone shrinks from its end', (release) => {
    const s = online(release, first + per_block - 512);
    const messages = dies(s, { offline: { blocks: 41, expect: 'BUG' } });
    // the last page of the sub-section is the first that is read
    expect(messages.at(-1)).toContain(oops('find_biggest_section_pfn', s, first + per_block - 1));
  });

  test.each([
    ['free_pages', '__free_pages', 0x34, (k: Kernel) => k.free_pages(first, 2)],
    [
      'set a flag',
      'kvm_set_pfn_dirty',
      0,
      (k: Kernel) => k.$set_page_flag(first, 1, PG_dirty, 'kvm_set_pfn_dirty'),
    ],
    ['clear a flag', 'unpin', 0, (k: Kernel) => k.$clear_page_flag(first, 1, PG_dirty, 'unpin')],
    ['soft_offline_page', 'soft_offline_page', 0, (k: Kernel) => k.soft_offline_page(first, 0)],
    ['memory_failure', 'memory_failure', 0, (k: Kernel) => k.memory_failure(first, 0)],
    [
      'dissolve',
      'dissolve_free_huge_pages',
      0,
      (k: Kernel) => k.dissolve_free_huge_pages(first, first + 1024),
    ],
    ['migrate', 'do_migrate_range', 0, (k: Kernel) => k.do_migrate_range(first, first + 1024)],
    ['kpageflags', 'stable_page_flags', 0, (k: Kernel) => k.stable_page_flags(first)],
    ['Xen', 'balloon_append', 0x30, (k: Kernel) => k.xen_online_page(first, 1024)],
    ['Hyper-V', 'hv_page_online_one', 0x30, (k: Kernel) => k.hv_page_online_one(first, 1024, false)],
  ] as const)('%s', (_name, where, offset, call) => {
    const s = online('v6.1', first);
    expect(ends(s, call)).toContain(oops(where, s, first, offset));
  });

  test.each(['v5.3', 'v5.10', 'v6.1'])(
    '%s: poisoned pages are looked for only if there are any',
    (release) => {
      for (const poisoned of [0, 1]) {
        const s = booted(release, X86);
        must(s, { add: two });
        s.state.pages.set(first, first + 512, NO_PAGE);
        s.state.vars.get(0)!.num_poisoned_pages = poisoned;
        const messages = poisoned
          ? [ends(s, (k) => k.clear_hwpoisoned_pages(first, per_block))]
          : run(s, s.kernel.clear_hwpoisoned_pages(first, per_block)).events;
        expect(messages).toEqual(
          poisoned ? [expect.stringContaining(oops('clear_hwpoisoned_pages', s, first))] : [],
        );
      }
    },
  );

  test('a gigantic page is looked for in ranges whose pages are online', () => {
    const s = booted('v6.1', { ...X86, ram: [{ start: 0, size: 6 * G }] });
    const pfn = (4 * G) / 4096;
    s.state.pages.set(pfn + 512, pfn + 1024, NO_PAGE);
    expect(ends(s, (k) => k.alloc_gigantic_page(18, 0))).toContain('pfn_range_valid_gigantic: Oops: ');
  });

  test('without CONFIG_DEBUG_VM_PGFLAGS a poisoned page is of a node that does not exist', () => {
    for (const checked of [false, true]) {
      const s = booted('v6.1', { ...X86, debug_vm: true }, { debug_vm_pgflags: checked });
      must(s, { add: two });
      s.state.pages.set(first, first + 1, POISON_PAGE);
      const outcome = run(s, s.kernel.pfn_to_nid(first, 'get_nid_for_pfn'));
      expect([outcome.ended, outcome.value]).toEqual(
        checked ? ['bug', undefined] : ['returned', s.kernel.c.MAX_NUMNODES - 1],
      );
    }
  });
});
