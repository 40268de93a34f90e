import { describe, expect, test } from 'vitest';
import { ARM64, booted, cat, G, last, M, memory, must, play, withOptions, X86 } from '../../../test/kit.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { list_text } from '../lib/vsprintf.ts';
import { MEM_GOING_OFFLINE } from '../state.ts';

const MEMORY = '/sys/devices/system/memory';
const NODE = '/sys/devices/system/node';
const ALL = ['v5.2', 'v5.3', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'];
const OLD = ['v5.2', 'v5.3', 'v5.4'];

const names = (session: Session, path: string): readonly string[] | null => {
  const entry = session.read(path);
  return entry?.kind === 'dir' ? entry.names : null;
};
const target = (session: Session, path: string): string | null => {
  const entry = session.read(path);
  return entry?.kind === 'link' ? entry.target : null;
};

test.each([
  [[], ''],
  [[3], '3'],
  [[0, 1, 2], '0-2'],
  [[0, 2, 3, 7], '0,2-3,7'],
])('the list of %j is %j', (ids, text) => expect(list_text(ids)).toBe(text));

describe('nodes come and go with their memory', () => {
  const masks = (session: Session): Record<string, string | null> =>
    Object.fromEntries(
      ['has_cpu', 'has_memory', 'has_normal_memory', 'online', 'possible'].map((name) => [
        name,
        cat(session, `${NODE}/${name}`),
      ]),
    );
  const boot_masks = {
    has_cpu: '0-1\n',
    has_memory: '0\n',
    has_normal_memory: '0\n',
    online: '0-1\n',
    possible: '0-2\n',
  };

  test.each(ALL)('%s: node 2, from nothing to nothing', (release) => {
    const session = booted(release, X86);
    const before = [cat(session, '/proc/zoneinfo'), names(session, NODE)];
    expect(masks(session)).toEqual(boot_masks);
    expect(names(session, `${NODE}/node2`)).toBe(null);
    must(session, { add: { start: '5G', size: '256M', node: 2 } });
    expect(masks(session)).toEqual({ ...boot_masks, online: '0-2\n' });
    // until v6.0 the pool directories of a node come and go with its memory
    const pools = Number(/^v(\d+)/.exec(release)?.[1]) >= 6 ? ['hugepages'] : [];
    expect(names(session, `${NODE}/node2`)).toEqual([
      'cpulist',
      'distance',
      ...pools,
      'memory40',
      'memory41',
    ]);
    expect(cat(session, `${NODE}/node2/cpulist`)).toBe('\n');
    expect(cat(session, `${NODE}/node2/distance`)).toBe('20 20 10\n');
    must(session, { online_movable: 40 });
    expect(masks(session)).toEqual({ ...boot_masks, online: '0-2\n', has_memory: '0,2\n' });
    must(session, { online_kernel: 41 });
    expect(masks(session)).toMatchObject({ has_memory: '0,2\n', has_normal_memory: '0,2\n' });
    must(session, { offline: 41 });
    expect(masks(session)).toMatchObject({ has_memory: '0,2\n', has_normal_memory: '0\n' });
    must(session, { offline: 40 });
    // the node exists as long as it has blocks
    expect(masks(session)).toEqual({ ...boot_masks, online: '0-2\n' });
    if (OLD.slice(0, 2).includes(release)) return;
    must(session, { remove: { start: '5G', size: '128M' } });
    expect(masks(session).online).toBe('0-2\n');
    must(session, { remove: { start: 5 * G + 128 * M, size: '128M' } });
    expect(masks(session)).toEqual(boot_masks);
    expect([cat(session, '/proc/zoneinfo'), names(session, NODE)]).toEqual(before);
  });

  test('a node with CPUs stays', () => {
    const session = booted('v6.1', X86);
    must(session, { add: { start: '5G', size: '128M', node: 1 } }, { remove: { start: '5G', size: '128M' } });
    expect(cat(session, `${NODE}/online`)).toBe('0-1\n');
    expect(names(session, `${NODE}/node1`)).toEqual(['cpulist', 'distance', 'hugepages']);
    expect(cat(session, `${NODE}/node1/distance`)).toBe('20 10\n');
  });

  test('links lead both ways', () => {
    const session = booted('v6.1', X86);
    must(session, { add: { start: '5G', size: '128M', node: 2 } });
    expect(target(session, `${NODE}/node2/memory40`)).toBe('../../memory/memory40');
    expect(target(session, `${MEMORY}/memory40/node2`)).toBe('../../node/node2');
    expect(target(session, `${NODE}/node1/memory40`)).toBe(null);
    expect(target(session, `${MEMORY}/memory40/node1`)).toBe(null);
  });

  test('a boot block on two nodes has two links, no zone, and cannot go offline', () => {
    const session = booted('v6.1', {
      ...X86,
      ram: [
        { start: 0, size: 1024 * M + 64 * M },
        { start: 1024 * M + 64 * M, size: 1024 * M - 64 * M, node: 1 },
      ],
    });
    expect(names(session, `${MEMORY}/memory8`)!.slice(0, 2)).toEqual(['node0', 'node1']);
    expect(cat(session, memory(8, 'valid_zones'))).toBe('none\n');
    expect(last(session, { offline: { blocks: 8, expect: 'EINVAL' } }).messages).toEqual([]);
  });
});

describe('memory blocks', () => {
  test('the files of one', () => {
    const session = booted('v6.1', X86);
    must(session, { add: { start: '5G', size: '128M', node: 1 } });
    expect(names(session, `${MEMORY}/memory40`)).toEqual([
      'node1',
      'online',
      'phys_device',
      'phys_index',
      'removable',
      'state',
      'valid_zones',
    ]);
    const files = () =>
      ['online', 'phys_device', 'phys_index', 'removable', 'state', 'valid_zones'].map((name) =>
        cat(session, memory(40, name)),
      );
    expect(files()).toEqual(['0\n', '0\n', '00000028\n', '1\n', 'offline\n', 'Normal Movable\n']);
    must(session, { online_movable: 40 });
    expect(files()).toEqual(['1\n', '0\n', '00000028\n', '1\n', 'online\n', 'Movable\n']);
    session.state.memory_block.get(40)!.state = MEM_GOING_OFFLINE;
    expect(cat(session, memory(40, 'state'))).toBe('going-offline\n');
    expect(cat(session, memory(40, 'nothing'))).toBe(null);
    expect(cat(session, memory(41, 'state'))).toBe(null);
  });

  test.each([
    ['x86_64', 'v6.1', '4K', '8000000\n'],
    ['arm64', 'v5.10', '4K', '40000000\n'],
    ['arm64', 'v6.1', '4K', '8000000\n'],
    ['arm64', 'v6.1', '16K', '8000000\n'],
    ['arm64', 'v6.1', '64K', '20000000\n'],
  ])('block_size_bytes of %s %s with pages of %s', (arch, release, page_size, text) => {
    const session = booted(release, { ...(arch === 'arm64' ? ARM64 : X86), page_size });
    expect(cat(session, `${MEMORY}/block_size_bytes`)).toBe(text);
  });

  test('68 GiB of boot memory make blocks of 2G, and a DIMM of 1G is refused', () => {
    const session = booted('v6.1', {
      arch: 'x86_64',
      ram: [
        { start: 0, size: '2G' },
        { start: '4G', size: '66G' },
      ],
    });
    expect(cat(session, `${MEMORY}/block_size_bytes`)).toBe('80000000\n');
    expect(last(session, { add: { start: '72G', size: '1G', expect: 'EINVAL' } }).messages).toEqual([
      'Block size [0x80000000] unaligned hotplug range: start 0x1200000000, size 0x40000000',
    ]);
  });

  test('removable: looked for until v5.3, a constant later (in v5.4 by back-port)', () => {
    for (const release of ALL) {
      const session = booted(release, X86);
      must(
        session,
        { add: { start: '5G', size: '128M', node: 1 } },
        { online_kernel: 40 },
        { pin: { start: '5G', size: '128M', node: 1 } },
      );
      expect([release, cat(session, memory(40, 'removable'))]).toEqual([
        release,
        OLD.includes(release) && release !== 'v5.4' ? '0\n' : '1\n',
      ]);
      must(session, { unpin: {} }, { offline: 40 });
      expect(cat(session, memory(40, 'removable'))).toBe('1\n');
    }
  });
});

describe('state and online', () => {
  const write = (path: string, value: string, expect: string) => ({ write: { path, value, expect } });

  test('state: a state it is in already, and a word that is none, are -EINVAL; one newline is not part of the word', () => {
    const session = booted('v6.1', X86);
    must(session, { add: { start: '5G', size: '128M', node: 1 } });
    const state = (value: string, result: string) => write(memory(40, 'state'), value, result);
    must(
      session,
      state('offline', 'EINVAL'),
      state('online_movable\n', 'success'),
      state('online', 'EINVAL'),
      state('online_kernel', 'EINVAL'),
      state('offline\n\n', 'EINVAL'),
      state('Offline', 'EINVAL'),
      state('', 'EINVAL'),
      state(' offline', 'EINVAL'),
      state('offline\n', 'success'),
    );
  });

  test('online: asking for what it is succeeds; words of kstrtobool', () => {
    const session = booted('v6.1', X86);
    must(session, { add: { start: '5G', size: '128M', node: 1 } });
    const online = (value: string, result: string) => write(memory(40, 'online'), value, result);
    must(
      session,
      online('0', 'success'),
      online('1\n', 'success'),
      online('Y', 'success'),
      online('on', 'success'),
    );
    expect(cat(session, memory(40, 'valid_zones'))).toBe('Normal\n');
    must(
      session,
      online('2', 'EINVAL'),
      online('o', 'EINVAL'),
      online('', 'EINVAL'),
      online('of', 'success'),
      online('nonsense', 'success'),
    );
    expect(cat(session, memory(40, 'state'))).toBe('offline\n');
  });

  test.each([
    ['v6.12', 'EINVAL'],
    ['v7.2', 'success'],
  ])('%s: enable and disable are words of kstrtobool: %s', (release, result) => {
    const session = booted(release, X86);
    must(
      session,
      { add: { start: '5G', size: '128M', node: 1 } },
      write(memory(40, 'online'), 'enable', result),
      write(memory(40, 'online'), 'Disable', result),
    );
  });

  test('a block that is not there is -ENOENT, a file that is read-only -EACCES, any other path the fault of the scenario', () => {
    const session = booted('v6.1', X86);
    must(
      session,
      write(memory(99, 'state'), 'online', 'ENOENT'),
      write(memory(0, 'phys_index'), '1', 'EACCES'),
    );
    must(session, write('/proc/iomem', 'x', 'EACCES'));
    expect(() => play(session, write('/proc/slabinfo', 'x', 'any'))).toThrow(
      '/proc/slabinfo: no such file in the modelled kernel',
    );
  });
});

describe('auto_online_blocks', () => {
  const path = `${MEMORY}/auto_online_blocks`;

  test.each(ALL)('%s: the words it takes', (release) => {
    const session = booted(release, X86);
    expect(cat(session, path)).toBe('offline\n');
    for (const value of ['online', 'online_kernel', 'online_movable', 'offline', 'on', '1', '']) {
      const known = [
        'online',
        'offline',
        ...(OLD.includes(release) ? [] : ['online_kernel', 'online_movable']),
      ];
      const before = cat(session, path);
      const [outcome] = play(session, { write: { path, value: `${value}\n`, expect: 'any' } });
      const ok = known.includes(value);
      expect([release, value, outcome!.result]).toEqual([release, value, ok ? 'success' : 'EINVAL']);
      expect(cat(session, path)).toBe(ok ? `${value}\n` : before);
    }
  });

  test.each([
    ['online', 'Normal Normal'],
    ['online_kernel', 'Normal Normal'],
    ['online_movable', 'Movable Movable'],
  ])('%s: new blocks come online in %s', (value, zones) => {
    const session = booted('v6.1', X86);
    must(session, { write: { path, value } }, { add: { start: '5G', size: '256M', node: 1 } });
    expect([40, 41].map((id) => cat(session, memory(id, 'valid_zones'))!.trim()).join(' ')).toBe(zones);
  });

  test('memhp_default_state= sets it at boot', () => {
    const session = booted('v6.1', withOptions(X86, 'quiet memhp_default_state=online_movable'));
    expect(cat(session, path)).toBe('online_movable\n');
  });

  test('the first refusal ends it, and add_memory succeeds all the same', () => {
    const session = booted('v6.1', X86);
    const outcome = last(
      session,
      { write: { path, value: 'online_movable' } },
      {
        write: {
          path: '/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_ONLINE/error',
          value: '-12',
        },
      },
      { add: { start: '5G', size: '256M', node: 1 } },
    );
    expect(outcome.result).toBe('success');
    expect([40, 41].map((id) => cat(session, memory(id, 'state')))).toEqual(['offline\n', 'offline\n']);
  });
});

describe('/proc/zoneinfo, as far as it is modelled', () => {
  test('zones of online nodes only; the empty ones without start_pfn', () => {
    const session = booted('v6.1', {
      arch: 'x86_64',
      ram: [{ start: 0, size: '128M' }],
      nodes: [{ node: 0, cpus: '0' }, { node: 1 }],
    });
    const zone = (nid: number, name: string, pages: number, start?: number, managed = pages): string =>
      `Node ${nid}, zone ${name.padStart(8)}\n  pages free     ${managed}\n        spanned  ${pages}\n` +
      `        present  ${pages}\n        managed  ${managed}\n${start === undefined ? '' : `  start_pfn:           ${start}\n`}`;
    expect(cat(session, '/proc/zoneinfo')).toBe(
      zone(0, 'DMA', 4096, 0) +
        // less the struct pages of the one section, and tables
        zone(0, 'DMA32', 28672, 4096, 28155) +
        zone(0, 'Normal', 0) +
        zone(0, 'Movable', 0) +
        zone(0, 'Device', 0),
    );
    must(session, { add: { start: '5G', size: '128M', node: 1 } }, { online_kernel: 40 });
    expect(cat(session, '/proc/zoneinfo')!.includes(zone(1, 'Normal', 32768, 1310720))).toBe(true);
  });

  test('a hole between two blocks is spanned, not present; the edges shrink, the middle does not', () => {
    const session = booted('v6.1', X86);
    must(session, { add: { start: '5G', size: '640M', node: 1 } }, { online_movable: '40..44' });
    const movable = () => {
      const { zone_start_pfn, spanned_pages, present_pages } = session.state.zone.get(11)!;
      return [zone_start_pfn / 32768, spanned_pages / 32768, present_pages / 32768];
    };
    expect(movable()).toEqual([40, 5, 5]);
    must(session, { offline: 42 });
    expect(movable()).toEqual([40, 5, 4]);
    must(session, { offline: 41 });
    expect(movable()).toEqual([40, 5, 3]);
    must(session, { offline: 40 });
    expect(movable()).toEqual([43, 2, 2]);
    must(session, { offline: 44 });
    expect(movable()).toEqual([43, 1, 1]);
    must(session, { offline: 43 });
    expect(movable()).toEqual([0, 0, 0]);
    expect(session.state.pgdat.get(1)).toMatchObject({ node_start_pfn: 0, node_spanned_pages: 0 });
  });
});

describe('other files', () => {
  test('parameters of memory_hotplug', () => {
    const root = '/sys/module/memory_hotplug/parameters';
    const session = booted('v6.1', withOptions(X86, 'memory_hotplug.memmap_on_memory=on'));
    const values = () =>
      Object.fromEntries(names(session, root)!.map((name) => [name, cat(session, `${root}/${name}`)]));
    expect(values()).toEqual({
      auto_movable_numa_aware: 'Y\n',
      auto_movable_ratio: '301\n',
      memmap_on_memory: 'Y\n',
      online_policy: 'contig-zones\n',
    });
    const set = (name: string, value: string, expect: string) => ({
      write: { path: `${root}/${name}`, value, expect },
    });
    must(
      session,
      set('online_policy', 'auto-movable\n', 'success'),
      set('online_policy', 'auto', 'EINVAL'),
      set('auto_movable_ratio', '-1', 'EINVAL'),
      set('auto_movable_ratio', '4294967296', 'EINVAL'),
      set('auto_movable_ratio', '100', 'success'),
      set('auto_movable_numa_aware', 'n', 'success'),
      set('auto_movable_numa_aware', 'x', 'EINVAL'),
      set('memmap_on_memory', 'N', 'EACCES'),
    );
    expect(values()).toEqual({
      auto_movable_numa_aware: 'N\n',
      auto_movable_ratio: '100\n',
      memmap_on_memory: 'Y\n',
      online_policy: 'auto-movable\n',
    });
    expect(names(booted('v5.10', X86), root)).toBe(null);
  });

  test('/sys/firmware/memmap grows and shrinks with System RAM (x86-64 only)', () => {
    const session = booted('v6.1', X86);
    must(session, { add: { start: '5G', size: '128M' } });
    const root = '/sys/firmware/memmap';
    const files = names(session, root)!;
    const at = `${root}/${files.at(-1)}`;
    expect(['start', 'end', 'type'].map((name) => cat(session, `${at}/${name}`))).toEqual([
      '0x140000000\n',
      '0x147ffffff\n',
      'System RAM\n',
    ]);
    must(session, { remove: { start: '5G', size: '128M' } });
    expect(names(session, root)!.length).toBe(files.length - 1);
    expect(names(booted('v6.1', ARM64), root)).toBe(null);
  });

  test('debugfs memblock is there on arm64 only (v5.7+)', () => {
    const path = '/sys/kernel/debug/memblock/memory';
    expect(cat(booted('v6.1', ARM64), path)).toBe('   0: 0x0000000040000000..0x00000000bfffffff\n');
    expect(cat(booted('v7.2', ARM64), path)).toBe('   0: 0x0000000040000000..0x00000000bfffffff    0 NONE\n');
    expect(cat(booted('v6.1', X86), path)).toBe(null);
  });

  test.each([
    '',
    '/',
    '/sys',
    '/proc',
    '/proc/',
    'relative',
    '/sys/devices/system/memory/memory0/state/x',
    '/sys/devices/system/node/node-1',
  ])('%j is not there', (path) => expect(booted('v6.1', X86).read(path)).toBe(null));
});
