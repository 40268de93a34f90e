import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { describe, expect, it } from 'vitest';
import { type ArchiveOptions, isArchive, readArchive, unpackArchive } from './archive.ts';

const DUMP = 'test/fixtures/machines/dump.tar';
const STATE = 'dump/sys/devices/system/memory/memory3/state';

interface Member {
  readonly path: string;
  readonly text?: string | Uint8Array;
  readonly type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'FIFO';
  readonly to?: string;
}

function tar(members: readonly Member[], end = true): Buffer {
  const parts: Buffer[] = [];
  for (const { path, text = '', type = 'File', to } of members) {
    const body = Buffer.from(text);
    const block = Buffer.alloc(512);
    new Header({
      path,
      type,
      size: body.length,
      mode: 0o644,
      mtime: new Date(0),
      ...(to === undefined ? {} : { linkpath: to }),
    }).encode(block);
    parts.push(block, body, Buffer.alloc((512 - (body.length % 512)) % 512));
  }
  if (end) parts.push(Buffer.alloc(1024));
  return Buffer.concat(parts);
}

function paxHeader(body: Buffer): Buffer {
  const block = Buffer.alloc(512);
  new Header({
    path: 'pax',
    type: 'ExtendedHeader',
    size: body.length,
    mode: 0o644,
    mtime: new Date(0),
  }).encode(block);
  return Buffer.concat([block, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

const unpack = (bytes: Uint8Array, options?: ArchiveOptions) => unpackArchive('x.tar', bytes, options);

describe('an archive', () => {
  it.each(['gz', 'bz2', 'xz'])('is read when packed as .%s', async (suffix) => {
    const tree = await readArchive(`${DUMP}.${suffix}`);
    expect(tree.readText(STATE)).toBe('offline\n');
    expect(tree.readlink('dump/sys/devices/system/memory/memory3/node0')).toBe('../../node/node0');
    // tar pads a sysfs file to its nominal size of one page.
    expect(tree.readText('dump/sys/devices/system/memory/block_size_bytes')).toBe('8000000\n');
  });

  it('has directories, links and hard links; pipes are passed over', async () => {
    const tree = await unpack(
      tar([
        { path: './top/', type: 'Directory' },
        { path: './top/a', text: 'one\n' },
        { path: '/top/b', type: 'Link', to: './top/a' },
        { path: 'top/c', type: 'SymbolicLink', to: 'a' },
        { path: 'top/loop', type: 'SymbolicLink', to: 'loop' },
        { path: 'top/out', type: 'SymbolicLink', to: '../../../../etc/passwd' },
        { path: 'top/pipe', type: 'FIFO' },
        { path: 'top/a', text: 'two\n' },
      ]),
    );
    expect(tree.list('top')).toEqual(['a', 'b', 'c', 'loop', 'out']);
    expect(['a', 'b', 'c', 'loop', 'out'].map((name) => tree.readText(`top/${name}`))).toEqual([
      'two\n',
      'one\n',
      'two\n',
      undefined,
      undefined,
    ]);
  });

  it('keeps only what is wanted', async () => {
    const bytes = tar([
      { path: 'a/keep', text: '1' },
      { path: 'a/drop', text: 'x'.repeat(5000) },
    ]);
    const tree = await unpack(bytes, {
      wanted: (path) => path === 'a/keep',
      limits: { file: 100, kept: 100 },
    });
    expect(tree.list('a')).toEqual(['keep']);
  });

  it('is told by its first bytes', () => {
    expect(isArchive(tar([{ path: 'a' }]))).toBe(true);
    expect(isArchive(gzipSync('x'))).toBe(true);
    expect(isArchive(Buffer.from('arch: arm64\n'))).toBe(false);
  });
});

describe('an archive is refused', () => {
  const one = { path: 'sys/a', text: 'x'.repeat(600) };

  it.each<[string, Uint8Array, string, ArchiveOptions?]>([
    ['when it is empty', Buffer.alloc(0), 'x.tar: is empty'],
    ['when it is short', Buffer.from('hello'), 'x.tar: is not a tar archive: shorter than 512 bytes'],
    [
      'when it is cut in a member',
      tar([one, one]).subarray(0, 2300),
      'x.tar: member 2: is truncated: the end mark is missing',
    ],
    [
      'when it is cut between members',
      tar([one], false),
      'x.tar: member 1: is truncated: the end mark is missing',
    ],
    [
      'when a path leaves it',
      tar([{ path: 'a/../../b' }]),
      'x.tar: member 1: path "a/../../b" leaves the archive',
    ],
    [
      'when a file is also a directory',
      tar([{ path: 'a' }, { path: 'a/b' }]),
      'x.tar: a/b: lies below a file',
    ],
    [
      'when a file is too large',
      tar([one]),
      'x.tar: sys/a: is larger than 599 bytes',
      { limits: { file: 599 } },
    ],
    [
      'when all files are',
      tar([one, one]),
      'x.tar: has more than 1000 bytes of wanted files',
      { limits: { kept: 1000 } },
    ],
    [
      'when it has many members',
      tar([one, one, one]),
      'x.tar: has more than 2 members',
      { limits: { members: 2 } },
    ],
    ['when it is packed twice', gzipSync(gzipSync(tar([one]))), 'x.tar: is packed twice'],
    [
      'when it is packed otherwise',
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]),
      'x.tar: is packed with zstd; only gzip, bzip2 and xz are read',
    ],
    [
      'when it is long',
      gzipSync(tar([one])),
      'x.tar: unpacks to more than 100 bytes',
      { limits: { stream: 100 } },
    ],
    [
      'when it is a bomb',
      gzipSync(Buffer.alloc(8 << 20)),
      'x.tar: unpacks to more than 100 times its size',
      { limits: { ratio: 100, ratio_from: 1 << 20 } },
    ],
  ])('%s', async (_name, bytes, message, options) => {
    await expect(unpack(bytes, options)).rejects.toThrow(message);
  });

  it('when a path is longer than any path', async () => {
    const bytes = gzipSync(tar([{ path: 'a', type: 'File', text: 'x' }, { path: 'b' }]));
    const pax = Buffer.from(`5019 path=${'b/'.repeat(2504)}\n`);
    const long = Buffer.concat([paxHeader(pax), tar([{ path: 'a' }])]);
    expect((await unpack(bytes)).list('')).toEqual(['a', 'b']);
    await expect(unpack(long)).rejects.toThrow('x.tar: member 1: has a path of more than 4096 characters');
  });

  it('when it goes on behind its end, without being collected', async () => {
    const bytes = tar([one]);
    const tree = await unpack(Buffer.concat([bytes, Buffer.alloc(10_240)]));
    expect(tree.list('sys')).toEqual(['a']);
    await expect(unpack(Buffer.concat([bytes, Buffer.alloc(64 << 20)]))).rejects.toThrow(
      'x.tar: goes on for more than 16777216 bytes behind its end mark',
    );
  });

  it('when a header is damaged', async () => {
    const bytes = tar([one, one]);
    bytes[1024 + 512 + 20] = 0x41;
    await expect(unpack(bytes)).rejects.toThrow(
      /^x\.tar: member 1: is not an intact tar archive \(checksum failure\)$/,
    );
  });

  it.each(['gz', 'bz2', 'xz'])('when the .%s around it is cut or damaged', async (suffix) => {
    const bytes = readFileSync(`${DUMP}.${suffix}`);
    for (const length of [20, 100, 200, bytes.length - 40]) {
      await expect(unpack(bytes.subarray(0, length))).rejects.toThrow(
        /^x\.tar: (member \d+: )?is (truncated|no)/,
      );
    }
    const damaged = Buffer.from(bytes);
    damaged[150]! ^= 0x55;
    await expect(unpack(damaged)).rejects.toThrow(/^x\.tar: /);
  });

  it('when it is not there', async () => {
    await expect(readArchive('test/fixtures/machines/absent.tar')).rejects.toThrow(
      'test/fixtures/machines/absent.tar: no such file or directory',
    );
  });
});
