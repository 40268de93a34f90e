import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, test } from 'vitest';
import { inProcess, type Printed } from '../../../test/in-process.ts';
import { define as ls } from '../commands/machine/ls.ts';
import { define as pages } from '../commands/machine/pages.ts';
import { define as ptdump } from '../commands/machine/ptdump.ts';
import { define as run } from '../commands/machine/run.ts';
import { define as sections } from '../commands/machine/sections.ts';

// Every command that takes a machine opens the same sources and prints the same notes.

const tmp = mkdtempSync(join(tmpdir(), 'mhp-one-way-'));
afterAll(() => rmSync(tmp, { recursive: true, force: true }));
afterEach(() => {
  process.exitCode = 0;
});

function put(path: string, text: string): string {
  const full = join(tmp, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  return full;
}

interface Described {
  readonly id: number;
  readonly zone: string;
  readonly removable?: string;
}

/** A copy of sys/devices/system/memory and nothing else. */
function dump(name: string, blockSize: number, blocks: readonly Described[]): string {
  const memory = `${name}/sys/devices/system/memory`;
  put(`${memory}/block_size_bytes`, `${blockSize.toString(16)}\n`);
  for (const { id, zone, removable = '1' } of blocks) {
    put(`${memory}/memory${id}/state`, 'online\n');
    put(`${memory}/memory${id}/removable`, `${removable}\n`);
    put(`${memory}/memory${id}/valid_zones`, `${zone}\n`);
    symlinkSync('../../node/node0', join(tmp, memory, `memory${id}/node0`));
  }
  return join(tmp, name);
}

const COMMANDS = ['run', 'pages', 'sections', 'ptdump', 'ls'] as const;
type Name = (typeof COMMANDS)[number];

/** Runs a command on a source; `run` by a scenario that names it. */
function on(name: Name, source: string, ...args: readonly string[]): Promise<Printed> {
  switch (name) {
    case 'run': {
      const file = put('scenario.yaml', `machine: ${source}\nsteps: [{ unpin: {} }]\n`);
      return inProcess(run, ['run', file, ...args]);
    }
    case 'ls':
      return inProcess(ls, ['ls', '-s', source, ...args]);
    case 'pages':
      return inProcess(pages, ['pages', source, ...args]);
    case 'sections':
      return inProcess(sections, ['sections', source, ...args]);
    case 'ptdump':
      return inProcess(ptdump, ['ptdump', source, ...args]);
  }
}

const notes = ({ stderr }: Printed): string[] => stderr.split('\n').filter((line) => line !== '');

const asahi = dump('asahi', 2 ** 27, [
  { id: 8192, zone: 'DMA' },
  { id: 8193, zone: 'DMA' },
]);
const s390 = dump('s390', 2 ** 28, [
  { id: 0, zone: 'DMA' },
  { id: 1, zone: 'DMA' },
  { id: 8, zone: 'Normal' },
]);
const old = dump('old', 2 ** 27, [
  { id: 0, zone: 'none', removable: '0' },
  { id: 1, zone: 'DMA32' },
  { id: 2, zone: 'DMA32', removable: '0' },
]);

test('mhp run on a machine itself shows the whole life of a block on it', async () => {
  const machine = put('machine.yaml', 'arch: x86_64\nrelease: v6.12\nram: [{ start: 0, size: 2G }]\n');
  const printed = await inProcess(run, ['run', machine, '--json']);
  expect(printed.error).toBeUndefined();
  const { steps } = JSON.parse(printed.stdout) as { steps: { operation: string; result: string }[] };
  expect(steps.map(({ operation, result }) => `${operation}: ${result}`)).toEqual([
    'device_add dimm0 0x80000000 0x8000000 node 0: success',
    'echo online_movable > /sys/devices/system/memory/memory16/state: success',
    'echo offline > /sys/devices/system/memory/memory16/state: success',
    'device_del dimm0: success',
  ]);
});

test('mhp run takes a machine or this host, not both', async () => {
  const { error } = await inProcess(run, ['run', asahi, '--host']);
  expect(error).toMatchObject({ message: `${asahi}: is a machine, and --host asks for this one` });
});

describe('a source that does not say its architecture', () => {
  const ASSUMED =
    'note: no uname: the architecture is unknown, arm64 is assumed: zone DMA of x86_64 ends at 0x1000000, but memory8192 at 0x10000000000 is in it';

  it.each(COMMANDS)('mhp %s notes what it assumes, on standard error', async (name) => {
    const printed = await on(name, asahi);
    expect(printed.error).toBeUndefined();
    expect(notes(printed)).toEqual(
      expect.arrayContaining([
        ASSUMED,
        'note: the page size is unknown, 4096 is assumed',
        'note: the width of addresses is unknown, 48 bits are assumed',
      ]),
    );
    expect(printed.stdout).not.toContain('note:');
  });

  it.each(['run', 'pages', 'sections', 'ptdump'] as const)(
    'mhp %s notes the assumed release',
    async (name) => {
      expect(notes(await on(name, asahi))).toContain('note: the kernel release is unknown, v7.2 is assumed');
    },
  );

  it.each(['run', 'pages', 'sections', 'ptdump'] as const)('mhp %s believes the options', async (name) => {
    const given = ['--arch', 'arm64', '--page-size', '16K', '--release', 'v6.12'];
    const printed = await on(name, asahi, ...given);
    expect(printed.error).toBeUndefined();
    expect(printed.stderr).not.toMatch(/architecture|page size|release/);
  });

  it('believes --arch against the source, and says what speaks against it', async () => {
    expect(notes(await on('sections', asahi, '--arch', 'x86_64'))).toContain(
      'note: taken as x86_64, although zone DMA of x86_64 ends at 0x1000000, but memory8192 at 0x10000000000 is in it',
    );
  });

  it.each([
    [['--arch', 's390x'], '--arch: "s390x" is not one of arm64, x86_64'],
    [['--page-size', '8K'], '--page-size: "8K" is not a page size: 4096, 16384, 65536'],
    [['--arch', 'x86_64', '--page-size', '64K'], '--page-size: "64K" is not a page size of x86_64: 4096'],
    [['--release', 'v9'], '--release: "v9" is not a modelled release; near it: v7.2'],
  ])('refuses %j', async (args, message) => {
    expect(await on('sections', asahi, ...args)).toMatchObject({ error: { message } });
  });

  it('has its notes in JSON', async () => {
    for (const name of ['run', 'pages', 'sections'] as const) {
      const { stdout } = await on(name, asahi, '--json');
      expect((JSON.parse(stdout) as { notes: string[] }).notes).toContain(ASSUMED.slice('note: '.length));
    }
  });
});

describe('a source of an architecture that is not modelled', () => {
  const what = 'is of s390x or ppc64, which is not modelled: ';

  it.each(['run', 'pages', 'sections', 'ptdump'] as const)('mhp %s refuses it by name', async (name) => {
    expect((await on(name, s390)).error).toMatchObject({ message: expect.stringContaining(what) as string });
  });

  it('mhp ls lists its blocks as recorded, and says so', async () => {
    const { stdout, stderr, error } = await on('ls', s390, '-n', '-o', 'RANGE,ZONES', '--summary=never');
    expect(error).toBeUndefined();
    expect(stdout).toBe(
      '0x0000000000000000-0x000000001fffffff    DMA\n0x0000000080000000-0x000000008fffffff Normal\n',
    );
    expect(stderr).toMatch(/^note: .*is of s390x or ppc64.*: its blocks are listed as recorded\n$/);
  });

  it('by its uname, too', async () => {
    put('ppc/proc/version', 'Linux version 5.14.0-70.el9.ppc64le (x) #1 SMP\n');
    put('ppc/proc/zoneinfo', '');
    expect((await on('sections', join(tmp, 'ppc'))).error).toMatchObject({
      message: `${join(tmp, 'ppc')}: is of ppc64le: only x86_64 and arm64 are modelled`,
    });
  });
});

describe('REMOVABLE is a fact', () => {
  it('0 means a release that looks for unmovable pages, if the source does not say its release', async () => {
    const printed = await on('run', old);
    expect(notes(printed)).toEqual(
      expect.arrayContaining([
        'note: the kernel release is unknown, v5.3 is assumed: v5.4 calls every block removable',
        'note: 2 online blocks are not removable: the first free page of each is taken as unmovable',
      ]),
    );
    const lines = printed.stdout.split('\n').filter((line) => line.startsWith('0x'));
    expect(lines.map((line) => line.split(/ +/).slice(2, 5))).toEqual([
      ['online', 'no', '0'],
      ['online', 'yes', '1'],
      ['online', 'no', '2'],
    ]);
  });

  it('contradicts a later release, which is said', async () => {
    expect(notes(await on('run', old, '--release', 'v6.1'))).toContain(
      'note: 2 online blocks are not removable in the source: v6.1 calls every block removable, unless built without CONFIG_MEMORY_HOTREMOVE',
    );
  });
});

describe('what people have', () => {
  const TABLE = [
    'RANGE                                 SIZE   STATE REMOVABLE BLOCK NODE          ZONES',
    '0x0000000000000000-0x000000003fffffff   1G  online       yes   0-7    0          DMA32',
    '0x0000000100000000-0x0000000107ffffff 128M offline              32    0 Normal/Movable',
    '',
    'Memory block size:       128M',
    'Total online memory:       1G',
    'Total offline memory:    128M',
    '',
  ].join('\n');
  const DMESG = [
    '[    0.000000] Linux version 6.12.5-amd64 (x) #1 SMP',
    '[    0.000000] Command line: quiet',
    '[    0.000000] Early memory node ranges',
    '[    0.000000]   node   0: [mem 0x0000000000000000-0x000000003fffffff]',
    '',
  ].join('\n');
  const blocks = async (source: string): Promise<string[]> =>
    (await on('ls', source, '-r', '-n', '-o', 'RANGE,STATE')).stdout.trimEnd().split('\n');
  const ONLINE = '0x0000000000000000-0x000000003fffffff online';
  const OFFLINE = '0x0000000100000000-0x0000000107ffffff offline';

  it.each([
    ['the output of lsmem', () => put('lsmem.txt', TABLE), [ONLINE, OFFLINE]],
    [
      'its JSON',
      () =>
        put(
          'lsmem.json',
          '{"memory":[{"range":"0x0000000000000000-0x000000003fffffff","size":"1G","state":"online","removable":true,"block":"0-7"}]}',
        ),
      [ONLINE],
    ],
    ['dmesg', () => put('boot.log', DMESG), [ONLINE]],
    [
      'a directory of such files',
      () => {
        put('files/lsmem', TABLE);
        put('files/dmesg.txt', DMESG);
        return join(tmp, 'files');
      },
      [ONLINE, OFFLINE],
    ],
    [
      'a sosreport without the directories of blocks',
      () => {
        put('sos/proc/zoneinfo', '');
        put('sos/sys/devices/system/memory/block_size_bytes', '8000000\n');
        put('sos/sos_commands/memory/lsmem_-a', TABLE);
        return join(tmp, 'sos');
      },
      [ONLINE, OFFLINE],
    ],
    ['a machine file', () => put('m.yaml', 'arch: x86_64\nram: [{start: 0, size: 1G}]\n'), [ONLINE]],
    [
      'a scenario, run to its end',
      () =>
        put(
          's.yaml',
          'machine: {arch: x86_64, ram: [{start: 0, size: 1G}]}\nsteps: [{add: {start: 4G, size: 128M}}]\n',
        ),
      [ONLINE, OFFLINE],
    ],
  ])('%s is a source of every command', async (_, make, expected) => {
    const source = make();
    expect(await blocks(source)).toEqual(expected);
    expect((await on('sections', source)).error).toBeUndefined();
    expect((await on('pages', source)).error).toBeUndefined();
  });

  it('the release of dmesg is the release, and lsmem tells the blocks', async () => {
    const printed = await on('run', join(tmp, 'files'));
    expect(printed.stdout).toContain(`${join(tmp, 'files')}: x86_64, v6.12 (`);
    expect(printed.stderr).not.toMatch(/architecture|release/);
  });

  const CXL =
    '[{"decoder":"decoder0.0","resource":17179869184,"size":8589934592},{"region":"region0","resource":17179869184,"size":536870912,"type":"ram"}]';

  it('the JSON of cxl list is a machine with assumed RAM, and beside the output of lsmem tells what is CXL memory', async () => {
    const alone = put('cxl.json', CXL);
    for (const name of ['ls', 'pages', 'sections'] as const) {
      const printed = await on(name, alone, '--release', 'v6.12');
      expect(printed.error).toBeUndefined();
      expect(notes(printed)).toContainEqual('note: no RAM is described: 4G on node 0 is assumed, from 0x0');
    }
    const listed = await on('ls', alone, '-r', '-n', '-o', 'RANGE,STATE', '--release', 'v6.12');
    expect(listed.stdout.split('\n').slice(0, 2)).toEqual([
      '0x0000000000000000-0x00000000ffffffff online',
      '0x0000000400000000-0x000000041fffffff offline',
    ]);
    put(
      'cxl/lsmem.json',
      JSON.stringify({
        memory: [
          {
            range: '0x0000000000000000-0x000000003fffffff',
            state: 'online',
            block: '0-7',
            node: 0,
            zones: 'DMA32',
          },
          {
            range: '0x0000000400000000-0x000000041fffffff',
            state: 'online',
            block: '128-131',
            node: 0,
            zones: 'Movable',
          },
        ],
      }),
    );
    put('cxl/cxl_list.json', CXL);
    const file = put(
      'cxl.yaml',
      `machine: ${join(tmp, 'cxl')}\nrelease: v6.12\nsteps: [{ daxctl: reconfigure-device -f -m devdax dax0.0 }]\n`,
    );
    const printed = await inProcess(run, ['run', file, '--no-map', '--show', '/proc/iomem']);
    expect(printed.error).toBeUndefined();
    expect(printed.stdout).toContain('memory128..131: gone');
    expect(printed.stdout).toContain(
      '400000000-5ffffffff : CXL Window 0\n  400000000-41fffffff : region0\n    400000000-41fffffff : dax0.0\n',
    );
  });
});
