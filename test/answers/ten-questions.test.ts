import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { define as explain } from '../../src/cli/commands/answers/explain.ts';
import { define as plan } from '../../src/cli/commands/answers/plan.ts';
import { define as why } from '../../src/cli/commands/answers/why.ts';
import { openRecording } from '../../src/machines/recording/open-recording.ts';
import { stepOf } from '../../src/machines/recording/recording.ts';
import type { FileTree } from '../../src/machines/sources/tree.ts';
import { printedBy } from '../in-process.ts';

// Ten questions of an operator, each asked on what was recorded of a real kernel.

const recording = (name: string): string =>
  fileURLToPath(new URL(`../../recordings/${name}.tar.xz`, import.meta.url));
const at = (name: string, step: number): string => `${recording(name)}:${step}`;
const json = async (define: (command: Command) => void, ...args: readonly string[]) =>
  JSON.parse(await printedBy(define, [...args, '--json']));
const file = async (name: string, step: string, path: string): Promise<string> =>
  stepOf(await openRecording(recording(name)), step).tree.readText(path)!;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-questions-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  process.exitCode = 0;
});

test('1. why does a block not go offline that is "removable"?', async () => {
  const name = 'x86_64-6.1-dimm-movable';
  expect(await file(name, '3', 'sys/devices/system/memory/memory8/removable')).toBe('1\n');
  const [block] = (await json(why, 'why', 'memory8', '-s', at(name, 3))).blocks;
  expect(block).toMatchObject({
    verdict: 'no',
    errno: 'EBUSY',
    reason: { kind: 'unmovable', where: 'has_unmovable_pages()' },
  });
  expect(block.reason.pages[0]).toEqual({ kind: 'slab', pages: 1036, first: 0x40000 });
});

test('2. which alignment is accepted here?', async () => {
  const found = await json(
    plan,
    'plan',
    'add',
    '256M',
    '--at',
    '0x148200000',
    '-s',
    at('x86_64-6.1-misaligned', 0),
  );
  expect(found).toMatchObject({
    accepted: false,
    errno: 'EINVAL',
    block_size: 0x8000000,
    nearest_starts: [0x148000000, 0x150000000],
  });
});

test('3. how much memory must be free before?', async () => {
  const where = ['--at', '0x80000000', '--node', '1', '-s', at('arm64-6.1-full61', 2)];
  const { costs, free } = await json(plan, 'plan', 'add', '1G', ...where);
  expect(costs).toEqual({
    memmap: 16 * 2 ** 20,
    page_tables: 513 * 4096,
    on_memory: false,
    needed: 16 * 2 ** 20 + 513 * 4096,
  });
  expect(free).toBe(
    Number(/^MemFree: +(\d+)/m.exec(await file('arm64-6.1-full61', '2', 'proc/meminfo'))![1]) * 1024,
  );
});

test('4. does memmap_on_memory work for this device?', async () => {
  const ask = (size: string) =>
    json(plan, 'plan', 'add', size, '--at', '0x180000000', '-s', at('x86_64-6.1-memmap-on-memory', 0));
  expect((await ask('128M')).memmap_on_memory.applies).toBe(true);
  expect((await ask('256M')).memmap_on_memory).toEqual({
    applies: false,
    why: 'v6.1 takes it only for a device of exactly one memory block',
  });
});

test('5. which zone does it land in, and with what ratio?', async () => {
  const { zones, ratio } = await json(plan, 'plan', 'add', '1G', '-s', at('x86_64-6.1-dimm-movable', 10));
  expect(zones).toEqual([{ how: 'by the policy', zone: expect.any(String) }]);
  expect(ratio.movable.movable - ratio.before.movable).toBe(2 ** 30);
});

test('6. who brings it online?', async () => {
  const who = async (step: number) =>
    (await json(plan, 'plan', 'add', '1G', '-s', at('x86_64-6.1-dimm-movable', step))).onlined_by[0];
  expect(await who(0)).toBe('nobody: auto_online_blocks is offline and no udev rule was found');
  expect(await who(8)).toMatch(/^the kernel: auto_online_blocks is online/);
});

test('7. how much persistent memory is lost, and where should it start?', async () => {
  const { devices } = await json(plan, 'plan', 'pmem', at('x86_64-6.1-e820-pmem', 0), '--release', 'v6.1');
  const [first] = devices;
  expect(first).toMatchObject({ start: 0x2c600000, size: 100 * 2 ** 20 });
  expect(first.outcomes[0]).toMatchObject({
    use: 'fsdax',
    accepted: false,
    messages: expect.arrayContaining(['region0: align setting is 0x1000000 size 0x6400000 is misaligned']),
  });
  expect(first.best[0]).toMatchObject({
    alignment: 2 ** 24,
    inside: { start: 0x2d000000, size: 80 * 2 ** 20 },
  });
});

test('8. which device owns a block?', async () => {
  const owner = async (block: string, name: string, step: number) => {
    const { kind, device } = (await json(why, 'why', block, '-s', at(name, step))).blocks[0].owner;
    return [kind, device];
  };
  expect(await owner('memory40', 'x86_64-6.1-virtio-mem-2M', 9)).toEqual(['virtio-mem', 'virtio1']);
  expect(await owner('memory41', 'x86_64-6.1-kmem', 4)).toEqual(['dax', 'dax2.0']);
  expect(await owner('memory8', 'x86_64-6.1-kmem', 4)).toEqual(['boot', null]);
  expect(await owner('memory16', 'arm64-7.2-4k-va48-full-dimm', 14)).toEqual(['dimm', 'PNP0C80:00']);
  // recorded without firmware_node
  expect(await owner('memory40', 'x86_64-6.1-dimm', 3)).toEqual(['added', null]);
});

test('9. why did a VM not reach its size, or leave it?', async () => {
  const name = 'x86_64-6.1-virtio-mem-2M';
  const log = join(folder, 'dmesg');
  writeFileSync(log, await file(name, '13', 'dmesg-delta.txt'));
  const { explained } = await json(explain, 'explain', log);
  expect(explained.map(({ device, values }: Record<string, unknown>) => [device, values])).toEqual([
    ['virtio1', { size: 0x8200000 }],
    ['virtio1', { size: 0x600000 }],
    [null, { nr_pages: 0x8000 }],
  ]);
  // with its memory offline the driver stops: nobody brings it online
  const { onlined_by } = await json(plan, 'plan', 'add', '2G', '--kind', 'virtio-mem', '-s', at(name, 1));
  expect(onlined_by[0]).toBe(
    'nobody: virtio-mem stops when too much of its memory is offline; set auto_online_blocks',
  );
});

test('10. what else depends on it?', async () => {
  const { tree } = stepOf(await openRecording(recording('x86_64-6.1-dimm')), '3');
  const copy = (from: FileTree, path: string): void => {
    if (from.kind(path) === 'dir') for (const name of from.list(path)!) copy(from, `${path}/${name}`);
    else if (from.kind(path) === 'file') put(path, from.readText(path)!);
  };
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const path of ['proc', 'sys']) copy(tree, path);
  put('sys/kernel/kexec_crash_loaded', '1\n');
  put(
    'etc/udev/rules.d/99-memory.rules',
    'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online"\n',
  );
  const [block] = (await json(why, 'why', 'memory40', '-s', folder, '--release', 'v6.1')).blocks;
  expect(block.depends).toEqual([
    'a crash kernel is loaded: reload it afterwards, or a dump lacks or misreads this memory (kdump-config reload; systemctl restart kdump)',
    '/etc/udev/rules.d/99-memory.rules reacts to memory: it may bring the block online when its device is plugged, and at boot, when udev repeats the events of what is there',
  ]);
});
