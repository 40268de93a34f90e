import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { programPath } from '../../src/record/qemu/process.ts';
import { FakeHost, isAlive, OPTIONS, SCENARIO, type Started, until } from './fake-host.ts';

/** What is left of processes and files, with a program that stands for QEMU. */

let host: FakeHost;
let dir = '';
beforeAll(() => {
  host = new FakeHost();
  dir = host.dir;
});
afterAll(() => host.remove());

const start = (
  mode: string,
  more: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  scenario = 's.yaml',
): Started =>
  host.start(
    mode,
    [join(dir, scenario), '--kernel', join(dir, 'bzImage'), '-o', join(dir, mode), ...more],
    env,
  );

const leftOf = (pid: number | undefined): string[] => host.leftOf(pid);

const dirsOf = (mode: string): string[] => {
  const ops = JSON.parse(readFileSync(join(dir, mode, 'ops.json'), 'utf8')) as { steps: { dir: string }[] };
  return ops.steps.map((step) => step.dir);
};

const ALL = [
  '00-boot',
  '01-echo-online-memory-memory8-state',
  '02-echo-online-memory-memory9-state',
  '03-echo-online-memory-memory10-state',
];

test('a whole run leaves a recording and nothing else', async () => {
  const { child, ended, pidFile } = start('ok');
  const { status, out } = await ended;
  expect([status, out]).toEqual([0, `${join(dir, 'ok')}: 4 steps\n`]);
  expect(dirsOf('ok')).toEqual(ALL);
  expect(isAlive(pidFile)).toBe(false);
  expect(leftOf(child.pid)).toEqual([]);
});

test.each([
  ['refuse', 'mhp: QEMU has ended (status 1): cannot set up guest memory: Cannot allocate memory\n'],
  [
    'panic',
    'mhp: the kernel panicked while it booted\n    [    0.000000] Linux version 6.1.0-fake\n    [    1.000000] Kernel panic - not syncing: No working init found.\n',
  ],
  [
    'silent',
    'mhp: the guest did not come up: the guest did not answer in time\n    [    0.000000] Linux version 6.1.0-fake\n',
  ],
  [
    'no-port',
    'mhp: the kernel has no virtio console (VIRTIO_CONSOLE, VIRTIO_PCI)\n    [    0.000000] Linux version 6.1.0-fake\n    [    2.000000] mhp: no virtio port: the kernel has no virtio console\n',
  ],
])(
  'a guest that does not come up (%s): one line, the end of the console, nothing left',
  async (mode, message) => {
    const { child, ended, pidFile } = start(mode, ['--boot-timeout', '2']);
    expect(await ended).toEqual({ status: 2, out: '', err: message });
    expect(existsSync(join(dir, mode))).toBe(false);
    expect(isAlive(pidFile)).toBe(false);
    expect(leftOf(child.pid)).toEqual([]);
  },
);

test('a refused write has its errno, and the run goes on', async () => {
  const { ended } = start('busy');
  expect((await ended).status).toBe(0);
  const ops = JSON.parse(readFileSync(join(dir, 'busy/ops.json'), 'utf8')) as { steps: { ops: unknown[] }[] };
  expect(ops.steps.map((step) => step.ops)).toEqual([
    [],
    ...[8, 9, 10].map((id) => [
      {
        op: 'write',
        path: `/sys/devices/system/memory/memory${id}/state`,
        value: 'online',
        errno: id === 9 ? 'EBUSY' : null,
      },
    ]),
  ]);
});

test('a crash is a result: the operation is marked, and its messages are recorded', async () => {
  const { ended } = start('oops');
  const { status, out } = await ended;
  expect([status, out]).toEqual([
    0,
    `${join(dir, 'oops')}: 4 steps\nthe kernel crashed: BUG: unable to handle page fault for address: ffff888100000000\n`,
  ]);
  const ops = JSON.parse(readFileSync(join(dir, 'oops/ops.json'), 'utf8')) as {
    steps: { ops: { crashed?: boolean }[] }[];
  };
  expect(ops.steps.map((step) => step.ops.map(({ crashed }) => crashed ?? false))).toEqual([
    [],
    [false],
    [true],
    [false],
  ]);
});

test('QEMU that dies leaves the recording up to the last step', async () => {
  const { child, ended } = start('die');
  const { status, out } = await ended;
  expect([status, out]).toEqual([3, `${join(dir, 'die')}: 2 steps, then QEMU has ended (status 3)\n`]);
  expect(dirsOf('die')).toEqual(ALL.slice(0, 2));
  expect(leftOf(child.pid)).toEqual([]);
});

test('QEMU that is killed leaves the recording up to the last step', async () => {
  const { child, ended, pidFile, err } = start('hang');
  await until(() => /^ 1 /m.test(err()));
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  const { status, out } = await ended;
  expect([status, out]).toEqual([3, `${join(dir, 'hang')}: 2 steps, then QEMU has ended (signal SIGKILL)\n`]);
  expect(dirsOf('hang')).toEqual(ALL.slice(0, 2));
  expect(leftOf(child.pid)).toEqual([]);
});

test('a full disk: one line, no recording, nothing left', async () => {
  const { child, ended, pidFile } = start('full');
  const { status, out, err } = await ended;
  expect([status, out]).toEqual([2, '']);
  expect(err.split('\n').at(-2)).toBe(
    `mhp: ${join(dir, 'full')}: 02-echo-online-memory-memory9-state/step.json: cannot be written: no space left on device`,
  );
  expect(existsSync(join(dir, 'full'))).toBe(false);
  expect(isAlive(pidFile)).toBe(false);
  expect(leftOf(child.pid)).toEqual([]);
});

test('a reader that closes standard error (2>&1 | head) ends QEMU and leaves nothing', async () => {
  const output = join(dir, 'closed');
  const { child, ended, pidFile } = start('ok', ['-o', output]);
  child.stderr!.destroy();
  const { status, out } = await ended;
  expect([status, out]).toEqual([2, '']);
  expect(existsSync(output)).toBe(false);
  expect(isAlive(pidFile)).toBe(false);
  expect(leftOf(child.pid)).toEqual([]);
});

test('Ctrl-C ends QEMU and leaves the recording up to the last step', async () => {
  const { child, ended, pidFile, err } = start('hang');
  await until(() => /^ 1 /m.test(err()));
  child.kill('SIGINT');
  const { status, out } = await ended;
  expect([status, out]).toEqual([3, `${join(dir, 'hang')}: 2 steps, then interrupted\n`]);
  expect(dirsOf('hang')).toEqual(ALL.slice(0, 2));
  expect(isAlive(pidFile)).toBe(false);
  expect(leftOf(child.pid)).toEqual([]);
});

test('QEMU ends even if mhp is killed', async () => {
  const { child, ended, pidFile } = start('silent');
  await until(() => existsSync(pidFile) && isAlive(pidFile));
  child.kill('SIGKILL');
  await ended;
  await until(() => !isAlive(pidFile));
  // nobody is left who could remove them
  for (const path of leftOf(child.pid)) rmSync(path, { recursive: true });
});

test('--keep names the sockets of the guest, whose recording is there already, and ends it by Ctrl-C', async () => {
  const { child, ended, pidFile, err } = start('ok', ['-o', join(dir, 'kept'), '--keep']);
  await until(() => /^console /m.test(err()));
  const pid = readFileSync(pidFile, 'utf8');
  expect(err()).toContain(`the guest goes on until Ctrl-C; QEMU is process ${pid}\n`);
  const sockets = [...err().matchAll(/^(qmp|gdb|console) +(\S+)$/gm)].map(([, name, path]) => [
    name,
    existsSync(path!),
  ]);
  expect(sockets).toEqual([
    ['qmp', true],
    ['gdb', true],
    ['console', true],
  ]);
  expect(existsSync(join(dir, 'kept/ops.json'))).toBe(true);
  expect(isAlive(pidFile)).toBe(true);
  child.kill('SIGINT');
  const { status, out } = await ended;
  expect([status, out]).toEqual([0, `${join(dir, 'kept')}: 4 steps\n`]);
  expect(isAlive(pidFile)).toBe(false);
  expect(leftOf(child.pid)).toEqual([]);
});

test('an output that cannot be written is refused in one line before the boot', async () => {
  const { ended } = start('ok', ['-o', '/proc/none/x']);
  const { status, err } = await ended;
  expect(status).toBe(2);
  expect(err).toBe('mhp: /proc/none/x: no such file or directory\n');
});

describe('what cannot be recorded is refused in one line before the boot', () => {
  const imageOf = (name: string, options: readonly string[]): string => {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'bzImage'), readFileSync(join(dir, 'bzImage')));
    writeFileSync(join(dir, name, '.config'), options.map((one) => `CONFIG_${one}=y\n`).join(''));
    return join(dir, name, 'bzImage');
  };
  const without = (name: string): string =>
    imageOf(
      `without-${name}`,
      OPTIONS.filter((one) => one !== name),
    );

  async function refused(
    line: string,
    more: readonly string[],
    env: Readonly<Record<string, string>> = {},
    scenario = 's.yaml',
  ): Promise<void> {
    const output = join(dir, 'refused');
    const { child, ended } = start('ok', ['-o', output, ...more], env, scenario);
    expect(await ended).toEqual({ status: 2, out: '', err: `mhp: ${line}\n` });
    expect(existsSync(output)).toBe(false);
    expect(leftOf(child.pid)).toEqual([]);
  }

  test.each([
    ['MEMORY_HOTPLUG', 'what is recorded'],
    ['VIRTIO_CONSOLE', 'the channel to the guest'],
    ['SERIAL_8250_CONSOLE', "the guest's console"],
  ])('a kernel without %s', async (option, why) => {
    const kernel = without(option);
    await refused(`${kernel}: is built without ${option}: ${why}`, ['--kernel', kernel]);
  });

  test('a kernel that cannot take memory offline', async () => {
    const file = join(dir, 'offline.yaml');
    writeFileSync(file, `${SCENARIO}  - offline: 9\n`);
    const why = 'offline cannot be recorded: the kernel is built without MEMORY_HOTREMOVE';
    const kernel = without('MEMORY_HOTREMOVE');
    await refused(`${file}: line 6 steps[3]: ${why}`, ['--kernel', kernel], {}, 'offline.yaml');
  });

  test('a kernel of another architecture', async () => {
    const kernel = join(dir, 'Image');
    const image = Buffer.alloc(4096);
    image.write('ARM\x64', 0x38);
    image.writeBigUInt64LE(2n, 24);
    writeFileSync(kernel, image);
    await refused(`${join(dir, 's.yaml')}: machine.arch: is x86_64, but ${kernel} is a kernel for arm64`, [
      '--kernel',
      kernel,
    ]);
  });

  const NO_IMAGE = 'is no kernel image: neither bzImage, vmlinux nor Image, plain or packed with gzip';
  test.each([
    ['noise', Buffer.from('no kernel'), NO_IMAGE],
    ['empty', Buffer.alloc(0), NO_IMAGE],
    [
      'damaged.gz',
      Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 7, 2, 3]),
      'cannot be unpacked: invalid block type',
    ],
  ])('a corrupt image: %s', async (name, bytes, what) => {
    const kernel = join(dir, name);
    writeFileSync(kernel, bytes);
    await refused(`${kernel}: ${what}`, ['--kernel', kernel]);
  });

  test('no QEMU', async () => {
    const bin = join(dir, 'no-qemu');
    mkdirSync(bin);
    symlinkSync(programPath('setpriv')!, join(bin, 'setpriv'));
    await refused('qemu-system-x86_64: is not installed (package qemu-system-x86)', [], { PATH: bin });
  });

  test('too little memory', async () => {
    writeFileSync(
      join(dir, 'large.yaml'),
      'machine: {arch: x86_64, ram: [{start: 0, size: 2G}, {start: 4G, size: 16T}]}\nsteps: [online: 8]\n',
    );
    const { child, ended } = start('ok', ['-o', join(dir, 'refused')], {}, 'large.yaml');
    const { status, out, err } = await ended;
    expect([status, out]).toEqual([2, '']);
    expect(err).toMatch(
      /^mhp: the guest needs 16386\.0 GiB: \/dev\/shm has room for [\d.]+ GiB, \S+ has room for [\d.]+ GiB\n$/,
    );
    expect(leftOf(child.pid)).toEqual([]);
  });
});
