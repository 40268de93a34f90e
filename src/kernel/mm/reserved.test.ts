import { describe, expect, test } from 'vitest';
import { ARM64, booted, G, M, type MachineObject, must, X86 } from '../../../test/kit.ts';
import { boot } from '../../boot/boot.ts';
import { findRelease } from '../../releases/index.ts';
import { kinds, layOut, machine } from '../../scenarios/reserved/kinds.ts';
import { Session } from '../../scenarios/running/session.ts';
import { MEMMAP, PageOffline, PageReserved, page_memmap } from './page.ts';

/** PG_reserved from boot to removal, for every kind of page and release. */

const RELEASES = [
  'v5.2',
  'v5.3',
  'v5.4',
  'v5.7',
  'v5.10',
  'v6.1',
  'v6.12',
  'v7.2',
  'pg-reserved-base',
  'pg-reserved',
];

/** The releases for which it is true. */
const where = (is: (release: string) => boolean): string[] => RELEASES.filter(is);
const ALL = where(() => true);

/** Whether the page at an address is PG_reserved. */
const reserved = ({ state, kernel }: Session, phys: number): boolean =>
  PageReserved(state.pages.get(phys / kernel.c.PAGE_SIZE));

const DIMM = { start: 4 * G, size: 128 * M };
const plugged = (release: string, more: MachineObject = {}, ...steps: object[]): Session => {
  const session = booted(release, { ...X86, ...more });
  must(session, { add: DIMM }, ...steps);
  return session;
};

describe('boot memory', () => {
  const iomem = [
    { depth: 0, start: 0, end: 2 * G - 1, name: 'System RAM' },
    { depth: 1, start: 256 * M, end: 272 * M - 1, name: 'Kernel code' },
  ];
  const kernel = (release: string) =>
    new Session(
      boot({ ...machine(false), ram: [{ start: 0, size: 2 * G, nid: 0 }], iomem }, findRelease(release)!),
    );

  test('RAM in the buddy: never', () => {
    expect(where((release) => reserved(kernel(release), 512 * M))).toEqual([]);
  });

  test('what memblock has reserved: always', () => {
    expect(where((release) => reserved(kernel(release), 256 * M))).toEqual(ALL);
  });

  test('a hole with a memmap: since v5.10', () => {
    const holes = [{ start: G + 16 * M, size: 16 * M }];
    expect(where((release) => reserved(booted(release, { ...X86, holes }), G + 16 * M))).toEqual([
      ...['v5.10', 'v6.1', 'v6.12', 'v7.2'],
    ]);
  });

  test('the same on arm64, while memblock decides: only where the pageblock starts with RAM', () => {
    const holes = [{ start: G + 17 * M, size: 16 * M }];
    const hole = (release: string, offset: number, debug_vm = false) => {
      const { state, kernel } = booted(release, { ...ARM64, holes, debug_vm });
      return state.pages.get((G + offset) / kernel.c.PAGE_SIZE);
    };
    const set = (offset: number) => where((release) => PageReserved(hole(release, offset)));
    expect(set(17 * M)).toEqual(['v5.10', 'v6.1', 'v6.12', 'v7.2']);
    expect(set(20 * M)).toEqual(['v6.1', 'v6.12', 'v7.2']);
    const raw = where((release) => page_memmap(hole(release, 20 * M, true)) === MEMMAP.POISON);
    expect(raw).toEqual(['v5.2', 'v5.3', 'v5.4', 'v5.7', 'v5.10', 'pg-reserved-base', 'pg-reserved']);
  });

  test('no memmap, no bit', () => {
    expect(where((release) => reserved(kernel(release), 3 * G))).toEqual([]);
  });
});

describe('hot-added memory', () => {
  test('never onlined: the struct page is nobody’s, zeroes in a plain build, poison with CONFIG_DEBUG_VM', () => {
    expect(where((release) => reserved(plugged(release), DIMM.start))).toEqual([]);
    const memmap = (release: string, debug_vm: boolean) =>
      page_memmap(plugged(release, { debug_vm }).state.pages.get(DIMM.start / 4096));
    expect(where((release) => memmap(release, false) === MEMMAP.ZERO)).toEqual(ALL);
    expect(where((release) => memmap(release, true) === MEMMAP.POISON)).toEqual(ALL);
  });

  test('being onlined: set, until PageOffline took its place (v6.11) or the RFC did without', () => {
    const vetoed = (release: string) => {
      const session = plugged(release);
      session.state.vars.get(0)!.notifier_error = { MEM_GOING_ONLINE: -12 };
      session.write('/sys/devices/system/memory/memory32/state', 'online');
      // a veto leaves the bits as they are at that moment; after v5.3 the memmap is disowned
      return reserved(session, DIMM.start);
    };
    expect(where(vetoed)).toEqual(['v5.2', 'v5.3', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'pg-reserved-base']);
  });

  test('online: cleared', () => {
    expect(where((release) => reserved(plugged(release, {}, { online: 32 }), DIMM.start))).toEqual([]);
  });

  test.each(['pg-reserved-unconverted', ...RELEASES])('withheld by a balloon driver, %s', (release) => {
    const hv = booted(release, { ...X86, hypervisor: 'hyperv' });
    must(hv, { hv_hot_add: { ...DIMM, backed: '64M' } }, { online: 32 });
    const xen = plugged(release, { hypervisor: 'xen' }, { online: 32 });
    const kept = !['pg-reserved-unconverted', 'v6.12', 'v7.2'].includes(release);
    expect(reserved(hv, DIMM.start)).toBe(false);
    expect(reserved(hv, DIMM.start + 64 * M)).toBe(kept);
    expect(reserved(xen, DIMM.start)).toBe(kept);
    for (const [session, phys] of [
      [hv, DIMM.start + 64 * M],
      [xen, DIMM.start],
    ] as const)
      expect(PageOffline(session.state.pages.get(phys / 4096))).toBe(true);
    const zone = [...hv.state.zone.values()].find(
      ({ zone_start_pfn }) => zone_start_pfn === DIMM.start / 4096,
    );
    expect([zone?.present_pages, zone?.managed_pages]).toEqual([32768, 16384]);
  });

  test('offline again: set until v5.4, and then the memmap is disowned', () => {
    const offlined = (release: string, debug_vm = false) =>
      plugged(release, { debug_vm }, { online_movable: 32 }, { offline: 32 });
    expect(where((release) => reserved(offlined(release), DIMM.start))).toEqual([
      ...['v5.2', 'v5.3', 'v5.4', 'pg-reserved-base'],
    ]);
    const poisoned = (release: string) =>
      page_memmap(offlined(release, true).state.pages.get(DIMM.start / 4096)) === MEMMAP.POISON;
    expect(where((release) => !poisoned(release))).toEqual(['v5.2', 'v5.3']);
  });

  test('hwpoison in a block that went offline: set until v5.4', () => {
    const offlined = (release: string) => {
      const session = plugged(
        release,
        {},
        { online_movable: 32 },
        { use: { start: DIMM.start, size: '4K', as: 'hwpoison' } },
      );
      must(session, { offline: { blocks: 32, expect: 'any' } });
      return session;
    };
    expect(where((release) => reserved(offlined(release), DIMM.start))).toEqual([
      ...['v5.2', 'v5.3', 'v5.4', 'pg-reserved-base'],
    ]);
  });
});

describe('device memory', () => {
  test('set for ever, but for the RFC', () => {
    const device = (release: string) => {
      const session = new Session(boot(machine(false), findRelease(release)!));
      const places = layOut(session);
      return (['E', 'F'] as const).every((kind) =>
        PageReserved(session.state.pages.get(places[kind]!.pfn + places[kind]!.nr_pages - 1)),
      );
    };
    expect(where(device)).toEqual(ALL.filter((release) => release !== 'pg-reserved'));
  });

  test('every kind of page has a name', () => {
    expect(Object.keys(kinds).join('')).toBe('ABCDEFGHMZX');
  });
});

describe('blocks with holes', () => {
  // the hole lies inside a pageblock of memory32
  const machine = {
    arch: 'x86_64',
    boot_options: 'movable_node',
    ram: [
      { start: 0, size: 2 * G },
      { start: 4 * G, size: 256 * M, node: 1, hotpluggable: true },
    ],
    holes: [{ start: 0x1002bc000, size: 4096 }],
    nodes: [{ node: 0, cpus: '0' }, { node: 1 }],
  };
  const offline = (release: string) =>
    booted(release, machine).write('/sys/devices/system/memory/memory32/state', 'offline').errno;

  test('go offline before the RFC, and neither offline nor back online with it', () => {
    expect(where((release) => offline(release) === null)).toEqual([
      'v5.2',
      'v5.3',
      'v5.4',
      'pg-reserved-base',
    ]);
    expect(where((release) => offline(release) === 'EINVAL')).toEqual([
      ...['v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2', 'pg-reserved'],
    ]);
  });
});
