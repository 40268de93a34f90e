import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { define } from '../../src/cli/commands/answers/plan.ts';
import { printedBy } from '../in-process.ts';

// What people saw on their machines, asked as they would ask.

const G = 2 ** 30;
const M = 2 ** 20;

let folder = '';
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-plan-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  process.exitCode = 0;
});

const plan = async (...args: readonly string[]) =>
  JSON.parse(await printedBy(define, ['plan', ...args, '--json']));
const text = (...args: readonly string[]): Promise<string> => printedBy(define, ['plan', ...args]);

const machine = (name: string, lines: readonly string[]): string => file(name, `${lines.join('\n')}\n`);
const x86 = () => machine('x86.yaml', ['arch: x86_64', 'ram: [{start: 0, size: 2G}, {start: 4G, size: 4G}]']);
const large = (guest: boolean) =>
  machine(`large-${guest}.yaml`, [
    'arch: x86_64',
    `guest: ${guest}`,
    `ram: [{start: 0, size: 2G}, {start: 4G, size: ${60 * G + 128 * M}}]`,
  ]);
const arm64 = () => machine('arm64.yaml', ['arch: arm64', 'ram: [{start: 1G, size: 1G}]']);

describe('mhp plan add', () => {
  test('blocks of 128M refuse 0x100200000', async () => {
    expect(await plan('add', '1G', '--at', '0x200200000', '-s', x86(), '--release', 'v6.1')).toMatchObject({
      accepted: false,
      errno: 'EINVAL',
    });
    expect(await text('add', '1G', '--at', '0x100200000', '-s', arm64(), '--release', 'v6.1')).toBe(
      [
        '1G (dimm) at 0x0000000100200000-0x00000001401fffff, node 0: refused with EINVAL: start or size is no multiple of the memory block size (0x8000000).',
        'accepted next to it:',
        '  start 0x100000000',
        '  start 0x108000000',
        'the kernel prints:',
        '  Block size [0x8000000] unaligned hotplug range: start 0x100200000, size 0x40000000',
        '  acpi PNP0C80:00: add_memory failed',
        '  acpi PNP0C80:00: acpi_memory_enable_device() error',
        '',
      ].join('\n'),
    );
    expect(process.exitCode).toBe(1);
  });

  test('sections of 1G refuse 0xc8000000, those of 128M accept it', async () => {
    const at = ['add', '1G', '--at', '0xc8000000', '-s', arm64(), '--release'];
    expect(await plan(...at, 'v5.10')).toMatchObject({
      accepted: false,
      errno: 'EINVAL',
      block_size: G,
      nearest_starts: [0xc0000000, 0x100000000],
    });
    expect(await plan(...at, 'v6.1')).toMatchObject({ accepted: true, block_size: 128 * M });
  });

  test('0x1040000000 is refused with blocks of 2G and accepted with 1G', async () => {
    const refused = await plan('add', '2G', '--at', '0x1040000000', '-s', large(false), '--release', 'v6.12');
    expect(refused).toMatchObject({ accepted: false, errno: 'EINVAL', block_size: 2 * G });
    const accepted = await plan('add', '2G', '--at', '0x1040000000', '-s', arm64(), '--release', 'v5.10');
    expect(accepted).toMatchObject({ accepted: true, block_size: G, blocks: 2 });
  });

  test('12 GiB need 192 MiB of struct pages', async () => {
    const { costs } = await plan('add', '12G', '-s', x86(), '--release', 'v6.1');
    expect(costs).toMatchObject({ memmap: 192 * M, on_memory: false });
  });

  test('bare metal with 64G and more has blocks of 2G, a guest of 128M', async () => {
    const size = async (guest: boolean) =>
      (await plan('add', '2G', '-s', large(guest), '--release', 'v6.12')).block_size;
    expect([await size(false), await size(true)]).toEqual([2 * G, 128 * M]);
  });

  test('a virtio-mem device has no blocks of 6 MiB', async () => {
    const add = ['add', '1G', '--kind', 'virtio-mem', '-s', x86(), '--release', 'v6.1', '--device-block'];
    expect((await plan(...add, '6M')).why).toBe(
      'a device block of 0x600000 is no power of 2, as virtio 1.2 demands: 0x400000 and 0x800000 are',
    );
    expect((await plan(...add, '4M')).accepted).toBe(true);
  });
});

describe('mhp plan pmem', () => {
  const RANGE = '0x200000000-0x2fbffffff';

  test.each([
    ['RAM', [RANGE], '{start: 0x2fc000000, size: 1G}'],
    ['another region', [RANGE, '0x2fc000000+1G'], null],
  ])(
    'pmem that ends 64M into a section, with %s behind it, collided before v5.3',
    async (what, ranges, ram) => {
      const more = ram === null ? '' : `, ${ram}`;
      const source = machine('pmem.yaml', [
        'arch: x86_64',
        `ram: [{start: 0, size: 2G}, {start: 4G, size: 4G}${more}]`,
      ]);
      const { devices } = await plan('pmem', ...ranges, '-s', source);
      const [first] = devices;
      expect(first.shared).toEqual([
        { start: 0x2f8000000, size: 128 * M, with: [what === 'RAM' ? 'System RAM' : 'region1'] },
      ]);
      const fsdax = first.outcomes.filter(({ use }: { use: string }) => use === 'fsdax');
      expect(fsdax.map(({ first, last, lost }: Record<string, unknown>) => [first, last, lost])).toEqual([
        ['v5.2', 'v5.2', 64 * M],
        ['v5.3', 'v7.2', 0],
      ]);
      expect(fsdax[0].messages.join('\n')).toContain('alignment collision, truncate 67108864 bytes');
      expect(first.best[0]).toMatchObject({
        use: 'fsdax',
        first: 'v5.2',
        alignment: 128 * M,
        inside: { start: 0x200000000, size: 0xf8000000 },
        around: null,
      });
    },
  );

  test('127006 MiB as system RAM: 992 blocks of 128M, 30M are lost', async () => {
    const layout = file(
      'daxctl.json',
      JSON.stringify([
        {
          path: '/platform/hmem.0',
          id: 0,
          size: 127_006 * M,
          align: 2 * M,
          devices: [
            {
              chardev: 'dax0.0',
              size: 127_006 * M,
              target_node: 0,
              mode: 'devdax',
              mappings: [{ page_offset: 0, start: 64 * G, end: 64 * G + 127_006 * M - 1, size: 127_006 * M }],
            },
          ],
        },
      ]),
    );
    const { devices } = await plan('pmem', layout, '--release', 'v6.12');
    expect(devices).toMatchObject([
      { name: 'dax0.0', outcomes: [{ accepted: true, blocks: 992, block_size: 128 * M, lost: 30 * M }] },
    ]);
    expect(await text('pmem', layout, '--release', 'v6.12')).toContain(
      '124G usable, 992 blocks of 128M (memory512..1503), 30M lost (no whole memory block)',
    );
  });

  test('4G at 0x2070000000 with blocks of 2G: 1.94 GiB are lost', async () => {
    const said = await text('pmem', '0x2070000000+4G', '-s', large(false), '--release', 'v6.12');
    expect(said).toContain(
      'as system RAM: 2G usable, 1 block of 2G (memory65), 66M for struct pages and info block, 1.94G lost (no whole memory block)',
    );
    const { devices } = await plan('pmem', '0x2070000000+4G', '-s', large(false), '--release', 'v6.12');
    const [ram] = devices[0].outcomes.filter(({ use }: { use: string }) => use === 'system-ram');
    expect((ram.lost / G).toFixed(2)).toBe('1.94');
  });
});

test.each([
  [['0x100000000+1G'], 'System RAM is in 0x100000000+0x40000000'],
  [['0x200000000+1G', '0x220000000+1G'], 'region0 is in 0x220000000+0x40000000'],
  [['0x200000000-0x100000000'], '"0x200000000-0x100000000" is no range'],
  [['0x200000000'], '"0x200000000" is no range'],
])('a layout that cannot be is refused: %j', async (ranges, message) => {
  await expect(plan('pmem', ...ranges, '-s', x86())).rejects.toThrow(message);
});

describe('mhp plan cxl', () => {
  const layout = () =>
    file(
      'cxl.json',
      JSON.stringify([
        {
          decoder: 'decoder0.0',
          resource: 0x2070000000,
          size: 12 * G,
          interleave_ways: 3,
          interleave_granularity: 256,
          volatile_capable: true,
          'regions:decoder0.0': [
            {
              region: 'region0',
              resource: 0x2070000000,
              size: 3 * G,
              type: 'ram',
              interleave_ways: 3,
              interleave_granularity: 256,
              decode_state: 'commit',
            },
          ],
        },
      ]),
    );

  test('a region among 3 devices: its unit, its memory blocks, and what no release before v6.3 does', async () => {
    const { devices, windows } = await plan('cxl', layout());
    expect(windows).toEqual([
      expect.objectContaining({
        name: 'CXL Window 0',
        ways: 3,
        free: 9 * G,
        region_alignment: 768 * M,
        best_alignment: 768 * M,
      }),
    ]);
    expect(devices).toMatchObject([
      { name: 'region0', kind: 'cxl', ways: 3, interleave_alignment: 768 * M, shared: [] },
    ]);
    expect(
      devices[0].outcomes.map(({ first, last, accepted, blocks, lost }: Record<string, unknown>) => [
        first,
        last,
        accepted,
        blocks,
        lost,
      ]),
    ).toEqual([
      ['v5.2', 'v6.1', false, 0, 3 * G],
      ['v6.6', 'v7.2', true, 24, 0],
    ]);
  });

  test('a range that is no device yet', async () => {
    const { devices } = await plan('cxl', '0x2070000000+4G', '-s', large(false), '--release', 'v6.12');
    expect(devices[0].outcomes).toMatchObject([{ accepted: true, blocks: 1, lost: 2 * G }]);
    expect(devices[0].best).toEqual([
      {
        use: 'system-ram',
        first: 'v6.12',
        last: 'v6.12',
        alignment: 2 * G,
        inside: { start: 0x2080000000, size: 2 * G },
        around: { start: 0x2000000000, size: 6 * G },
      },
    ]);
  });
});
