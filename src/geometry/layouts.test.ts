import { describe, expect, it } from 'vitest';
import { mainline, releases } from '../releases/index.ts';
import { BadLayout, customLayout, type Layout, type Region, regionOf } from './layout.ts';
import { layout, layoutFamily } from './layouts.ts';
import { sharedTables } from './shared-tables.ts';
import { NoSuchGeometry, parseVa, translation, vaText } from './translation.ts';

const arm64 = (page: number, va: number, release: string): Layout =>
  layout(translation('arm64', page * 1024, va), release);

const texts = (numbers: readonly number[]): string[] => numbers.map(vaText);

/** "PUD" or "PMD PTE": the tables that two regions share. */
function shared(page: number, va: number, release: string, a: string, b: string): string {
  const t = translation('arm64', page * 1024, va);
  return sharedTables(t, layout(t, release))
    .filter(({ below, above }) => (below === a && above === b) || (below === b && above === a))
    .map((table) => `L${table.hardware_level}`)
    .join(' ');
}

describe('asm/memory.h and asm/pgtable.h of v5.2', () => {
  it.each<[number, number, string, string, string, string, string, number, string]>([
    [
      4,
      39,
      'ffffff8000000000',
      'ffffffc000000000',
      'ffffff8010000000',
      'ffffffbebfff0000',
      'ffffffbf00000000',
      32,
      '',
    ],
    [
      4,
      48,
      'ffff000000000000',
      'ffff800000000000',
      'ffff000010000000',
      'ffff7dffbfff0000',
      'ffff7e0000000000',
      41,
      '',
    ],
    [
      16,
      36,
      'fffffff000000000',
      'fffffff800000000',
      'fffffff010000000',
      'fffffff7f5ff0000',
      'fffffff7f8000000',
      27,
      '',
    ],
    [
      16,
      47,
      'ffff800000000000',
      'ffffc00000000000',
      'ffff800010000000',
      'ffffbfafffff0000',
      'ffffbfc000000000',
      38,
      '',
    ],
    [
      16,
      48,
      'ffff000000000000',
      'ffff800000000000',
      'ffff000010000000',
      'ffff7f6fffff0000',
      'ffff7f8000000000',
      39,
      'L1',
    ],
    [
      64,
      42,
      'fffffc0000000000',
      'fffffe0000000000',
      'fffffc0010000000',
      'fffffdff5fff0000',
      'fffffdff80000000',
      31,
      '',
    ],
    [
      64,
      48,
      'ffff000000000000',
      'ffff800000000000',
      'ffff000010000000',
      'ffff7bdfffff0000',
      'ffff7fe000000000',
      37,
      '',
    ],
  ])('%iK/%i', (page, va, vaStart, pageOffset, vmalloc, vmallocEnd, vmemmap, size, tables) => {
    const l = arm64(page, va, 'v5.2');
    expect(vaText(l.regions[0]!.start)).toBe(vaStart);
    expect(texts([l.PAGE_OFFSET, l.PAGE_END])).toEqual([pageOffset, '0000000000000000']);
    expect(texts([l.VMALLOC_START, l.VMALLOC_END])).toEqual([vmalloc, vmallocEnd]);
    expect(texts([l.VMEMMAP_START, l.VMEMMAP_END])).toEqual([vmemmap, pageOffset]);
    expect(l.VMEMMAP_END - l.VMEMMAP_START).toBe(2 ** size);
    expect(shared(page, va, 'v5.2', 'vmalloc', 'vmemmap')).toBe(tables);
  });
});

describe('asm/memory.h and asm/pgtable.h of v5.4', () => {
  // 64K/52: PAGE_END is that of 52 bits until v5.10 (_PAGE_END(vabits_actual)), that of 48 from v5.11 on
  it.each<[number, number, string, string, string, string, string, string]>([
    [4, 39, 'ffffff8000000000', 'ffffffc000000000', 'fffffffebfff0000', 'fffffffeffe00000', '', 'L2'],
    [4, 48, 'ffff000000000000', 'ffff800000000000', 'fffffdffbfff0000', 'fffffdffffe00000', 'L1', 'L1 L2'],
    [16, 36, 'fffffff000000000', 'fffffff800000000', 'fffffffff5ff0000', 'fffffffff7e00000', '', 'L3'],
    [16, 47, 'ffff800000000000', 'ffffc00000000000', 'ffffffafffff0000', 'ffffffbfffe00000', '', 'L2 L3'],
    [
      16,
      48,
      'ffff000000000000',
      'ffff800000000000',
      'ffffff6fffff0000',
      'ffffff7fffe00000',
      'L1',
      'L1 L2 L3',
    ],
    [64, 42, 'fffffc0000000000', 'fffffe0000000000', 'ffffffff5fff0000', 'ffffffff7fe00000', '', 'L3'],
    [64, 48, 'ffff000000000000', 'ffff800000000000', 'fffffbdfffff0000', 'ffffffdfffe00000', '', 'L2 L3'],
    [64, 52, 'fff0000000000000', 'fff8000000000000', 'fffff81fffff0000', 'fffffc1fffe00000', '', 'L2 L3'],
  ])('%iK/%i', (page, va, pageOffset, pageEnd, vmallocEnd, vmemmap, withVmalloc, withPci) => {
    const l = arm64(page, va, 'v5.4');
    expect(texts([l.PAGE_OFFSET, l.PAGE_END])).toEqual([pageOffset, pageEnd]);
    expect(vaText(l.VMALLOC_END)).toBe(vmallocEnd);
    expect(texts([l.VMEMMAP_START, l.VMEMMAP_END])).toEqual([vmemmap, 'ffffffffffe00000']);
    expect(shared(page, va, 'v5.4', 'vmalloc', 'vmemmap')).toBe(withVmalloc);
    expect(shared(page, va, 'v5.4', 'pci_io', 'vmemmap')).toBe(withPci);
  });

  it('4K shares with the fixmap what it shares with PCI I/O', () => {
    expect(shared(4, 39, 'v5.4', 'fixmap', 'vmemmap')).toBe('L2');
    expect(shared(4, 48, 'v5.4', 'fixmap', 'vmemmap')).toBe('L1 L2');
  });
});

describe('asm/memory.h and asm/pgtable.h of v6.1', () => {
  it.each<[number, number, string, string, string, string]>([
    [4, 39, 'fffffffdf0000000', 'fffffffe00000000', 'ffffffff00000000', ''],
    [4, 48, 'fffffbfff0000000', 'fffffc0000000000', 'fffffe0000000000', ''],
    [16, 36, 'ffffffffe0000000', 'fffffffff0000000', 'fffffffff8000000', ''],
    [16, 47, 'ffffff7ff0000000', 'ffffff8000000000', 'ffffffc000000000', ''],
    [16, 48, 'fffffefff0000000', 'ffffff0000000000', 'ffffff8000000000', 'L1'],
    [64, 42, 'fffffffef0000000', 'ffffffff00000000', 'ffffffff80000000', ''],
    [64, 48, 'ffffffbff0000000', 'ffffffc000000000', 'ffffffe000000000', 'L2'],
    [64, 52, 'fffffbfff0000000', 'fffffc0000000000', 'ffffffe000000000', ''],
  ])('%iK/%i', (page, va, vmallocEnd, vmemmap, vmemmapEnd, tables) => {
    const l = arm64(page, va, 'v6.1');
    expect(vaText(l.PAGE_OFFSET)).toBe(vaText(-(2 ** va)));
    expect(vaText(l.PAGE_END)).toBe(vaText(-(2 ** (Math.min(va, 48) - 1))));
    expect(l.VMALLOC_START).toBe(l.PAGE_END + 2 ** 27);
    expect(texts([l.VMALLOC_END, l.VMEMMAP_START, l.VMEMMAP_END])).toEqual([vmallocEnd, vmemmap, vmemmapEnd]);
    expect(shared(page, va, 'v6.1', 'vmalloc', 'vmemmap')).toBe(tables);
  });
});

it('the linear map shares no table with anything, in any layout', () => {
  const shapes: [number, number][] = [
    [4, 39],
    [4, 48],
    [16, 36],
    [16, 47],
    [16, 48],
    [64, 42],
    [64, 48],
  ];
  for (const [page, va] of shapes) {
    for (const family of ['v5.2', 'v5.4', 'v6.1', 'v6.9']) {
      const t = translation('arm64', page * 1024, va);
      const tables = sharedTables(t, layout(t, family));
      const withLinear = tables.filter((table) => [table.below, table.above].includes('linear'));
      expect(withLinear, `${page}K/${va} ${family}`).toEqual([]);
    }
  }
});

it('with LPA2 PAGE_END is inside a root entry: the linear map shares tables with the modules', () => {
  expect(shared(4, 52, 'v6.12', 'linear', 'modules')).toBe('L0');
  expect(shared(16, 52, 'v6.12', 'linear', 'modules')).toBe('L1');
  expect(shared(64, 52, 'v6.12', 'linear', 'modules')).toBe('');
});

/**
 * The layouts that the recorded kernel_page_tables show: a marker is printed at the first entry at or after its
 * address.
 */
describe('recorded layouts', () => {
  it.each<[number, number, string, Record<string, [string, string]>]>([
    [
      4,
      48,
      'v5.10',
      {
        linear: ['ffff000000000000', 'ffff800000000000'],
        bpf: ['ffff800000000000', 'ffff800008000000'],
        modules: ['ffff800008000000', 'ffff800010000000'],
        fixmap: ['fffffdfffe5f9000', 'fffffdfffea00000'],
        pci_io: ['fffffdfffec00000', 'fffffdffffc00000'],
        vmemmap: ['fffffdffffe00000', 'ffffffffffe00000'],
      },
    ],
    [
      4,
      48,
      'v6.1',
      {
        linear: ['ffff000000000000', 'ffff800000000000'],
        modules: ['ffff800000000000', 'ffff800008000000'],
        vmalloc: ['ffff800008000000', 'fffffbfff0000000'],
        fixmap: ['fffffbfffdbfa000', 'fffffbfffe000000'],
        pci_io: ['fffffbfffe800000', 'fffffbffff800000'],
        vmemmap: ['fffffc0000000000', 'fffffe0000000000'],
      },
    ],
    [
      16,
      47,
      'v6.1',
      {
        linear: ['ffff800000000000', 'ffffc00000000000'],
        modules: ['ffffc00000000000', 'ffffc00008000000'],
        vmalloc: ['ffffc00008000000', 'ffffff7ff0000000'],
        fixmap: ['ffffff7ffdbe8000', 'ffffff7ffe000000'],
        pci_io: ['ffffff7ffe800000', 'ffffff7fff800000'],
        vmemmap: ['ffffff8000000000', 'ffffffc000000000'],
      },
    ],
    [
      64,
      48,
      'v6.1',
      {
        linear: ['ffff000000000000', 'ffff800000000000'],
        modules: ['ffff800000000000', 'ffff800008000000'],
        vmalloc: ['ffff800008000000', 'ffffffbff0000000'],
        fixmap: ['ffffffbffdba0000', 'ffffffbffe000000'],
        pci_io: ['ffffffbffe800000', 'ffffffbfff800000'],
        vmemmap: ['ffffffc000000000', 'ffffffe000000000'],
      },
    ],
    [
      4,
      48,
      'v7.2',
      {
        linear: ['ffff000000000000', 'ffff800000000000'],
        modules: ['ffff800000000000', 'ffff800080000000'],
        vmemmap: ['fffffdffc0000000', 'ffffffffc0000000'],
        pci_io: ['ffffffffc0800000', 'ffffffffc1800000'],
        fixmap: ['ffffffffff42c000', 'ffffffffff800000'],
      },
    ],
  ])('%iK/%i %s', (page, va, release, regions) => {
    const l = arm64(page, va, release);
    for (const [name, range] of Object.entries(regions)) {
      const { start, end } = regionOf(l, name)!;
      expect([name, ...texts([start, end])]).toEqual([name, ...range]);
    }
  });
});

describe('52-bit kernel addresses', () => {
  it('with LPA2 leave what the smallest hardware needs', () => {
    const l4 = arm64(4, 52, 'v6.12');
    expect(texts([l4.PAGE_OFFSET, l4.PAGE_END])).toEqual(['fff0000000000000', 'ffff800000000000']);
    expect(texts([l4.VMEMMAP_START, l4.VMEMMAP_END])).toEqual(['ffffc1ffc0000000', 'ffffffffc0000000']);
    const l16 = arm64(16, 52, 'v7.2');
    expect(texts([l16.PAGE_OFFSET, l16.PAGE_END])).toEqual(['fff0000000000000', 'ffffc00000000000']);
    expect(l16.VMEMMAP_END - l16.VMEMMAP_START).toBe((2 ** 52 - 2 ** 46) / 256);
  });

  it.each<[number, string, string]>([
    [64, 'v5.3', 'v5.3 on arm64 has no 52-bit kernel addresses with pages of 64K: they came with v5.4'],
    [4, 'v6.1', 'v6.1 on arm64 has no 52-bit kernel addresses with pages of 4K: they came with v6.9'],
    [16, 'v5.10', 'v5.10 on arm64 has no 52-bit kernel addresses with pages of 16K: they came with v6.9'],
  ])('%iK on %s are refused by name', (page, release, message) => {
    expect(() => arm64(page, 52, release)).toThrow(new NoSuchGeometry(message));
  });
});

describe('families', () => {
  it('by version are those the releases say they have', () => {
    for (const { name, constants } of mainline) expect(layoutFamily(name), name).toBe(constants.layout);
  });

  it.each([
    [
      'v5.2',
      ['arm64-v6-base', 'arm64-v6', 'arm64-v5', 'option-1', 'option-4', 'pg-reserved-v5.3', 'arm64-v6-B36'],
    ],
    ['v5.4', ['pg-reserved', 'pg-reserved-v1', 'pg-reserved-base']],
  ])('%s of series', (family, names) => {
    expect(names.map((name) => releases.get(name)?.constants.layout)).toEqual(names.map(() => family));
  });

  it.each([
    ['v5.2', ['v5.2', 'v5.3', 'v5.2-B33b']],
    ['v5.4', ['v5.4', 'v5.4-B80', 'v5.7', 'v5.10', '5.10.223']],
    ['v6.1', ['v5.11', 'v6.1', '6.1.0-56-arm64', 'v6.4']],
    ['v6.5', ['v6.5', 'v6.6', '6.6.87', 'v6.8']],
    ['v6.9', ['v6.9', 'v6.12', 'v7.2', '7.2.13']],
    [undefined, ['v5.1', 'v4.19', '', 'arm64-v6', 'S3', 'constructor', 'v', 'v6', 'mainline']],
  ])('%s', (family, names) => {
    expect(names.map(layoutFamily)).toEqual(names.map(() => family));
  });

  it('are asked for by name', () => {
    expect(() => arm64(4, 48, 'v4.0')).toThrow(new NoSuchGeometry('no layout is known for "v4.0"'));
  });
});

describe('x86-64', () => {
  it.each<[number, string[]]>([
    [48, ['ffff888000000000', 'ffffc90000000000', 'ffffe90000000000', 'ffffea0000000000']],
    [57, ['ff11000000000000', 'ffa0000000000000', 'ffd2000000000000', 'ffd4000000000000']],
  ])('%i bits', (va, bases) => {
    const t = translation('x86_64', 4096, va);
    const l = layout(t, 'v6.1');
    expect(texts([l.PAGE_OFFSET, l.VMALLOC_START, l.VMALLOC_END, l.VMEMMAP_START])).toEqual(bases);
    expect(sharedTables(t, l).map(({ below, above, level }) => `${below} ${above} ${level}`)).toEqual(
      va === 48 ? ['kernel modules PUD'] : ['kernel modules P4D', 'kernel modules PUD'],
    );
  });
});

describe('a custom layout', () => {
  const t = translation('arm64', 4096, 48);
  const at = (name: string, start: string, end: string): Region => ({
    name,
    start: parseVa(start),
    end: parseVa(end),
  });
  const linear = at('linear', 'ffff000000000000', 'ffff008000000000');
  const vmalloc = at('vmalloc', 'ffff800000000000', 'ffff800000100000');
  const vmemmap = at('vmemmap', 'ffff800000100000', 'ffff800200100000');

  it('may have a table of PTEs that vmalloc and vmemmap share, with nothing else in it', () => {
    const l = customLayout(t, [vmemmap, vmalloc, linear]);
    expect(l.regions.map(({ name }) => name)).toEqual(['linear', 'vmalloc', 'vmemmap']);
    expect(sharedTables(t, l).map(({ level, start }) => `${level} ${vaText(start)}`)).toEqual([
      'PUD ffff800000000000',
      'PMD ffff800000000000',
      'PTE ffff800000000000',
    ]);
  });

  it.each<[Region[], string]>([
    [
      [linear, at('vmalloc', 'ffff800000000000', 'ffff800000101000'), vmemmap],
      'vmalloc (ffff800000000000-ffff800000101000) and vmemmap (ffff800000100000-ffff800200100000) overlap',
    ],
    [
      [linear, at('vmalloc', 'ffff800000000800', 'ffff800000100000'), vmemmap],
      'vmalloc (ffff800000000800-ffff800000100000) is not whole pages of 4K',
    ],
    [
      [at('linear', 'fffe000000000000', 'ffff000000000000'), vmalloc, vmemmap],
      'linear (fffe000000000000-ffff000000000000) is not canonical: kernel addresses of 48 bits start at ffff000000000000',
    ],
    [
      [linear, at('vmalloc', '0000000000000000', '0000000000001000'), vmemmap],
      'vmalloc (0000000000000000-0000000000001000) is not canonical: kernel addresses of 48 bits start at ffff000000000000',
    ],
    [
      [linear, at('vmalloc', 'ffff800000100000', 'ffff800000100000'), vmemmap],
      'vmalloc (ffff800000100000-ffff800000100000) is empty',
    ],
    [[linear, vmalloc], 'there is no region vmemmap'],
    [
      [linear, vmalloc, vmemmap, at('linear', 'ffff900000000000', 'ffff900000001000')],
      'linear appears twice',
    ],
    [
      [linear, vmalloc, at('vmemmap', 'ffff800000100000', 'ffff800200000000')],
      'vmemmap (ffff800000100000-ffff800200000000) is too small for the struct pages of linear (ffff000000000000-ffff008000000000): 0x200000000 bytes',
    ],
    [
      [linear, vmalloc, vmemmap, at('PCI I/O', 'ffff900000000000', 'ffff900000001000')],
      '"PCI I/O" is not a name for a region',
    ],
  ])('is refused by name: %#', (regions, message) => {
    expect(() => customLayout(t, regions)).toThrow(new BadLayout(message));
  });
});
