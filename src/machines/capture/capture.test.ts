import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSource } from '../sources/open.ts';
import { CAPTURED, capture, SHELL_LINE } from './capture.ts';

let root = '';
const put = (path: string, text: string | Buffer): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'mhp-capture-'));
  put('proc/version', 'Linux version 6.1.192 (somebody@secret-host) (gcc 12) #1 SMP\n');
  put('proc/cmdline', 'BOOT_IMAGE=/vmlinuz root=UUID=1234 hostname=secret-host movable_node\n');
  put('proc/iomem', '00100000-07ffffff : System RAM\n');
  put('sys/devices/system/memory/block_size_bytes', '8000000\n');
  put('sys/devices/system/memory/memory0/state', 'online\n');
  put('sys/devices/system/memory/memory0/uevent', 'X=1\n');
  put('sys/devices/system/node/node0/cpulist', '0-3\n');
  put('sys/devices/system/node/node0/reclaim', '');
  chmodSync(join(root, 'sys/devices/system/node/node0/reclaim'), 0o200);
  symlinkSync('../../node/node0', join(root, 'sys/devices/system/memory/memory0/node0'));
  put('sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/nmem0/nfit/serial', '0xdeadbeef\n');
  put(
    'usr/lib/udev/rules.d/40-vm-hotadd.rules',
    'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}="online"\n',
  );
  put('usr/lib/udev/rules.d/60-disk.rules', 'SUBSYSTEM=="block"\n');
  const words = Buffer.alloc(64);
  words.writeBigUInt64LE(0x400n, 8);
  words.writeBigUInt64LE(0x400n, 16);
  words.writeBigUInt64LE(0x100000804n, 56);
  put('proc/kpageflags', words);
});
afterAll(() => rmSync(root, { recursive: true }));

test('the archive is read back, without names, serial numbers and what no answer reads', async () => {
  const file = join(root, 'out.tar.gz');
  writeFileSync(file, gzipSync(capture(root).archive));
  const { tree } = await openSource(file, { only: 'answers' });
  expect(tree.readText('proc/version')).toBe('Linux version 6.1.192 (builder) (gcc 12) #1 SMP\n');
  expect(tree.readText('proc/cmdline')).toBe('BOOT_IMAGE=… root=… hostname=… movable_node\n');
  expect(tree.readText('sys/devices/system/memory/memory0/state')).toBe('online\n');
  expect(tree.readlink('sys/devices/system/memory/memory0/node0')).toBe('../../node/node0');
  expect(tree.readText('kpageflags.rle')).toBe('0x0 1 0x0\n0x1 2 0x400\n0x3 4 0x0\n0x7 1 0x100000804\n');
  expect(tree.kind('usr/lib/udev/rules.d/40-vm-hotadd.rules')).toBe('file');
  for (const gone of [
    'sys/devices/system/node/node0/reclaim',
    'sys/devices/system/memory/memory0/uevent',
    'usr/lib/udev/rules.d/60-disk.rules',
  ])
    expect(tree.kind(gone)).toBeUndefined();
  const text = capture(root).archive.toString('latin1');
  expect(text).not.toContain('secret-host');
  expect(text).not.toContain('deadbeef');
});

test('the same host makes the same archive', () => {
  expect(capture(root).archive.equals(capture(root).archive)).toBe(true);
});

test('what cannot be read is named', () => {
  expect(capture(join(root, 'sys')).unreadable).toEqual([['proc/kpageflags', 'no such file or directory']]);
});

test('the shell line names the same files', () => {
  for (const path of CAPTURED.filter((one) => one.startsWith('sys/')))
    expect(SHELL_LINE).toContain(`/${path}`);
});
