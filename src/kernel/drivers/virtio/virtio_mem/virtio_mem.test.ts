import { describe, expect, test } from 'vitest';
import { ARM64, booted, G, last, M, must, play, X86 } from '../../../../../test/kit.ts';
import { PageOffline } from '../../../mm/page.ts';
import { zone_key } from '../../../state.ts';

type S = ReturnType<typeof booted>;
const blocks = (s: S): number[] =>
  [...s.state.memory_block.keys()].filter((id) => id >= 40).sort((a, b) => a - b);
const movable = (s: S, nid: number) => {
  const zone = s.state.zone.get(zone_key(nid, s.kernel.c.ZONE_MOVABLE))!;
  return { present: zone.present_pages, managed: zone.managed_pages };
};
const device = { virtio_mem: { device: 0, start: 5 * G, size: 2 * G, node: 1 } };
const request = (size: number, expect = 'success') => ({ virtio_mem_request: { device: 0, size, expect } });
const online = (first: number, end: number) => ({ online_movable: `memory${first}..memory${end}` });

describe('requests', () => {
  const big = { virtio_mem: { device: 0, start: 4 * G, size: 4 * G, node: 0 } };

  test.each([
    ['v5.10', 1280 * M],
    ['v6.1', G],
    ['v6.12', G],
    ['v7.2', G],
  ])('%s: done in part, nothing is to be restored', (release, plugged) => {
    const s = booted(release, X86);
    must(s, big);
    const [outcome] = play(s, request(1600 * M, 'any'));
    expect([outcome!.result, outcome!.failures, outcome!.unexpected]).toEqual(['ENOSPC', [], false]);
    expect(s.state.virtio_mem.get(0)!.plugged_size).toBe(plugged);
  });

  test('not done at all, everything is', () => {
    const s = booted('v6.1', X86);
    must(s, big, { fail: { site: 'vmemmap_populate', times: 1 } });
    const [outcome] = play(s, request(128 * M, 'any'));
    expect([outcome!.result, outcome!.failures]).toEqual([
      'ENOMEM',
      [
        {
          kind: 'warn',
          subjects: { function: 'add_pages', message: '', operation: 'virtio_mem_request' },
          text: 'WARNING at add_pages',
        },
        {
          kind: 'invariant',
          subjects: {
            invariant: 'linear',
            what: 'no section',
            pa: 2 ** 32,
            size: 128 * M,
            operation: 'virtio_mem_request',
          },
          text: 'linear: 0x100000000-0x107ffffff is mapped and has no section',
        },
      ],
    ]);
    expect(s.state.virtio_mem.get(0)!.plugged_size).toBe(0);
  });

  test('of no whole blocks of the device are none', () => {
    const s = booted('v6.1', X86);
    must(s, big);
    expect(() => play(s, request(3 * M))).toThrow(
      'steps[0]: virtio_mem_request: 0x300000 is not a multiple of the device block, 0x200000',
    );
  });

  test.each(['v5.2', 'v5.7', 'v5.10'])('%s on arm64 has no driver', (release) => {
    expect(() => play(booted(release, ARM64), big)).toThrow(
      `${release} on arm64 is built without virtio-mem`,
    );
  });
});

describe('sub-block mode', () => {
  test('half a block: present 32768, managed 16384, the rest PageOffline', () => {
    const s = booted('v6.1', X86);
    must(s, device, request(64 * M), { online_movable: 40 });
    expect(movable(s, 1)).toEqual({ present: 32768, managed: 16384 });
    must(s, request(128 * M));
    expect(movable(s, 1)).toEqual({ present: 32768, managed: 32768 });
  });

  test('arm64: 512M are 4 blocks, 544M 5, 200M 2, 0 none', () => {
    const s = booted('v6.1', { ...ARM64, ram: [{ start: G, size: 2 * G }] });
    must(s, device, request(512 * M));
    expect(blocks(s)).toEqual([40, 41, 42, 43]);
    must(s, online(40, 43), request(544 * M), { online_movable: 44 });
    expect(blocks(s)).toEqual([40, 41, 42, 43, 44]);
    must(s, request(200 * M));
    expect(blocks(s)).toEqual([40, 41]);
    must(s, request(0));
    expect(blocks(s)).toEqual([]);
    expect(movable(s, 1)).toEqual({ present: 0, managed: 0 });
  });

  test('one entry of /proc/iomem for neighbours, below that of the device', () => {
    const s = booted('v6.1', X86);
    must(s, device, request(256 * M));
    const [parent] = s.state.iomem_resource.children.filter(({ name }) => name === 'virtio0');
    expect(parent!.children.map(({ name, start, end }) => [name, start, end])).toEqual([
      ['System RAM (virtio_mem)', 5 * G, 5 * G + 256 * M - 1],
    ]);
  });

  test.each(['v6.1', 'v6.12', 'v7.2'])('%s: as much is taken as is unplugged, and given back', (release) => {
    const s = booted(release, X86);
    must(s, device, request(128 * M), { online_movable: 40 });
    const managed = (size: number): number => {
      must(s, request(size));
      return movable(s, 1).managed;
    };
    expect([126, 122, 126, 128, 2].map((size) => managed(size * M))).toEqual(
      [126, 122, 126, 128, 2].map((size) => (size * M) / s.kernel.c.PAGE_SIZE),
    );
  });

  test('what cannot be taken stays plugged', () => {
    const s = booted('v6.1', X86);
    must(s, device, request(128 * M), { online_kernel: 40 });
    must(s, { pin: { start: 5 * G, size: 128 * M, node: 1 } });
    expect(play(s, request(0, 'EBUSY'))[0]!.result).toBe('EBUSY');
    expect(s.state.virtio_mem.get(0)!.plugged_size).toBe(2 * M);
  });

  test('not more than a gigabyte waits offline', () => {
    const s = booted('v6.1', X86);
    must(s, device);
    expect(last(s, request(2 * G, 'ENOSPC')).result).toBe('ENOSPC');
    expect(blocks(s).length).toBe(8);
  });
});

test('ten blocks wait offline on v5.10', () => {
  const s = booted('v5.10', X86);
  must(s, { virtio_mem: { device: 0, start: 5 * G, size: 4 * G, node: 1 } });
  expect(last(s, request(4 * G, 'ENOSPC')).result).toBe('ENOSPC');
  expect(blocks(s).length).toBe(10);
});

describe('what cannot be used of a device is said when it is found', () => {
  const texts = (release: string, given: object, expect = 'success') => {
    const s = booted(release, X86);
    const { messages } = last(s, { virtio_mem: { device: 0, node: 0, expect, ...given } });
    return { s, texts: messages.filter((text) => !/: (?:[a-z ]+ (?:size|address)|nid): \w+$/.test(text)) };
  };
  const UNALIGNED = ['start', 'end'].map(
    (what) =>
      `virtio_mem virtio0: The alignment of the physical ${what} address can make some memory unusable.`,
  );

  test('ends inside of blocks', () => {
    expect(texts('v6.1', { start: 0x102000000, size: 900 * M }).texts).toEqual(UNALIGNED);
    expect(texts('v5.10', { start: 4 * G, size: 4 * G }).texts).toEqual([]);
  });

  test.each([
    ['v5.10', 'Some memory is not addressable. This'],
    ['v6.1', 'Some device memory is not addressable/pluggable. This'],
  ])('%s: what lies above all that can be mapped, and nothing of it is tried', (release, what) => {
    const { s, texts: found } = texts(release, { start: 2 ** 46, size: 4 * G });
    expect(found).toEqual([`virtio_mem virtio0: ${what} can make some memory unusable.`]);
    expect(last(s, request(128 * M, 'ENOSPC'))).toMatchObject({
      result: 'ENOSPC',
      messages: ['virtio_mem virtio0: plugged size: 0x0', 'virtio_mem virtio0: requested size: 0x8000000'],
    });
  });

  test('v5.10: a device block that is larger than a memory block', () => {
    expect(texts('v5.10', { start: 4 * G, size: 4 * G, block: 256 * M }, 'EINVAL').texts).toEqual([
      'virtio_mem virtio0: The block size is not supported (too big).',
      'virtio_mem: probe of virtio0 failed with error -22',
    ]);
  });
});

test('big block mode: blocks of the device come and go whole', () => {
  const s = booted('v6.1', X86);
  const big = { virtio_mem: { device: 0, start: 5 * G, size: 2 * G, node: 1, block: 256 * M } };
  must(s, big, request(256 * M));
  expect(s.state.virtio_mem.get(0)).toMatchObject({
    in_sbm: false,
    unit_size: 256 * M,
    plugged_size: 256 * M,
  });
  expect(blocks(s)).toEqual([40, 41]);
  must(s, online(40, 41), request(0));
  expect(blocks(s)).toEqual([]);
});

describe('the driver goes and comes', () => {
  const DRIVER = '/sys/bus/virtio/drivers/virtio_mem';
  const write = (file: 'bind' | 'unbind') => ({
    write: { path: `${DRIVER}/${file}`, value: 'virtio0', expect: 'any' },
  });
  const said = (s: S, ...steps: object[]) => play(s, ...steps).at(-1)!;
  const named = (s: S) => s.state.iomem_resource.children.some(({ name }) => name === 'virtio0');

  test('nothing is added: the region is free again', () => {
    const s = booted('v6.1', X86);
    must(s, device, request(128 * M), { online_movable: 40 }, request(0));
    expect(said(s, write('unbind'))).toMatchObject({ result: 'success', messages: [] });
    expect(named(s)).toBe(false);
    expect(said(s, write('unbind')).result).toBe('ENODEV');
  });

  test('a block that is partly plugged and offline is removed, one that is online stays', () => {
    const s = booted('v6.1', X86);
    must(s, device, request(192 * M), { online_movable: 40 });
    expect(blocks(s)).toEqual([40, 41]);
    expect(said(s, write('unbind'))).toMatchObject({
      result: 'success',
      messages: ['virtio_mem virtio0: device still has system memory added'],
    });
    expect([blocks(s), named(s)]).toEqual([[40], true]);
    // its region is not free for the driver
    expect(said(s, write('bind'))).toMatchObject({
      result: 'EBUSY',
      messages: expect.arrayContaining([
        'virtio_mem virtio0: could not reserve device region',
        'virtio_mem: probe of virtio0 failed with error -16',
      ]),
    });
  });

  test('without the driver the unplugged part of a block keeps it online', () => {
    const s = booted('v6.1', X86);
    must(s, device, request(64 * M), { online_movable: 40 });
    must(s, write('unbind'));
    expect(said(s, { offline: { blocks: 40, expect: 'any' } }).result).toBe('EBUSY');
  });

  test.each(['v5.10', 'v6.1'])('%s: a new driver unplugs what is left and serves the request', (release) => {
    const s = booted(release, X86);
    // what is offline and whole stays plugged, and in the kernel
    must(s, device, request(128 * M));
    expect(said(s, write('unbind')).messages).toEqual([
      'virtio_mem virtio0: device still has system memory added',
    ]);
    must(s, { remove: { start: 5 * G, size: 128 * M } }, { lose_resource: { start: 5 * G, size: 2 * G } });
    const bound = said(s, write('bind'));
    expect(bound.result).toBe('success');
    expect(bound.messages).toEqual(
      expect.arrayContaining([
        'virtio_mem virtio0: unplugging all memory is required',
        'virtio_mem virtio0: plugged size: 0x0',
        'virtio_mem virtio0: requested size: 0x8000000',
      ]),
    );
    expect(blocks(s)).toEqual([40]);
  });

  test.each(['v5.10', 'v6.1'])('%s: without a driver it remembers the request, and can go', (release) => {
    const s = booted(release, X86);
    must(s, device, write('unbind'), request(128 * M));
    expect(blocks(s)).toEqual([]);
    must(s, write('bind'));
    expect(blocks(s)).toEqual([40]);
    must(s, request(0), { virtio_mem_remove: { device: 0 } });
    expect([s.state.virtio_mem.size, named(s)]).toEqual([0, false]);
  });

  test('what it says of the device', () => {
    const s = booted('v6.1', X86);
    expect(said(s, device).messages).toEqual(
      [
        'start address: 0x140000000',
        'region size: 0x80000000',
        'device block size: 0x200000',
        'nid: 1',
        'memory block size: 0x8000000',
        'subblock size: 0x200000',
        'plugged size: 0x0',
        'requested size: 0x0',
      ].map((text) => `virtio_mem virtio0: ${text}`),
    );
    const big = booted('v6.1', X86);
    const bigBlocks = { virtio_mem: { ...device.virtio_mem, block: '256M' } };
    expect(said(big, bigBlocks).messages).toContain('virtio_mem virtio0: big block size: 0x10000000');
  });
});

describe('memory that others have added in the region of a device', () => {
  const ends = { start: 5 * G + 128 * M, size: 128 * M };

  test.each(['v5.10', 'v6.1', 'v7.2'])('%s: is nothing that the driver plugs or unplugs', (release) => {
    const s = booted(release, X86);
    must(s, device, { add: ends }, { online_movable: 41 });
    const [outcome] = play(s, request(256 * M, 'any'));
    expect(outcome!.result).toBe('EEXIST');
    expect(s.state.virtio_mem.get(0)!.plugged_size).toBe(128 * M);
    must(s, request(0));
    expect(blocks(s)).toEqual([41]);
  });

  test('with big blocks it goes to the page allocator', () => {
    const s = booted('v6.1', X86);
    must(s, { virtio_mem: { ...device.virtio_mem, block: '128M' } }, { add: ends }, { online_movable: 41 });
    expect(s.state.pages.first(5 * 2 ** 18, 6 * 2 ** 18, PageOffline)).toBe(-1);
  });
});

test('no program has pages that are not plugged', () => {
  const s = booted('v6.1', X86);
  must(s, device, request(64 * M), { online_movable: 40 });
  const use = { start: 5 * G, size: 66 * M, as: 'movable' };
  expect(() => play(s, { use })).toThrow('use: the page at 0x144000000 is not plugged in virtio0');
});
