import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ARM64, booted, G, M, type MachineObject, X86 } from '../../../test/kit.ts';
import { askedMachine } from '../../cli/inputs/asked-machine.ts';
import { findRelease } from '../../releases/index.ts';
import type { AskedMachine } from '../machine.ts';
import { planAdd } from './add.ts';
import type { AddRequest } from './add-request.ts';

const described = (release: string, machine: MachineObject): AskedMachine => {
  const session = booted(release, machine);
  const about = {
    source: 'machine',
    arch: session.kernel.c.arch,
    page_size: session.kernel.c.PAGE_SIZE,
    missing: [],
  };
  const none = { tree: null, pages: null, no_pages: 'described', notes: [] };
  return { machine: about, release: findRelease(release)!, session, ...none };
};
const plan = (asked: AskedMachine, request: Partial<AddRequest> & { size: number }) =>
  planAdd(asked, { start: undefined, kind: 'dimm', node: 0, policy: undefined, host: undefined, ...request });

describe('verdicts from the field', () => {
  test('blocks of 128M refuse 0x100200000', () => {
    const found = plan(described('v6.1', X86), { start: 0x100200000, size: G });
    expect(found).toMatchObject({
      accepted: false,
      errno: 'EINVAL',
      nearest_starts: [0x100000000, 0x108000000],
    });
    expect(found.why).toContain('no multiple of the memory block size (0x8000000)');
  });

  test('sections of 1G refuse 0xc8000000 on arm64 before v5.12', () => {
    expect(plan(described('v5.10', ARM64), { start: 0xc8000000, size: G })).toMatchObject({
      accepted: false,
      nearest_starts: [0xc0000000, 0x100000000],
    });
    expect(plan(described('v6.1', ARM64), { start: 0xc8000000, size: G }).accepted).toBe(true);
  });

  test('0x1040000000 is accepted with blocks of 1G', () => {
    expect(plan(described('v5.10', ARM64), { start: 0x1040000000, size: G }).accepted).toBe(true);
  });

  test('12 GiB need 192 MiB of struct pages', () => {
    const { costs } = plan(described('v6.1', X86), { start: 16 * G, size: 12 * G });
    expect(costs).toMatchObject({ memmap: 192 * M, on_memory: false });
    expect(costs!.needed).toBeGreaterThanOrEqual(192 * M);
  });

  test('a device of 127006 MiB as system RAM gives 992 blocks of 128M and loses 30M', () => {
    expect(plan(described('v6.1', X86), { start: 16 * G, size: 127_006 * M, kind: 'kmem' })).toMatchObject({
      accepted: true,
      blocks: 992,
      lost: 30 * M,
    });
  });
});

describe('on recorded machines', () => {
  const ask = (name: string) =>
    askedMachine(fileURLToPath(new URL(`../../../recordings/${name}`, import.meta.url)), { words: false });

  test('arm64, rodata=full: 513 tables for 1G, as recorded after the plug', async () => {
    const found = plan(await ask('arm64-6.1-full61.tar.xz:2'), { start: 0x80000000, size: G, node: 1 });
    expect(found.costs).toEqual({
      memmap: 16 * M,
      page_tables: 513 * 4096,
      on_memory: false,
      needed: 16 * M + 513 * 4096,
    });
    expect(found).toMatchObject({ first_block: 16, blocks: 8, lost: 0 });
  });

  test('memmap_on_memory: v6.1 takes it for one block only', async () => {
    const asked = await ask('x86_64-6.1-memmap-on-memory.tar.xz:0');
    const one = plan(asked, { start: 0x180000000, size: 128 * M, node: 1 });
    expect(one.memmap_on_memory.applies).toBe(true);
    expect(one.costs).toMatchObject({ on_memory: true });
    const two = plan(asked, { start: 0x180000000, size: 256 * M, node: 1 });
    expect(two.memmap_on_memory).toEqual({
      applies: false,
      why: 'v6.1 takes it only for a device of exactly one memory block',
    });
    expect(two.costs).toMatchObject({ on_memory: false });
  });

  test('zones by the way of bringing it online, who does it, and the ratio', async () => {
    const found = plan(await ask('x86_64-6.1-dimm-movable.tar.xz:0'), { size: G });
    expect(found.zones).toEqual([
      { how: 'online', zone: 'Normal' },
      { how: 'online_kernel', zone: 'Normal' },
      { how: 'online_movable', zone: 'Movable' },
    ]);
    expect(found.onlined_by[0]).toContain('nobody');
    expect(found.ratio!.movable.movable - found.ratio!.before.movable).toBe(G);
    const auto = plan(await ask('x86_64-6.1-dimm-movable.tar.xz:0'), { size: G, policy: 'online_movable' });
    expect(auto.zones).toEqual([{ how: 'by the policy', zone: 'Movable' }]);
    expect(auto.onlined_by[0]).toBe('the kernel: auto_online_blocks is online_movable');
  });
});

describe('a bare-metal x86 host of 64 GiB and more has blocks of 2G, a guest 128M', () => {
  const large = (guest: boolean): MachineObject => ({
    ...X86,
    guest,
    ram: [
      { start: 0, size: '2G' },
      { start: '4G', size: 60 * G + 128 * M },
    ],
  });

  test('sizes of blocks', () => {
    expect(plan(described('v6.12', large(false)), { size: 2 * G }).block_size).toBe(2 * G);
    expect(plan(described('v6.12', large(true)), { size: 2 * G }).block_size).toBe(128 * M);
  });

  test('0x1040000000 is refused with blocks of 2G', () => {
    expect(plan(described('v6.12', large(false)), { start: 0x1040000000, size: 2 * G })).toMatchObject({
      accepted: false,
      errno: 'EINVAL',
    });
  });

  test('4G at 0x2070000000 whose memmap takes 64M loses 1.94 GiB', () => {
    const found = plan(described('v6.12', large(false)), {
      start: 0x2074000000,
      size: 4 * G - 64 * M,
      kind: 'kmem',
    });
    expect(found.accepted).toBe(true);
    expect(found.lost).toBe(4 * G - 64 * M - 2 * G);
    expect((found.lost / G).toFixed(2)).toBe('1.94');
  });
});

describe('what is refused, and why', () => {
  test.each([
    ['v6.1', X86, 'dimm', 'EINVAL'],
    ['v6.1', X86, 'kmem', 'ENOMEM'],
    ['v7.2', ARM64, 'cxl', 'ENOMEM'],
    ['v6.1', ARM64, 'kmem', 'BUG'],
  ] as const)(
    '%s: no memory for struct pages, and what there is enough for',
    (release, machine, kind, errno) => {
      const asked = described(release, machine);
      const found = plan(asked, { start: 2 ** 40, size: 2 ** 40, kind });
      expect(found).toMatchObject({ accepted: false, errno });
      expect(found.why).toContain('the struct pages take 16384M, and ');
      const [size] = found.nearest_sizes as [number];
      expect(plan(asked, { start: 2 ** 40, size, kind }).accepted).toBe(true);
      expect(plan(asked, { start: 2 ** 40, size: size + found.block_size, kind }).accepted).toBe(false);
    },
  );

  test('a dax device without a whole block: what its driver says', () => {
    for (const kind of ['kmem', 'cxl'] as const)
      expect(plan(described('v6.1', X86), { start: 0x180000000, size: 100 * M, kind })).toMatchObject({
        errno: 'EINVAL',
        messages: expect.arrayContaining([
          'kmem dax0.0: mapping0: 0x180000000-0x1863fffff too small after alignment',
          'kmem dax0.0: rejecting DAX region without any memory after alignment',
        ]),
        why: 'less than one whole memory block (0x8000000) is left once the device is aligned',
        nearest_sizes: [128 * M],
      });
  });

  test('a kernel without ACPI_HOTPLUG_MEMORY ignores DIMMs', () => {
    const asked = described('v6.1', { ...ARM64, config: { ACPI_HOTPLUG_MEMORY: 'n' } });
    expect(plan(asked, { start: 4 * G, size: G })).toMatchObject({
      errno: 'ENODEV',
      why: 'the kernel is built without CONFIG_ACPI_HOTPLUG_MEMORY and ignores DIMMs',
    });
  });
});
