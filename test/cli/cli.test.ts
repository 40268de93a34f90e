import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// The built program, as a user starts it (test/global-setup.ts has built it).

const root = new URL('../../', import.meta.url).pathname;
let folder = '';

const mhpWith = (
  environment: Readonly<Record<string, string>>,
  ...args: readonly string[]
): { status: number | null; stdout: string; stderr: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli/main.js', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  return { status, stdout, stderr };
};
const mhp = (...args: readonly string[]) => mhpWith({}, ...args);
const file = (name: string, text: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const MACHINE =
  'machine: {arch: x86_64, ram: [{start: 0, size: 1G}], nodes: [{node: 0, cpus: "0"}, {node: 1}]}\n';
const LIFE = `${MACHINE}release: v6.1
steps:
  - add: {start: 5G, size: 128M, node: 1}
  - online_movable: 40
  - offline: 40
  - remove: {start: 5G, size: 128M}
`;
const NDCTL = (option: string): string => `${MACHINE}release: v6.1
steps:
  - nvdimm: {region: 0, start: 5G, size: 256M}
  - ndctl: create-namespace -r region0 ${option}
`;
const REFUSED = `${MACHINE}release: v6.1
steps:
  - add: {start: 5G, size: 64M, node: 1}
  - add: {start: 5G, size: 128M, node: 1}
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('bad input: one line, exit status 2, no stack trace', () => {
  const recording = `${root}recordings/arm64-6.1-mmom61.tar.xz`;
  const cases: readonly [string, () => readonly string[], string][] = [
    ['no scenario', () => ['run'], 'mhp: run: needs a scenario, a machine or --host'],
    ['a missing file', () => ['run', `${folder}/no.yaml`], 'mhp: FOLDER/no.yaml: no such file'],
    [
      'a directory',
      () => ['run', folder],
      'mhp: FOLDER: has neither sys/devices/system/memory nor proc/iomem',
    ],
    [
      'garbage',
      () => ['run', file('garbage.yaml', 'steps: [}\n')],
      'mhp: FOLDER/garbage.yaml: line 1 column 9: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['an empty file', () => ['run', file('empty.yaml', '')], 'mhp: FOLDER/empty.yaml: is empty'],
    [
      'an unknown key',
      () => ['run', file('key.yaml', `${LIFE}more: 1\n`)],
      'mhp: FOLDER/key.yaml: line 1: unrecognized key: "more"',
    ],
    [
      'a machine that is not there',
      () => ['run', file('machine.yaml', 'machine: no.tar\nsteps: [{unpin: {}}]\n')],
      'mhp: FOLDER/no.tar: no such file or directory',
    ],
    [
      'a machine nobody built',
      () => ['run', file('impossible.yaml', LIFE.replace('ram:', 'block_size: 4K, ram:'))],
      'mhp: FOLDER/impossible.yaml: v6.1 on x86_64 has sections of 0x8000000: a memory block cannot be 0x1000',
    ],
    [
      'an operation that cannot be done',
      () => [
        'run',
        file(
          'bad.yaml',
          `${MACHINE}release: v5.2\nsteps:\n  - offline_and_remove: {start: 5G, size: 128M}\n`,
        ),
      ],
      'mhp: FOLDER/bad.yaml: line 4 steps[0]: v5.2 has no offline_and_remove_memory',
    ],
    [
      'an unknown release',
      () => ['run', file('life.yaml', LIFE), '--release', 'v4.2'],
      'mhp: --release: "v4.2" is not a modelled release; near it: v5.2 (--nearest takes v5.2)',
    ],
    [
      'a file to show that is not there',
      () => ['run', file('life.yaml', LIFE), '--show', '/proc/nothing'],
      'mhp: --show: /proc/nothing: no such file in the modelled kernel',
    ],
    [
      'a size that ndctl cannot parse',
      () => ['run', file('ndctl.yaml', NDCTL('-s 99999999999999999999G'))],
      'mhp: FOLDER/ndctl.yaml: line 5 steps[1]: ndctl: -s "99999999999999999999G" is not a size',
    ],
    [
      'an alignment that ndctl cannot parse',
      () => ['run', file('ndctl.yaml', NDCTL('-a 2Q'))],
      'mhp: FOLDER/ndctl.yaml: line 5 steps[1]: ndctl: -a "2Q" is not a size',
    ],
    [
      'a place of the memmap that there is not',
      () => ['run', file('ndctl.yaml', NDCTL('-M map'))],
      'mhp: FOLDER/ndctl.yaml: line 5 steps[1]: ndctl: -M "map" is neither mem nor dev',
    ],
    [
      'no trials',
      () => ['sections', '--padding', '--trials', '0'],
      'mhp: --trials: takes a number from 1 to 10000',
    ],
    [
      'trials of what is not measured',
      () => ['sections', file('life.yaml', LIFE), '--seed', '3'],
      'mhp: --seed: needs --padding',
    ],
    [
      'steps of no scenario',
      () => ['sections', '--padding', '--after', '3'],
      'mhp: --padding: takes no --after: it runs no scenario',
    ],
    [
      'a file to show where there are none',
      () => ['run', 'scenarios/memmap/B95-end-of-memory.yaml', '--show', '/proc/iomem'],
      'mhp: --show: a scenario with memory has its own machine, without /proc and /sys',
    ],
    ['an unknown command', () => ['bogus'], "error: unknown command 'bogus'"],
    ['an unknown option', () => ['run', '--bogus'], "error: unknown option '--bogus'"],
    [
      'too many arguments',
      () => ['run', 'a', 'b'],
      "error: too many arguments for 'run'. Expected 1 argument but got 2.",
    ],
    ['no recording', () => ['conform'], "error: missing required argument 'recording'"],
    [
      'a recording that is not there',
      () => ['conform', `${folder}/no.tar.xz`],
      'mhp: FOLDER/no.tar.xz: no such file or directory',
    ],
    [
      'a truncated recording',
      () => ['conform', file('cut.tar.xz', readFileSync(recording).subarray(0, 5000))],
      'mhp: FOLDER/cut.tar.xz: is truncated or damaged (xz: unexpected end of file)',
    ],
    [
      'no archive',
      () => ['conform', 'package.json'],
      'mhp: package.json: is not an intact tar archive (checksum failure)',
    ],
    [
      'a release nobody recorded',
      () => ['conform', '--release', 'v1', recording],
      'mhp: --release: "v1" is not a modelled release; near it: v5.2',
    ],
    [
      'a sysroot that is not there',
      () => ['ls', '-s', `${folder}/no`],
      'mhp: FOLDER/no: no such file or directory',
    ],
  ];

  test.each(cases)('%s', (_, args, message) => {
    const { status, stderr } = mhp(...args());
    expect(stderr.replaceAll(folder, 'FOLDER')).toBe(`${message}\n`);
    expect(status).toBe(2);
  });
});

describe('exit status', () => {
  test('0: every step as expected; 1: one was not', () => {
    expect(mhp('run', file('life.yaml', LIFE)).status).toBe(0);
    expect(mhp('run', file('refused.yaml', REFUSED)).status).toBe(1);
    expect(mhp('run', file('expected.yaml', REFUSED.replace('64M', '64M, expect: EINVAL'))).status).toBe(0);
  });

  test('a known bug is as expected on its release, and its absence on another', () => {
    const bug = 'scenarios/B07-removal-of-an-online-block-is-a-bug.yaml';
    expect(mhp('run', bug).status).toBe(0);
    expect(mhp('run', bug, '--release', 'v6.1').status).toBe(0);
  });

  test('--version and --help are no errors', () => {
    const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };
    expect(mhp('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    const help = mhp('run', '--help');
    expect([help.status, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toContain('--stop-on-error');
  });
});

describe('mhp run', () => {
  test('prints a line a step, what the kernel says and what changed, and the memory map', () => {
    const path = file('life.yaml', LIFE);
    const { stdout, stderr } = mhp('run', path, '--show', '/sys/devices/system/node/online', '--no-map');
    expect(stderr).toBe('');
    expect(stdout.replaceAll(folder, 'FOLDER').replace(/Total pages: \d+/g, 'Total pages: N')).toBe(`\
FOLDER/life.yaml: x86_64, v6.1 (6.1.192)
 1  add_memory(1, 0x140000000, 0x8000000)  success
    kernel: Fallback order for Node 1: 1 0
    kernel: Built 1 zonelists, mobility grouping on.  Total pages: N
    kernel: Policy zone: DMA32
    memory40: new, offline
    node1: new, without memory
    [mem 0x140000000-0x147ffffff] System RAM: new, in /proc/iomem
    tables: 1 PMD allocated
 2  echo online_movable > /sys/devices/system/memory/memory40/state  success
    kernel: Fallback order for Node 0: 0 1
    kernel: Fallback order for Node 1: 1 0
    kernel: Built 2 zonelists, mobility grouping on.  Total pages: N
    kernel: Policy zone: DMA32
    memory40: offline -> online Movable
    node1: without memory -> with memory
    node 1 zone Movable: new, start_pfn 1310720 spanned 32768 present 32768
 3  echo offline > /sys/devices/system/memory/memory40/state  success
    kernel: Fallback order for Node 0: 0 1
    kernel: Fallback order for Node 1: 1 0
    kernel: Built 2 zonelists, mobility grouping on.  Total pages: N
    kernel: Policy zone: DMA32
    memory40: online Movable -> offline
    node 1 zone Movable: gone
    node1: with memory -> without memory
 4  remove_memory(0x140000000, 0x8000000)  success
    memory40: gone
    node1: gone
    [mem 0x140000000-0x147ffffff] System RAM: gone
    tables: 1 PMD freed

/sys/devices/system/node/online
0
`);
  });

  test('a pipe gets colours with FORCE_COLOR alone, never with NO_COLOR', () => {
    const path = file('coloured.yaml', REFUSED);
    expect(mhpWith({ NO_COLOR: '', CI: 'true' }, 'run', path).stdout).not.toContain('\x1b[');
    expect(mhpWith({ NO_COLOR: '', FORCE_COLOR: '1' }, 'run', path).stdout).toContain(
      '\x1b[31mEINVAL\x1b[39m',
    );
    expect(mhpWith({ NO_COLOR: '1', FORCE_COLOR: '1' }, 'run', path).stdout).not.toContain('\x1b[');
  });

  test('--stop-on-error ends with the first step that fails', () => {
    const path = file('refused.yaml', REFUSED);
    const all = mhp('run', path, '--json');
    const some = mhp('run', path, '--json', '--stop-on-error');
    const steps = ({ stdout }: { stdout: string }) =>
      (JSON.parse(stdout) as { steps: { result: string }[] }).steps.map(({ result }) => result);
    expect([steps(all), all.status]).toEqual([['EINVAL', 'success'], 1]);
    expect([steps(some), some.status]).toEqual([['EINVAL'], 1]);
  });

  test('--json: a schema, snake_case keys, nothing else on stdout', () => {
    const { stdout, stderr, status } = mhp(
      'run',
      file('life.yaml', LIFE),
      '--json',
      '--show',
      '/sys/devices/system/memory/block_size_bytes',
    );
    expect([stderr, status]).toEqual(['', 0]);
    const json = JSON.parse(stdout) as { steps: Record<string, unknown>[] } & Record<string, unknown>;
    expect(Object.keys(json)).toEqual([
      'schema',
      'machine',
      'title',
      'notes',
      'arch',
      'release',
      'page_size',
      'section_size',
      'subsection_size',
      'block_size',
      'initial',
      'steps',
      'memory',
      'show',
    ]);
    expect(json).toMatchObject({
      schema: 'mhp-run/2',
      arch: 'x86_64',
      release: 'v6.1',
      show: { '/sys/devices/system/memory/block_size_bytes': '8000000\n' },
    });
    expect(json.steps.length).toBe(4);
    for (const step of json.steps) {
      expect(Object.keys(step)).toEqual([
        'step',
        'operation',
        'result',
        'ret',
        'ost',
        'ost_names',
        'messages',
        'changes',
        'tables',
        'failures',
        'holders',
        'unexpected',
        'delta',
      ]);
    }
  });

  test('the same input prints the same bytes', () => {
    for (const args of [
      ['run', file('life.yaml', LIFE)],
      ['run', 'scenarios/dimm.yaml', '--json'],
      ['conform', 'recordings/x86_64-6.1-holes.tar.xz'],
    ]) {
      const [first, second] = [mhp(...args), mhp(...args)];
      expect(second).toEqual(first);
      expect(first.status).toBe(0);
    }
  });

  test.runIf(existsSync('/sys/devices/system/memory/block_size_bytes'))(
    '--host: the whole life of a block',
    () => {
      const { status, stdout } = mhp('run', '--host', '--release', 'v7.2', '--json');
      expect(status).toBe(0);
      const { steps } = JSON.parse(stdout) as { steps: { operation: string; result: string }[] };
      expect(steps.map(({ operation, result }) => [operation.split(' ')[0], result])).toEqual([
        ['device_add', 'success'],
        ['echo', 'success'],
        ['echo', 'success'],
        ['device_del', 'success'],
      ]);
    },
  );
});

describe('mhp conform', () => {
  test('closes with a line over all recordings, where there are several', () => {
    const holes = 'recordings/x86_64-6.1-holes.tar.xz';
    const one = mhp('conform', holes).stdout;
    const two = mhp('conform', holes, holes).stdout;
    const last =
      /(\d+) steps, (\d+) comparisons, (0 differ; outcomes: )(\d+) predicted, (\d+) given \(refusals: (\d+) predicted, (\d+) given\); (\d+) not compared\n$/;
    const [, steps, comparisons, ...more] = last.exec(one)!;
    const twice = (digits: string | undefined): string => String(2 * Number(digits));
    const [, predicted, given, refused, refusedGiven, notCompared] = more.map(twice);
    const sum = [
      `${twice(steps)} steps, ${twice(comparisons)} comparisons, 0 differ`,
      `outcomes: ${predicted} predicted, ${given} given (refusals: ${refused} predicted, ${refusedGiven} given)`,
      `${notCompared} not compared`,
    ].join('; ');
    expect(two).toBe(`${one}${one}2 recordings, 2 agree: ${sum}\n`);
  });

  test('--json', () => {
    const { stdout, status } = mhp('conform', 'recordings/x86_64-6.1-holes.tar.xz', '--json');
    expect(status).toBe(0);
    const json = JSON.parse(stdout) as { schema: string; recordings: unknown[] };
    expect([json.schema, json.recordings.length]).toEqual(['mhp-conform/1', 1]);
  });

  test('1 when the model differs', () => {
    expect(
      mhp('conform', 'recordings/x86_64-6.1-memmap-on-memory.tar.xz', '--release', 'v5.4').status,
    ).not.toBe(0);
  });
});
