import { describe, expect, test } from 'vitest';
import {
  ARM64,
  booted,
  cat,
  G,
  K,
  last,
  M,
  memory,
  must,
  play,
  withOptions,
  X86,
} from '../../../../test/kit.ts';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { perform } from '../../../scenarios/running/perform.ts';
import type { Session } from '../../../scenarios/running/session.ts';
import { deviceRange } from '../../../scenarios/steps/devices/device.ts';
import { MEM_ONLINE } from '../../state.ts';

const ALL = ['v5.2', 'v5.3', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'];
const LATER = ALL.slice(4);
const add = (id: string, start: number | string, size: number | string, node = 1) => ({
  device_add: { id, start, size, node },
});
/** Zones of the blocks, '-' for one that is offline. */
const zones = (session: Session, first: number, n: number): string =>
  Array.from({ length: n }, (_, i) => {
    const id = first + i;
    if (session.state.memory_block.get(id)!.state !== MEM_ONLINE) return '-';
    return cat(session, memory(id, 'valid_zones'))!.trim();
  }).join(' ');

describe('device check', () => {
  const unaligned = (start: string, size: string): string[] => [
    `Block size [0x8000000] unaligned hotplug range: start ${start}, size ${size}`,
    'acpi PNP0C80:00: add_memory failed',
    'acpi PNP0C80:00: acpi_memory_enable_device() error',
  ];

  test.each(LATER)(
    '%s: a size that is not a multiple of a block: three lines, and the firmware is told success',
    (release) => {
      for (const [start, size] of [
        [5 * G, 64 * M],
        [5 * G, 192 * M],
        [5 * G + 64 * M, 128 * M],
        [5 * G + M, 128 * M],
      ] as const) {
        const session = booted(release, X86);
        const before = cat(session, '/proc/iomem');
        const outcome = last(session, { device_add: { id: 'd', start, size, ost: [0], expect: 'EINVAL' } });
        expect(outcome.messages).toEqual(unaligned(`0x${start.toString(16)}`, `0x${size.toString(16)}`));
        expect(outcome.failures).toEqual([]);
        expect(outcome.changes).toEqual([]);
        expect(cat(session, '/proc/iomem')).toBe(before);
        expect(session.state.memory_group.size).toBe(0);
      }
    },
  );

  test.each(ALL.slice(0, 4))('%s: the firmware is told of the failure', (release) => {
    const session = booted(release, X86);
    const outcome = last(session, {
      device_add: { id: 'd', start: '5G', size: '64M', ost: [1], expect: 'EINVAL' },
    });
    expect(outcome.failures).toEqual([]);
    expect(outcome.messages).toEqual([
      ...unaligned('0x140000000', '0x4000000'),
      'acpi PNP0C80:00: Enumeration failure',
    ]);
  });

  const refusals = (slot: string, start: string, size: string): string[] => [
    `Block size [0x8000000] unaligned hotplug range: start ${start}, size ${size}`,
    `acpi PNP0C80:${slot}: add_memory failed`,
    `acpi PNP0C80:${slot}: acpi_memory_enable_device() error`,
  ];
  const refusedTwice = (release: string) => {
    const session = booted(release, X86);
    must(
      session,
      { device_add: { id: 'odd', start: '4G', size: '96M', expect: 'EINVAL' } },
      { device_add: { id: 'odder', start: '6G', size: '32M', expect: 'EINVAL' } },
    );
    return session;
  };

  test.each(['v6.12', 'v7.2'])(
    '%s: every plug tries the refused devices again, in their order',
    (release) => {
      const session = refusedTwice(release);
      const [first, second] = [
        refusals('00', '0x100000000', '0x6000000'),
        refusals('01', '0x180000000', '0x2000000'),
      ];
      expect(
        last(session, add('good', '5G', '128M')).messages.filter(
          (text) => !/Fallback|zonelists|zone:/.test(text),
        ),
      ).toEqual([...first, ...second]);
      // the lowest free slot comes first
      must(session, { device_del: { id: 'odd', ost: [132, 0] } });
      const third = { device_add: { id: 'third', start: '8G', size: '160M', expect: 'EINVAL' } };
      expect(last(session, third).messages).toEqual([
        ...refusals('00', '0x200000000', '0xa000000'),
        ...second,
      ]);
      expect(deviceRange(session, 'good')).toEqual({ start: 5 * G, size: 128 * M });
    },
  );

  test.each(['v5.10', 'v6.1'])('%s: refused devices are left alone', (release) => {
    const session = refusedTwice(release);
    const outcome = last(session, add('good', '5G', '128M'));
    expect(outcome.messages.filter((text) => text.includes('PNP0C80'))).toEqual([]);
  });

  test.each(['v6.12', 'v7.2'])(
    '%s: a device refused for want of memory is added at the next plug',
    (release) => {
      const session = booted(release, withOptions(X86, 'dyndbg="file drivers/acpi/acpi_memhotplug.c +p"'));
      must(session, { fail: { site: 'vmemmap_populate' } });
      const refused = last(session, {
        device_add: { id: 'd', start: '5G', size: '128M', node: 1, expect: 'EINVAL' },
      });
      expect(refused.messages.at(-1)).toBe('acpi PNP0C80:00: acpi_memory_enable_device() error');
      const next = last(session, add('e', '6G', '128M'));
      expect(next.messages.filter((text) => text.includes('PNP0C80'))).toEqual([
        'acpi PNP0C80:00: Memory device configured by ACPI',
        'acpi PNP0C80:01: Memory device configured by ACPI',
      ]);
      expect(session.state.memory_block.has(40)).toBe(true);
    },
  );

  test.each(ALL)(
    '%s: built without the driver, or told not to use it, the kernel ignores a DIMM',
    (release) => {
      const without = { ...ARM64, config: { CONFIG_ACPI_HOTPLUG_MEMORY: 'n' } };
      for (const machine of [without, withOptions(ARM64, 'acpi_no_memhotplug')]) {
        const session = booted(release, machine);
        const before = cat(session, '/proc/iomem');
        const failure = ALL.indexOf(release) < 4;
        const outcome = last(session, {
          device_add: { id: 'd', start: '5G', size: '1G', ost: [failure ? 1 : 0], expect: 'ENODEV' },
        });
        expect(outcome.messages).toEqual(failure ? ['acpi PNP0C80:00: Enumeration failure'] : []);
        expect(outcome.failures).toEqual([]);
        expect(outcome.changes).toEqual([]);
        expect(cat(session, '/proc/iomem')).toBe(before);
        must(session, { device_del: { id: 'd', ost: [132, 0] } });
      }
    },
  );

  test('a device without memory', () => {
    const session = booted('v6.1', X86);
    const older = booted('v5.10', X86);
    expect(
      last(older, { device_add: { id: 'd', start: '5G', size: 0, ost: [0], expect: 'EINVAL' } }).messages,
    ).toEqual(['acpi PNP0C80:00: add_memory failed', 'acpi PNP0C80:00: acpi_memory_enable_device() error']);
    expect(
      last(session, { device_add: { id: 'd', start: '5G', size: 0, ost: [0], expect: 'EINVAL' } }).messages,
    ).toEqual(['acpi PNP0C80:00: device is empty', 'acpi PNP0C80:00: acpi_memory_enable_device() error']);
  });

  test('above the linear map: -E2BIG in its own words (v6.1)', () => {
    const session = booted('v6.1', ARM64);
    const outcome = last(session, {
      device_add: { id: 'd', start: 2 ** 47 + G, size: '128M', ost: [0], expect: 'EINVAL' },
    });
    expect(outcome.messages).toEqual([
      'Hotplug memory [0x800040000000-0x800048000000] exceeds maximum addressable range [0x40000000-0x80003fffffff]',
      'acpi PNP0C80:00: add_memory failed',
      'acpi PNP0C80:00: acpi_memory_enable_device() error',
    ]);
    must(session, add('last', 2 ** 47 + G - 128 * M, '128M', 0));
  });

  test.each(ALL)(
    '%s: memory that is there already is bound, without a word, and leaves with the device',
    (release) => {
      const session = booted(release, X86);
      must(session, { add: { start: '5G', size: '256M', node: 1 } }, { online_movable: '40..41' });
      const outcome = last(session, {
        device_add: { id: 'd', start: '5G', size: '256M', node: 1, ost: [0] },
      });
      expect(outcome.messages).toEqual([]);
      expect(outcome.changes).toEqual([]);
      expect(session.state.acpi_device.get(0)!.physical_node_list).toEqual([
        { block: 40, put_online: false },
        { block: 41, put_online: false },
      ]);
      must(session, { device_del: { id: 'd', ost: [132, 0] } });
      expect(session.state.memory_block.has(40)).toBe(false);
    },
  );

  test('a node that is not possible: refused before any memory is added (v6.1+)', () => {
    const session = booted('v6.1', X86);
    const outcome = last(session, {
      device_add: { id: 'd', start: '5G', size: '128M', node: 7, ost: [0], expect: 'EINVAL' },
    });
    expect(outcome.messages).toEqual(['acpi PNP0C80:00: acpi_memory_enable_device() error']);
    const older = booted('v5.10', X86);
    expect(
      last(older, { device_add: { id: 'd', start: '5G', size: '128M', node: 7, ost: [0], expect: 'EINVAL' } })
        .messages,
    ).toEqual([
      'WARNING at add_memory_resource: node 7 was absent from the node_possible_map',
      'acpi PNP0C80:00: add_memory failed',
      'acpi PNP0C80:00: acpi_memory_enable_device() error',
    ]);
  });

  test('before v5.10 a node that is not possible is not modelled', () => {
    const session = booted('v5.2', X86);
    const step = { id: 'd', start: 5 * G, size: 128 * M, node: 7 };
    expect(() => perform(session, { kind: 'device_add', step })).toThrow(
      new BadOperation('not modelled: v5.2 does not check that node 7 can exist'),
    );
  });

  test('debug messages of the driver need dyndbg for its file', () => {
    const session = booted('v6.1', withOptions(X86, 'dyndbg="file drivers/acpi/acpi_memhotplug.c +p"'));
    expect(last(session, add('d', '5G', '128M')).messages).toEqual([
      'acpi PNP0C80:00: Memory device configured by ACPI',
    ]);
  });

  test('slots are used again, names follow them; the monitor knows its ids', () => {
    const session = booted('v6.1', X86);
    must(
      session,
      add('a', '5G', '128M'),
      add('b', '6G', '128M'),
      { device_del: 'a' },
      add('c', '7G', '128M'),
    );
    expect([...session.state.acpi_device.values()].map(({ name, start }) => [name, start / G])).toEqual([
      ['PNP0C80:01', 6],
      ['PNP0C80:00', 7],
    ]);
    expect(
      last(session, { device_add: { id: 'b', start: '8G', size: '128M', expect: 'EEXIST' } }).failures,
    ).toEqual([]);
    expect(last(session, { device_del: { id: 'a', expect: 'ENODEV' } }).failures).toEqual([]);
  });
});

describe('eject request', () => {
  test.each(ALL)('%s: online movable memory goes offline by itself and the device goes', (release) => {
    const session = booted(release, X86);
    const before = cat(session, '/proc/iomem');
    must(
      session,
      add('d', '5G', '512M'),
      { online_movable: '40..43' },
      { device_del: { id: 'd', ost: [132, 0] } },
    );
    expect(cat(session, '/proc/iomem')).toBe(before);
    expect(deviceRange(session, 'd')).toBe(null);
    expect(session.state.memory_block.has(40)).toBe(false);
  });

  test.each(LATER)(
    '%s: with an unmovable page: busy; what was offline comes back by default, in another zone',
    (release) => {
      const session = booted(release, X86);
      must(
        session,
        add('d', '5G', '1G'),
        { online_kernel: 43 },
        { pin: { start: 43 * 128 * M, size: '128M', node: 1 } },
        { online_movable: '44..47' },
        { online_movable: '40..41' },
      );
      expect(zones(session, 40, 8)).toBe('Movable Movable - Normal Movable Movable Movable Movable');
      const outcome = last(session, { device_del: { id: 'd', ost: [132, 130], expect: 'EBUSY' } });
      expect(outcome.failures).toEqual([]);
      expect(outcome.messages.filter((text) => text.startsWith('memory '))).toEqual([
        'memory memory43: Offline failed.',
      ]);
      expect(outcome.messages.filter((text) => text === 'page dumped because: unmovable page').length).toBe(
        2,
      );
      // memory42 was offline and stays so; no movable span is left when the others are onlined again
      expect(zones(session, 40, 8)).toBe('Normal Normal - Normal Normal Normal Normal Normal');
      expect(deviceRange(session, 'd')).toEqual({ start: 5 * G, size: G });
      must(session, { unpin: {} }, { device_del: { id: 'd', ost: [132, 0] } });
    },
  );

  test('movable blocks may come back Normal and kernel blocks Movable, as the spans left behind have it', () => {
    const session = booted('v6.1', { ...ARM64, ram: [{ start: '1G', size: '1G' }] });
    const balloon = (id: number) => ({ use: { start: id * 128 * M, size: '4K', as: 'offline_ref' } });
    must(
      session,
      add('d', '2G', '1G'),
      { online_kernel: 16 },
      { online_kernel: 19 },
      { online_movable: '17..18' },
      { online_movable: '20..23' },
      balloon(17),
      balloon(21),
    );
    expect(zones(session, 16, 8)).toBe('Normal Movable Movable Normal Movable Movable Movable Movable');
    const outcome = last(session, { device_del: { id: 'd', ost: [132, 130], expect: 'EBUSY' } });
    expect(outcome.messages).toContain('memory memory17: Offline failed.');
    // 17 and 21 never went offline: the movable zone spans the blocks between them
    expect(zones(session, 16, 8)).toBe('Normal Movable Movable Movable Movable Movable Normal Normal');
  });

  test('a veto by boot memory that ACPI has bound is busy, too', () => {
    const session = booted('v6.1', ARM64);
    must(session, { device_add: { id: 'd', start: '2G', size: '128M', ost: [0] } });
    const outcome = last(session, { device_del: { id: 'd', ost: [132, 130], expect: 'EBUSY' } });
    expect(outcome.messages).toEqual([
      'Boot memory [80000000 88000000] offlining attempted',
      'Boot memory [80000000 88000000] offlining attempted',
      'memory memory16: Offline failed.',
    ]);
  });

  test('the memory group goes with the last block', () => {
    const session = booted('v6.1', X86);
    must(session, add('d', '5G', '256M'));
    expect([...session.state.memory_group]).toEqual([
      [
        1,
        {
          nid: 1,
          is_dynamic: false,
          pages: 65536,
          present_kernel_pages: 0,
          present_movable_pages: 0,
          nr_blocks: 2,
        },
      ],
    ]);
    must(session, { online_kernel: 40 }, { online_movable: 41 });
    expect(session.state.memory_group.get(1)).toMatchObject({
      present_kernel_pages: 32768,
      present_movable_pages: 32768,
    });
    must(session, { device_del: 'd' });
    expect(session.state.memory_group.size).toBe(0);
  });
});

describe('offline_and_remove_memory', () => {
  const range = { start: '5G', size: '1G' };

  test.each(['v6.1', 'v6.12', 'v7.2'])(
    '%s: a refusal brings back the others in the kind of zone they had',
    (release) => {
      const session = booted(release, X86);
      must(
        session,
        { add: { ...range, node: 1 } },
        { online_kernel: '46..47' },
        { pin: { start: 46 * 128 * M, size: '256M', node: 1 } },
        { online_movable: '40..43' },
        { online_kernel: 45 },
      );
      expect(zones(session, 40, 8)).toBe('Movable Movable Movable Movable - Normal Normal Normal');
      const outcome = last(session, { offline_and_remove: { ...range, expect: 'EBUSY' } });
      expect(outcome.failures).toEqual([]);
      expect(zones(session, 40, 8)).toBe('Movable Movable Movable Movable - Normal Normal Normal');
      must(session, { unpin: {} }, { offline_and_remove: range });
      expect(session.state.memory_block.has(40)).toBe(false);
    },
  );

  test('sizes and alignment: -EINVAL without a word', () => {
    const session = booted('v6.1', X86);
    for (const bad of [
      { start: '5G', size: 0 },
      { start: '5G', size: 64 * M },
      { start: 5 * G + 4 * K, size: '128M' },
    ]) {
      expect(last(session, { offline_and_remove: { ...bad, expect: 'EINVAL' } }).messages).toEqual([]);
    }
  });

  test('v5.10 takes several blocks, as 5.10.223 was recorded to', () => {
    const session = booted('v5.10', X86);
    must(
      session,
      { add: { ...range, node: 1 } },
      { online_movable: '40..41' },
      { offline_and_remove: range },
    );
    expect(session.state.memory_block.has(40)).toBe(false);
  });

  test('v5.7 had no such function: the scenario is at fault', () => {
    const session = booted('v5.7', X86);
    expect(() => play(session, { offline_and_remove: range })).toThrow(
      'v5.7 has no offline_and_remove_memory',
    );
    expect(() => play(session, { add_driver_managed: range })).toThrow(
      'v5.7 has no add_memory_driver_managed',
    );
  });
});

describe('remove_memory', () => {
  test('of an online block: -EBUSY, naming the first (v5.3+); a BUG on v5.2', () => {
    for (const release of ALL.slice(1)) {
      const session = booted(release, X86);
      must(
        session,
        { add: { start: '5G', size: '512M', node: 1 } },
        { online_movable: 41 },
        { online_movable: 42 },
      );
      const [outcome] = play(session, { remove: { start: '5G', size: '512M', expect: 'EBUSY' } });
      expect([release, outcome!.messages[0]]).toEqual([
        release,
        'removing memory fails, because memory [0x0000000148000000-0x000000014fffffff] is onlined',
      ]);
      expect([release, outcome!.messages.length]).toEqual([release, release === 'v5.7' ? 3 : 1]);
    }
    const session = booted('v5.2', X86);
    must(session, { add: { start: '5G', size: '128M', node: 1 } }, { online_movable: 40 });
    expect(play(session, { remove: { start: '5G', size: '128M', expect: 'BUG' } })[0]).toMatchObject({
      result: 'BUG',
      messages: [
        'removing memory fails, because memory [0x0000000140000000-0x0000000147ffffff] is onlined',
        'kernel BUG at __remove_memory',
      ],
    });
  });

  test('of a range never added: success; each place warns once a boot', () => {
    const session = booted('v6.1', X86);
    const remove = { remove: { start: '5G', size: '256M', expect: 'success' } };
    const [first, second] = play(session, remove, remove);
    expect(first!.result).toBe('success');
    expect(first!.messages).toEqual(['WARNING at remove_memory_block_devices', 'WARNING at __remove_pages']);
    expect(second!.messages).toEqual([]);
  });

  test('misaligned: a BUG after the message', () => {
    const session = booted('v6.1', X86);
    expect(play(session, { remove: { start: '5G', size: '64M', expect: 'BUG' } })[0]!.messages).toEqual([
      'Block size [0x8000000] unaligned hotplug range: start 0x140000000, size 0x4000000',
      'kernel BUG at try_remove_memory',
    ]);
  });

  describe('with memmaps of their own', () => {
    const two = (release: string, own: readonly boolean[]): Session => {
      const session = booted(release, withOptions(X86, 'memory_hotplug.memmap_on_memory=1'));
      for (const [i, yes] of own.entries()) {
        const [start, size] = [5 * G + i * 128 * M, 128 * M];
        must(session, yes ? add(`d${i}`, start, size) : { add: { start, size, node: 1 } });
      }
      return session;
    };

    test('6.1 refuses more than one block', () => {
      const session = two('v6.1', [true, true]);
      const outcome = last(session, { remove: { start: '5G', size: '256M', expect: 'EINVAL' } });
      expect(outcome.messages).toEqual(['Refuse to remove 0x140000000 - 0x150000000,wrong granularity']);
      expect(outcome.failures).toEqual([]);
      expect(session.state.memory_block.has(41)).toBe(true);
    });

    test('6.12 takes several', () => {
      const session = two('v6.12', [true, true]);
      must(session, { remove: { start: '5G', size: '256M' } });
      expect(session.state.memory_block.has(41)).toBe(false);
      expect(session.state.vars.get(0)!.nr_vmemmap_pages).toBe(0);
    });

    test('6.12 warns and refuses where only some have one', () => {
      const session = two('v6.12', [true, false]);
      const outcome = last(session, { remove: { start: '5G', size: '256M', expect: 'EINVAL' } });
      expect(outcome.messages).toEqual(['WARNING at memory_blocks_have_altmaps']);
      expect(session.state.memory_block.has(40)).toBe(true);
    });

    test('6.12: an add that fails half-way takes back the blocks that were done', () => {
      const session = booted('v6.12', withOptions(X86, 'memory_hotplug.memmap_on_memory=1'));
      session.state.vars.get(0)!.fail_alloc = { mem_section_usage: 0 };
      must(
        session,
        { add: { start: 5 * G + 256 * M, size: '128M', node: 1 } },
        { lose_resource: { start: 5 * G + 256 * M, size: '128M' } },
      );
      const outcome = last(session, {
        device_add: { id: 'd', start: '5G', size: '384M', node: 1, ost: [0] },
      });
      // the third block already exists: -EEXIST, which ACPI treats as success
      expect(outcome.messages.filter((text) => text.startsWith('acpi'))).toEqual([]);
      expect([...session.state.memory_block.keys()].filter((id) => id >= 40)).toEqual([42]);
      expect(session.state.vars.get(0)!.nr_vmemmap_pages).toBe(512);
    });
  });
});
