import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { leafAttr } from '../../src/machines/page-tables/attributes.ts';
import { cpio, directory, file, link } from '../../src/record/guest/cpio.ts';
import { newest } from '../../src/record/kernel/find-kernel.ts';
import { readImage } from '../../src/record/kernel/image.ts';
import { labelIndex } from '../../src/record/machine/labels.ts';
import { attributes as arm64Attributes } from '../../src/record/memory/arm64-tables.ts';
import { attributes as x86Attributes } from '../../src/record/memory/x86-tables.ts';
import { filesOf, linksOf } from '../../src/record/snapshot/guest-files.ts';
import { errnoInText, errnoOf } from '../../src/record/steps/errno.ts';

function arm64Image(flags: number): Buffer {
  const image = Buffer.alloc(4096);
  image.write('MZ', 0);
  image.writeBigUInt64LE(BigInt(flags), 24);
  image.write('ARM\x64', 0x38);
  image.write('Linux version 6.12.117-16k (x) #1\0', 256);
  return image;
}

function bzImage(): Buffer {
  const image = Buffer.alloc(4096);
  image.write('HdrS', 0x202);
  image.writeUInt16LE(0x400, 0x20e);
  image.write('6.1.0-57-amd64 (debian) #1 SMP\0', 0x600);
  return image;
}

test('images say what they are, packed or not', () => {
  const plain = { format: 'Image', arch: 'arm64', page_size: 16384, release: '6.12.117-16k', config: null };
  expect(readImage(arm64Image(0b100), 'I')).toEqual(plain);
  expect(readImage(gzipSync(arm64Image(0b100)), 'I')).toMatchObject(plain);
  expect(readImage(arm64Image(0b110), 'I').page_size).toBe(65536);
  expect(readImage(bzImage(), 'I')).toEqual({
    format: 'bzImage',
    arch: 'x86_64',
    page_size: 4096,
    release: '6.1.0-57-amd64',
    config: null,
  });
});

test.each([
  [
    Buffer.from('hello'),
    'I: is no kernel image: neither bzImage, vmlinux nor Image, plain or packed with gzip',
  ],
  [Buffer.concat([gzipSync(arm64Image(2)).subarray(0, 40)]), 'I: cannot be unpacked: unexpected end of file'],
  [
    Buffer.from(`\x7fELF${'\0'.repeat(14)}\x15\0${'\0'.repeat(40)}`, 'latin1'),
    'I: is for another architecture: only x86-64 and arm64 can be recorded',
  ],
])('what is no image is refused in one line', (bytes, message) => {
  expect(() => readImage(bytes, 'I')).toThrow(message);
});

test('the newest package of a version and flavour is taken, and no other flavour', () => {
  const names = [
    'linux-image-6.1.0-9-arm64',
    'linux-image-6.1.0-57-arm64',
    'linux-image-6.1.0-57-cloud-arm64',
    'linux-image-6.1.0-58-arm64-unsigned',
    'linux-image-6.12.117+deb12-arm64',
    'linux-image-6.12.117+deb12-arm64-16k',
    'linux-image-6.12.99+deb12-arm64-16k',
  ];
  expect(newest(names, '6.1', 'arm64')).toBe('linux-image-6.1.0-57-arm64');
  expect(newest(names, '6.12', 'arm64-16k')).toBe('linux-image-6.12.117+deb12-arm64-16k');
  expect(newest(names, '6.1.0-9', 'arm64')).toBe('linux-image-6.1.0-9-arm64');
  expect(newest(names, '5.10', 'arm64')).toBeUndefined();
});

test('a cpio archive has headers of 110 bytes, and everything at multiples of 4', () => {
  const archive = cpio([directory('d'), file('d/f', 'hello', 0o755), link('l', 'd/f')]);
  const text = archive.toString('latin1');
  expect(text.slice(0, 22)).toBe('0707010000000100' + '0041ed');
  expect(archive.length % 4).toBe(0);
  expect([...text.matchAll(/070701/g)].map(({ index }) => index! % 4)).toEqual([0, 0, 0, 0]);
  const name = text.indexOf('d/f\0');
  // behind the name the contents begin at the next multiple of 4
  expect((name + 6) % 4).toBe(0);
  expect(text.slice(name + 4, name + 14)).toBe('\0\0hello\0\0\0');
});

test('lines of grep become files, though names of devices have colons', () => {
  const text = [
    '/sys/bus/PNP0C80:00/status:1:15',
    '/sys/bus/PNP0C80:00/hid:1:PNP0C80',
    '/proc/cmdline:1:root=/dev/vda:1: quiet',
    '/proc/iomem:1:00-ff : Reserved',
    '/proc/iomem:2:',
    '/proc/iomem:3:  01-02 : 1:x',
    '',
  ].join('\n');
  expect([...filesOf(text)]).toEqual([
    ['/sys/bus/PNP0C80:00/status', '15\n'],
    ['/sys/bus/PNP0C80:00/hid', 'PNP0C80\n'],
    ['/proc/cmdline', 'root=/dev/vda:1: quiet\n'],
    ['/proc/iomem', '00-ff : Reserved\n\n  01-02 : 1:x\n'],
  ]);
  const links =
    'drwxr-xr-x 3 0 0 0 Jan 1 00:00 /sys/x\nlrwxrwxrwx 1 0 0 0 Nov 30 09:00 /sys/m/node1 -> ../node1\n';
  expect([...linksOf(links)]).toEqual([['/sys/m/node1', '../node1']]);
});

test('errno comes from what a function returned, or from what the shell said', () => {
  expect([0n, -16n, -22n, -133n].map(errnoOf)).toEqual([null, 'EBUSY', 'EINVAL', 'EHWPOISON']);
  expect(errnoInText('sh: write error: Device or resource busy\n')).toBe('EBUSY');
  expect(errnoInText("sh: can't create /sys/x: nonexistent directory\n")).toBe('ENOENT');
  expect(errnoInText('Killed\n')).toBeUndefined();
});

test('attributes of leaves are the words that recordings have', () => {
  expect(arm64Attributes(0x0078000040000f07n)).toBe('AP=0 RW-EL1 PXN UXN AF nG CONT SH3 ATTR1');
  expect(leafAttr(arm64Attributes(0x00f8000040000707n), false)).toBeDefined();
  expect(x86Attributes(0x80000000000001e3n, true)).toBe('XGPDA---W');
});

test('a label area has two index blocks with a free slot for each label that fits', () => {
  const index = labelIndex();
  expect(index.length).toBe(512);
  for (const [number, sequence] of [
    [0, 3],
    [1, 2],
  ] as const) {
    const block = index.subarray(number * 256, number * 256 + 256);
    expect(block.toString('latin1', 0, 16)).toBe('NAMESPACE_INDEX\0');
    expect(block.readUInt32LE(20)).toBe(sequence);
    const [own, size, other, labels] = [24, 32, 40, 48].map((at) => Number(block.readBigUInt64LE(at)));
    expect([own, size, other, labels]).toEqual([number * 256, 256, (1 - number) * 256, 512]);
    const slots = block.readUInt32LE(56);
    expect(512 + slots * 128).toBe(128 * 1024);
    const free = [...block.subarray(72)].reduce(
      (sum, byte) => sum + byte.toString(2).replaceAll('0', '').length,
      0,
    );
    expect(free).toBe(slots);
    // the sum of all words, and the sum of all sums, with the checksum itself as 0
    const words = Array.from({ length: 64 }, (_, i) =>
      i === 16 || i === 17 ? 0 : block.readUInt32LE(i * 4),
    );
    const low = words.reduce((sum, word) => (sum + word) % 2 ** 32, 0);
    const high = words.reduce((sum, word, i) => (sum + BigInt(word) * BigInt(64 - i)) % 2n ** 32n, 0n);
    expect([block.readUInt32LE(64), BigInt(block.readUInt32LE(68))]).toEqual([low, high]);
  }
});
