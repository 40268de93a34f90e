import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { booted, cat, G, last, must, withOptions } from '../../../test/kit.ts';
import { parseMachineFile } from '../../machines/machine-file/machine-file.ts';
import { findRelease } from '../../releases/index.ts';
import { boot } from '../boot.ts';

const X86 = {
  arch: 'x86_64',
  ram: [
    { start: 0, size: '3G' },
    { start: '4G', size: '5G' },
  ],
};
const NODES = {
  arch: 'x86_64',
  ram: [
    { start: 0, size: '2G' },
    { start: '4G', size: '1G' },
    { start: '5G', size: '3G', node: 1 },
  ],
};
const ARM64 = {
  arch: 'arm64',
  ram: [
    { start: '1G', size: '2G' },
    { start: '8G', size: '4G', node: 1 },
  ],
};

const start = (machine: object, options: string, release = 'v6.1') =>
  booted(release, withOptions({ ...machine }, options));
const iomem = (machine: object, options: string): string[] =>
  cat(start(machine, options), '/proc/iomem')!.trim().split('\n');
/** Zones of RAM in MiB: node, name, start, span, present. */
const zones = (machine: object, options: string, release = 'v6.1') => {
  const { state } = start(machine, options, release);
  const mib = (pages: number): number => (pages * 4096) / 2 ** 20;
  return [...state.zone]
    .filter(([, { spanned_pages }]) => spanned_pages > 0)
    .map(([key, zone]) =>
      [
        Math.floor(key / 8),
        zone.name,
        mib(zone.zone_start_pfn),
        mib(zone.spanned_pages),
        mib(zone.present_pages),
      ].join(' '),
    );
};
const notes = (machine: object, options: string, release = 'v6.1') =>
  boot(
    parseMachineFile(stringify(withOptions({ ...machine }, options)), 'machine'),
    findRelease(release)!,
  ).notes.filter((note) => !note.startsWith('no release'));

describe('mem= and memmap= on x86-64', () => {
  test('mem= is the end of RAM, memmap=nn as well', () => {
    const cut = ['00000000-bfffffff : System RAM', '100000000-17fffffff : System RAM'];
    expect(iomem(X86, 'mem=6G')).toEqual(cut);
    expect(iomem(X86, 'memmap=6G')).toEqual(cut);
    expect(iomem(X86, 'mem=8G mem=6G')).toEqual(cut);
    expect(iomem(X86, 'mem=0x80000000')).toEqual(['00000000-7fffffff : System RAM']);
  });

  test('the firmware’s map does not change', () => {
    const { state } = start(X86, 'mem=1G memmap=64M$512M');
    expect(state.firmware_map).toEqual([
      { id: 0, start: 0, end: 3 * G - 1, type: 'System RAM' },
      { id: 1, start: 4 * G, end: 9 * G - 1, type: 'System RAM' },
    ]);
  });

  test('ranges become reserved, ACPI tables, or what the option says; several in one option', () => {
    expect(iomem(X86, 'memmap=64M#2G,16M$1G memmap=512M%8G-1+5')).toEqual([
      '00000000-3fffffff : System RAM',
      '40000000-40ffffff : Reserved',
      '41000000-7fffffff : System RAM',
      '80000000-83ffffff : ACPI Tables',
      '84000000-bfffffff : System RAM',
      '100000000-1ffffffff : System RAM',
      '200000000-21fffffff : Unusable memory',
      '220000000-23fffffff : System RAM',
    ]);
  });

  test('exactmap begins anew; a page that is RAM in part is none', () => {
    expect(iomem(X86, 'memmap=exactmap memmap=640K@0 memmap=1G@1M')).toEqual([
      '00000000-0009ffff : System RAM',
      '00100000-400fffff : System RAM',
    ]);
    expect(iomem(X86, 'memmap=1G%8')[0]).toBe('40001000-bfffffff : System RAM');
  });

  test('a range of type 12 is persistent memory, with struct pages, on the node of the RAM that it was', () => {
    const session = start(NODES, 'memmap=1G!6G memmap=1G!7G');
    const regions = [...session.state.nd_region.values()].map((r) => [
      r.start / G,
      r.size / G,
      r.nid,
      r.target_node,
    ]);
    expect(regions).toEqual([
      [6, 1, 1, 1],
      [7, 1, 1, 1],
    ]);
    expect(cat(session, '/proc/iomem')).toContain(
      '180000000-1bfffffff : Persistent Memory (legacy)\n  180000000-1bfffffff : namespace0.0\n',
    );
    expect(session.state.memory_block.has(48)).toBe(false);
  });

  test('RAM that the firmware does not know has no node: NUMA is off', () => {
    expect(notes(NODES, 'memmap=1G@16G')).toEqual([
      'NUMA: nodes only cover 6144MB of your 7168MB e820 RAM. Not used.',
    ]);
    expect(zones(NODES, 'memmap=1G@16G').map((zone) => zone[0])).toEqual(['0', '0', '0']);
  });

  test('what the kernel does not understand is said', () => {
    expect(notes(X86, 'mem=foo memmap=1Q,2G:1G numa=off')).toEqual([
      'boot option mem=foo is malformed: the kernel ignores it',
      'boot option memmap=1Q is malformed: the kernel ignores it',
      'boot option memmap=2G:1G is malformed: the kernel ignores it',
      'boot option numa=off is not modelled',
    ]);
    expect(iomem(X86, 'mem=foo memmap=1Q -- mem=1G').length).toBe(2);
  });

  test.each([
    ['v5.2', 'E2BIG'],
    ['v5.4', 'E2BIG'],
    ['v5.7', null],
    ['v7.2', null],
  ])('%s: hot-added memory above mem=: %s', (release, expected) => {
    const session = start(X86, 'mem=8G', release);
    const above = last(session, {
      add: { start: '10G', size: '128M', ...(expected && { expect: expected }) },
    });
    expect(above.failures).toEqual([]);
    must(session, { add: { start: '8064M', size: '128M', expect: 'EEXIST' } });
  });
});

describe('mem= on arm64', () => {
  test('is an amount of memory, from the lowest on; there is no memmap=', () => {
    expect(iomem(ARM64, 'mem=3G memmap=1G!8G')).toEqual([
      '40000000-bfffffff : System RAM',
      '200000000-23fffffff : System RAM',
    ]);
    expect(notes(ARM64, 'mem=3G memmap=1G!8G')).toEqual([
      'boot option memmap=1G!8G: arm64 has no such option',
    ]);
    expect(iomem(ARM64, 'mem=0').length).toBe(2);
  });
});

describe('kernelcore= and movablecore=', () => {
  test.each([
    ['', X86, ['0 DMA 0 16 16', '0 DMA32 16 4080 3056', '0 Normal 4096 5120 5120']],
    // the kernel zones below 4G are enough
    ['kernelcore=2G', X86, ['0 DMA 0 16 16', '0 DMA32 16 4080 3056', '0 Movable 4096 5120 5120']],
    [
      'kernelcore=5G',
      X86,
      ['0 DMA 0 16 16', '0 DMA32 16 4080 3056', '0 Normal 4096 2048 2048', '0 Movable 6144 3072 3072'],
    ],
    ['kernelcore=8G', X86, ['0 DMA 0 16 16', '0 DMA32 16 4080 3056', '0 Normal 4096 5120 5120']],
    [
      'movablecore=2G',
      X86,
      ['0 DMA 0 16 16', '0 DMA32 16 4080 3056', '0 Normal 4096 3072 3072', '0 Movable 7168 2048 2048'],
    ],
    // the larger of the two demands counts
    [
      'movablecore=2G kernelcore=3G',
      X86,
      ['0 DMA 0 16 16', '0 DMA32 16 4080 3056', '0 Normal 4096 3072 3072', '0 Movable 7168 2048 2048'],
    ],
    [
      'movablecore=50%',
      NODES,
      [
        '0 DMA 0 16 16',
        '0 DMA32 16 4080 2032',
        '0 Normal 4096 512 512',
        '0 Movable 4608 512 512',
        '1 Normal 5120 512 512',
        '1 Movable 5632 2560 2560',
      ],
    ],
    [
      'movablecore=1G',
      ARM64,
      ['0 DMA 1024 2048 2048', '1 Normal 8192 3072 3072', '1 Movable 11264 1024 1024'],
    ],
    ['movablecore=x', ARM64, ['0 DMA 1024 2048 2048', '1 Normal 8192 4096 4096']],
  ])('%s', (options, machine, expected) => {
    for (const release of ['v5.2', 'v6.1', 'v7.2'])
      expect(zones(machine, options, release).map((zone) => zone.replace('DMA32 1024', 'DMA 1024'))).toEqual(
        expected,
      );
  });

  test('mirror: what is not mirrored and lies above 4G is movable', () => {
    const mirrored = {
      ...NODES,
      ram: [
        { start: 0, size: '2G' },
        { start: '4G', size: '1G', mirrored: true },
        { start: '5G', size: '3G', node: 1 },
        { start: '8G', size: '1G', node: 0 },
      ],
    };
    const unmirrored = 'This configuration results in unmirrored kernel memory.';
    expect(notes(mirrored, 'kernelcore=mirror', 'v6.12')).toEqual([unmirrored]);
    expect(zones(mirrored, 'kernelcore=mirror', 'v6.12')).toEqual([
      '0 DMA 0 16 16',
      '0 DMA32 16 4080 2032',
      '0 Normal 4096 5120 1024',
      '0 Movable 8192 1024 1024',
      '1 Movable 5120 3072 3072',
    ]);
    expect(notes(X86, 'kernelcore=mirror')).toEqual([unmirrored]);
    expect(zones(X86, 'kernelcore=mirror').at(-1)).toBe('0 Movable 4096 5120 5120');
    expect(notes(X86, 'kernelcore=mirror', 'v6.12')).toEqual([
      'The system has no mirror memory, ignore kernelcore=mirror.',
    ]);
    expect(zones(X86, 'kernelcore=mirror', 'v6.12').at(-1)).toBe('0 Normal 4096 5120 5120');
  });

  test('movable_node: a node is movable from its first hot-pluggable memory on', () => {
    const machine = {
      ...NODES,
      ram: [
        { start: 0, size: '2G' },
        { start: '4G', size: '1G', node: 1 },
        { start: '5G', size: '1G', node: 1, hotpluggable: true },
        { start: '6G', size: '2G', node: 1 },
      ],
    };
    expect(zones(machine, 'movable_node kernelcore=1G')).toEqual([
      '0 DMA 0 16 16',
      '0 DMA32 16 2032 2032',
      '1 Normal 4096 1024 1024',
      '1 Movable 5120 3072 3072',
    ]);
  });
});
