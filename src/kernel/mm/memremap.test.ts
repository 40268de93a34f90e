import { describe, expect, test } from 'vitest';
import { ARM64, booted, G, last, M, must, play, run, X86 } from '../../../test/kit.ts';
import { violations } from '../../monitors/hotplug/index.ts';
import { PageReserved, page_memmap, page_nid, page_zonenum } from './page.ts';
import { vmem_altmap_alloc } from './page_alloc/alloc_pages.ts';

const page = (session: ReturnType<typeof booted>, at: number) => {
  const value = session.state.pages.get(at / 4096);
  const zone = session.kernel.c.zones[page_zonenum(value)];
  return { memmap: page_memmap(value), nid: page_nid(value), zone, reserved: PageReserved(value) };
};
const DEVICE = { memmap: 3, nid: 1, zone: 'Device', reserved: true };
const ranges = (session: ReturnType<typeof booted>, nr: number): string =>
  (session.state.mem_section.get(nr)?.subsection_map ?? []).map((w) => (w >>> 0).toString(16)).join();

describe('memremap_pages', () => {
  test('two ranges in one section: its map, its taint, pages of ZONE_DEVICE, and nothing left of either', () => {
    const s = booted('v6.1', X86);
    must(s, { memremap: { start: 5 * G, size: 32 * M, node: 1 } });
    must(s, { memremap: { start: 5 * G + 64 * M, size: 64 * M, node: 1 } });
    expect(ranges(s, 40)).toBe('ffff,ffffffff');
    expect(s.state.mem_section.get(40)!.section_mem_map & 16).toBe(16);
    expect(page(s, 5 * G)).toEqual(DEVICE);
    expect(page(s, 5 * G + 32 * M).memmap).toBe(0);
    must(s, { memunmap: { start: 5 * G, size: 32 * M } });
    expect(ranges(s, 40)).toBe('0,ffffffff');
    must(s, { memunmap: { start: 5 * G + 64 * M, size: 64 * M } });
    expect(s.state.mem_section.get(40)!.section_mem_map).toBe(0);
    expect(s.state.dev_pagemap.size).toBe(0);
  });

  test('RAM in the way: -ENXIO; another pagemap: -ENOMEM', () => {
    const s = booted('v6.1', X86);
    expect(last(s, { memremap: { start: G, size: 32 * M, expect: 'ENXIO' } }).result).toBe('ENXIO');
    must(s, { memremap: { start: 5 * G, size: 32 * M } });
    const again = play(s, { memremap: { start: 5 * G + 2 * M, size: 4 * M, expect: 'ENOMEM' } })[0]!;
    expect(again.messages).toEqual(['WARNING at pagemap_range: Conflicting mapping in same section']);
  });

  test.each([
    [
      'v5.2',
      'devm_memremap_pages',
      'devm_memremap_pages attempted on ram region [mem 0x40000000-0x47ffffff flags 0x200]',
    ],
    [
      'v5.3',
      'devm_memremap_pages',
      'devm_memremap_pages attempted on ram region [mem 0x40000000-0x47ffffff flags 0x200]',
    ],
    [
      'v5.4',
      'memremap_pages',
      'memremap_pages attempted on ram region [mem 0x40000000-0x47ffffff flags 0x200]',
    ],
    [
      'v5.7',
      'memremap_pages',
      'memremap_pages attempted on ram region [mem 0x40000000-0x47ffffff flags 0x200]',
    ],
    ['v5.10', 'pagemap_range', 'attempted on ram region 0x40000000-0x47ffffff'],
    ['v6.12', 'pagemap_range', 'attempted on ram region 0x40000000-0x47ffffff'],
    ['v7.2', 'pagemap_range', 'attempted on ram region 0x40000000-0x47ffffff'],
  ])('%s: which function warns, and how it names the range', (release, where, text) => {
    const s = booted(release, X86);
    const memremap = { start: G, size: 128 * M, expect: 'any' };
    expect(play(s, { memremap })[0]!.messages).toEqual([`WARNING at ${where}: ${text}`]);
    must(s, { memremap: { start: 5 * G, size: 128 * M } });
    expect(play(s, { memremap: { ...memremap, start: 5 * G } })[0]!.messages).toEqual([
      `WARNING at ${where}: Conflicting mapping in same section`,
    ]);
  });

  test('an altmap serves whole sections, its reserve stays uninitialised, and it is empty in the end', () => {
    const s = booted('v6.1', X86);
    const nvdimm = { region: 0, start: 5 * G, size: 256 * M, node: 1 };
    must(s, { nvdimm }, { ndctl: 'create-namespace -r region0 -m fsdax -M dev' });
    const [map] = s.state.dev_pagemap.values();
    expect(map!.altmap).toMatchObject({ reserve: 2, alloc: 1024, align: 510 });
    expect(page(s, 5 * G)).toMatchObject({ memmap: 1, reserved: false });
    expect(page(s, 5 * G + 8192)).toEqual(DEVICE);
    must(s, { ndctl: 'destroy-namespace -r region0 -f all' });
    expect(s.state.dev_pagemap.size).toBe(0);
  });

  test('device memory raises max_pfn until 6.1.192, private memory never has blocks', () => {
    const end = (release: string): number => {
      const s = booted(release, X86);
      must(s, { memremap: { start: 5 * G, size: 128 * M, as: 'private' } });
      expect(s.state.memory_block.has(40)).toBe(false);
      return s.state.vars.get(0)!.max_pfn;
    };
    expect(end('v5.2')).toBe((5 * G + 128 * M) / 4096);
    expect(end('v6.1')).toBe((2 * G) / 4096);
  });
});

test('positions of an altmap', () => {
  const altmap = { base_pfn: 0x1000, reserve: 2, free: 1024, align: 0, alloc: 0 };
  expect(vmem_altmap_alloc(altmap, 512)).toBe(0x1200);
  expect(vmem_altmap_alloc(altmap, 1)).toBe(0x1400);
  expect(vmem_altmap_alloc(altmap, 2)).toBe(-1);
  expect(altmap).toMatchObject({ alloc: 513, align: 510 });
});

test('private memory is not in the linear map, and need not be', () => {
  const s = booted('v6.1', ARM64);
  const memory = { start: 16 * G, size: G };
  must(s, { memremap: { ...memory, as: 'private' } });
  expect(violations(s.state, s.kernel.c)).toEqual([]);
  must(s, { memunmap: memory }, { memremap: memory });
  expect(violations(s.state, s.kernel.c)).toEqual([]);
});

test('a seed that has no size is no namespace to set up again', () => {
  const s = booted('v6.1', X86);
  must(s, { nvdimm: { region: 0, start: 5 * G, size: 512 * M, node: 2 } });
  must(s, { ndctl: { run: 'create-namespace -e namespace0.0 -m devdax -f', expect: 'EAGAIN' } });
});

test('kmem takes whole blocks, and nothing of what has none', () => {
  const s = booted('v6.1', X86);
  must(
    s,
    { nvdimm: { region: 0, start: 5 * G, size: 512 * M, node: 2 } },
    { nvdimm: { region: 1, start: 6 * G - 128 * M, size: 192 * M, node: 2 } },
    { ndctl: 'create-namespace -r region0 -m devdax -M mem -a 2M' },
    { ndctl: 'create-namespace -r region1 -m devdax -M mem -a 2M' },
    { daxctl: 'reconfigure-device -m system-ram dax0.0' },
  );
  expect([...s.state.memory_block.keys()].filter((id) => id >= 40)).toEqual([41, 42, 43]);
  const small = play(s, {
    daxctl: { run: 'reconfigure-device -N -m system-ram dax1.0', expect: 'EINVAL' },
  })[0]!;
  expect(small.messages[0]).toContain('too small after alignment');
  must(s, { daxctl: 'reconfigure-device -f -m devdax dax0.0' });
  expect([...s.state.memory_block.keys()].some((id) => id >= 40)).toBe(false);
  expect(run(s, s.kernel.get_dev_pagemap((5 * G) / 4096)).value).toBeGreaterThan(0);
});

describe('memory carved out of RAM', () => {
  const without = (size: number) => ({
    ...X86,
    ram: [
      { start: 0, size: G },
      { start: G + size, size: G - size },
    ],
  });

  test('disabled, its sub-sections go; memmap, taint and stale struct pages stay', () => {
    const s = booted('v6.1', without(64 * M));
    must(s, { nvdimm: { region: 0, start: G, size: 64 * M, carved: true } });
    expect(page(s, G)).toEqual({ ...DEVICE, nid: 0 });
    expect(ranges(s, 8)).toBe('ffffffff,ffffffff');
    must(s, { ndctl: 'disable-namespace namespace0.0' });
    expect(ranges(s, 8)).toBe('0,ffffffff');
    expect(s.state.mem_section.get(8)!.section_mem_map & 16).toBe(16);
    expect(page(s, G)).toMatchObject({ zone: 'Device', reserved: true });
  });

  test('aligned to 1M only: refused', () => {
    const s = booted('v6.1', without(65 * M));
    must(s, { nvdimm: { region: 0, start: G, size: 65 * M, carved: true } });
    const enable = { run: 'enable-namespace namespace0.0', expect: 'EOPNOTSUPP' };
    expect(play(s, { ndctl: enable })[0]!.messages[0]).toContain('misaligned, unable to map');
  });
});
