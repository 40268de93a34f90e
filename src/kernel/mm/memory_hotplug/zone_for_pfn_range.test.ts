import { describe, expect, test } from 'vitest';
import {
  booted,
  cat,
  G,
  M,
  type MachineObject,
  memory,
  must,
  run,
  withOptions,
  X86,
} from '../../../../test/kit.ts';
import type { Session } from '../../../scenarios/running/session.ts';
import { MMOP_ONLINE, MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE, zone_idx, zone_to_nid } from '../../state.ts';

const zone_of = (session: Session, type: number, nid: number, group: number, pfn: number): string => {
  const zone = run(session, session.kernel.zone_for_pfn_range(type, nid, group, pfn, 32768)).value!;
  expect(zone_to_nid(zone)).toBe(nid);
  return session.kernel.c.zones[zone_idx(zone)]!;
};
const PARAMETERS = '/sys/module/memory_hotplug/parameters';
const set = (name: string, value: string | number) => ({
  write: { path: `${PARAMETERS}/${name}`, value: String(value) },
});

describe('contig-zones: what a range lies in decides', () => {
  /** Node 1: blocks 40 to 43, the named ones online. */
  const four = (
    release: string,
    kernel: readonly number[],
    movable: readonly number[],
    machine: MachineObject = X86,
  ) => {
    const session = booted(release, machine);
    must(
      session,
      { add: { start: '5G', size: '512M', node: 1 } },
      ...kernel.map((blocks) => ({ online_kernel: blocks })),
      ...movable.map((blocks) => ({ online_movable: blocks })),
    );
    return session;
  };
  const releases = ['v5.2', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'];

  test.each([
    ['no zone spans it', [], [], 'Normal', 'Movable'],
    ['between two kernel blocks', [40, 42], [], 'Normal', 'Normal'],
    ['between two movable blocks', [], [40, 42], 'Movable', 'Movable'],
    ['beside movable memory', [], [42], 'Normal', 'Movable'],
    ['in both spans', [40, 43], [42], 'Normal', 'Normal'],
  ])('%s', (_, kernel, movable, plain, movable_node) => {
    for (const release of releases) {
      const session = four(release, kernel, movable);
      const at = 41 * 32768;
      expect([release, zone_of(session, MMOP_ONLINE, 1, 0, at)]).toEqual([release, plain]);
      expect(zone_of(session, MMOP_ONLINE_KERNEL, 1, 0, at)).toBe('Normal');
      expect(zone_of(session, MMOP_ONLINE_MOVABLE, 1, 0, at)).toBe('Movable');
      const other = four(release, kernel, movable, withOptions(X86, 'movable_node'));
      expect([release, zone_of(other, MMOP_ONLINE, 1, 0, at)]).toEqual([release, movable_node]);
    }
  });

  test('both spans: movable_node decides', () => {
    // kernel 40 and 42, movable 41 and 43: both zones span 41 and 42
    const plain = four('v6.1', [40, 42], [41, 43]);
    expect(zone_of(plain, MMOP_ONLINE, 1, 0, 41 * 32768)).toBe('Normal');
    const movable = four('v6.1', [40, 42], [41, 43], withOptions(X86, 'movable_node'));
    expect(zone_of(movable, MMOP_ONLINE, 1, 0, 41 * 32768)).toBe('Movable');
  });

  test('a lower kernel zone is taken where the range lies in its span', () => {
    const machine = {
      arch: 'x86_64',
      ram: [
        { start: 0, size: '1G' },
        { start: '2G', size: '1G' },
        { start: '4G', size: '1G' },
      ],
    };
    const session = booted('v6.1', machine);
    expect(zone_of(session, MMOP_ONLINE, 0, 0, (G + 512 * M) / 4096)).toBe('DMA32');
    expect(zone_of(session, MMOP_ONLINE, 0, 0, (3 * G + 512 * M) / 4096)).toBe('DMA32');
    expect(zone_of(session, MMOP_ONLINE, 0, 0, (6 * G) / 4096)).toBe('Normal');
  });

  test('valid_zones names the default first, then what else there is', () => {
    const session = four('v6.1', [40], [42]);
    const zones = (id: number) => cat(session, memory(id, 'valid_zones'));
    expect([40, 41, 42, 43].map(zones)).toEqual([
      'Normal\n',
      'Normal Movable\n',
      'Movable\n',
      'Normal Movable\n',
    ]);
    const inside = four('v6.1', [], [40, 42]);
    expect(cat(inside, memory(41, 'valid_zones'))).toBe('Movable Normal\n');
  });
});

describe('the pfn was an unsigned of 32 bits until v5.14, and its stable back-ports (B63)', () => {
  const at = 2 ** 44 + 5 * G;
  const node1 = {
    ...X86,
    ram: [
      { start: 0, size: '2G' },
      { start: '5G', size: '128M', node: 1 },
    ],
  };
  test.each([
    ['v5.2', 'Normal'],
    ['v5.7', 'Normal'],
    ['v5.10', 'Movable'],
    ['v6.1', 'Movable'],
    ['v7.2', 'Movable'],
  ])('%s takes a block at 16T + 5G for one in %s', (release, zone) => {
    const session = booted(release, withOptions(node1, 'movable_node'));
    expect(zone_of(session, MMOP_ONLINE, 1, 0, at / 4096)).toBe(zone);
  });
});

describe('auto-movable (v5.15+)', () => {
  const auto = (ratio: number, aware = 'Y') => [
    set('online_policy', 'auto-movable'),
    set('auto_movable_ratio', ratio),
    set('auto_movable_numa_aware', aware),
  ];
  /** 2G of early kernel pages on node 0. */
  const one_node = {
    arch: 'x86_64',
    ram: [{ start: 0, size: '2G' }],
    nodes: [{ node: 0, cpus: '0' }, { node: 1 }],
  };
  const zones = (session: Session, first: number, n: number): string[] =>
    Array.from({ length: n }, (_, i) => cat(session, memory(first + i, 'valid_zones'))!.trim());

  test('dynamic blocks go movable one by one until the ratio is reached', () => {
    const session = booted('v6.1', one_node);
    // 2G of early kernel pages at 50%: 8 blocks of 128M
    must(session, ...auto(50), { add: { start: '5G', size: '1280M' } }, { online: '40..49' });
    expect(zones(session, 40, 10)).toEqual([...new Array<string>(8).fill('Movable'), 'Normal', 'Normal']);
  });

  test('hot-added kernel memory does not count, so the ninth stays refused', () => {
    const session = booted('v6.1', one_node);
    must(
      session,
      ...auto(50),
      { add: { start: '5G', size: '2G' } },
      { online_kernel: '40..47' },
      { online: '48..55' },
    );
    expect(zones(session, 48, 8)).toEqual(new Array<string>(8).fill('Movable'));
    must(session, { add: { start: '8G', size: '128M' } }, { online: 64 });
    expect(zones(session, 64, 1)).toEqual(['Normal']);
  });

  test.each([
    ['1G', 'Movable'],
    ['1152M', 'Normal'],
  ])('a DIMM of %s is a static group: all of it %s or nothing', (size, zone) => {
    const session = booted('v6.1', one_node);
    must(session, ...auto(50), { device_add: { id: 'd', start: '5G', size } });
    must(session, { online: '40..47' });
    expect(zones(session, 40, 8)).toEqual(new Array<string>(8).fill(zone));
  });

  test('a block of a DIMM that went to a kernel zone takes all others with it', () => {
    const session = booted('v6.1', one_node);
    must(
      session,
      ...auto(301),
      { device_add: { id: 'd', start: '5G', size: '512M' } },
      { online_kernel: 42 },
      { online: 41 },
    );
    expect(zones(session, 40, 4)).toEqual(['Normal Movable', 'Normal', 'Normal', 'Normal Movable']);
    expect(session.state.memory_group.get(1)).toMatchObject({
      nid: 0,
      pages: 4 * 32768,
      present_kernel_pages: 2 * 32768,
      present_movable_pages: 0,
      nr_blocks: 4,
    });
  });

  test('pages of the DIMM that are movable already are not asked for twice', () => {
    const session = booted('v6.1', one_node);
    must(
      session,
      ...auto(50),
      { device_add: { id: 'd', start: '5G', size: '1G' } },
      { online_movable: '40..46' },
      { online: 47 },
    );
    expect(zones(session, 47, 1)).toEqual(['Movable']);
  });

  test.each([
    ['Y', 'Normal'],
    ['N', 'Movable'],
  ])('numa_aware=%s on a node without kernel memory: %s', (aware, zone) => {
    const session = booted('v6.1', one_node);
    must(session, ...auto(301, aware), { add: { start: '5G', size: '128M', node: 1 } }, { online: 40 });
    expect(zones(session, 40, 1)).toEqual([zone]);
  });

  test('ratio 0 never; the explicit words are not asked about', () => {
    const session = booted('v6.1', one_node);
    must(session, ...auto(0), { add: { start: '5G', size: '256M' } }, { online: 40 }, { online_movable: 41 });
    expect(zones(session, 40, 2)).toEqual(['Normal', 'Movable']);
  });

  test('spans play no part: a hole in the movable span may become kernel memory', () => {
    const session = booted('v6.1', one_node);
    must(
      session,
      ...auto(1),
      { add: { start: '5G', size: '384M' } },
      { online_movable: 40 },
      { online_movable: 42 },
      { online: 41 },
    );
    expect(zones(session, 40, 3)).toEqual(['Movable', 'Normal', 'Movable']);
  });

  test('v5.10 has no such parameter', () => {
    const session = booted('v5.10', one_node);
    expect(cat(session, `${PARAMETERS}/online_policy`)).toBe(null);
    expect(cat(booted('v6.1', one_node), `${PARAMETERS}/online_policy`)).toBe('contig-zones\n');
  });
});
