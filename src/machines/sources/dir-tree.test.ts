import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DirTree } from './dir-tree.ts';
import { DEFAULT_LIMITS } from './limits.ts';

const tmp = mkdtempSync(join(tmpdir(), 'mhp-dir-'));
afterAll(() => rmSync(tmp, { recursive: true, force: true }));
mkdirSync(join(tmp, 'a/b'), { recursive: true });
writeFileSync(join(tmp, 'a/text'), 'hello\n');
writeFileSync(join(tmp, 'a/long'), 'x'.repeat(100_000));
writeFileSync(join(tmp, 'a/page'), 'y'.repeat(4096));
writeFileSync(join(tmp, 'a/bytes'), new Uint8Array([0x80]));
writeFileSync(join(tmp, 'a/closed'), 'secret');
chmodSync(join(tmp, 'a/closed'), 0);
symlinkSync('../gone', join(tmp, 'a/dangling'));
symlinkSync('text', join(tmp, 'a/link'));

describe('a directory', () => {
  const tree = new DirTree(tmp, 'x');

  it('has kinds, names, texts and link targets', () => {
    expect(tree.list('/a')).toEqual(['b', 'bytes', 'closed', 'dangling', 'link', 'long', 'page', 'text']);
    expect(['a', 'a/text', 'a/link', 'a/dangling', 'c'].map((path) => tree.kind(path))).toEqual([
      'dir',
      'file',
      'link',
      'link',
      undefined,
    ]);
    expect(['a/text', 'a/link', 'a/dangling', 'a/c', 'a/text/x'].map((path) => tree.readText(path))).toEqual([
      'hello\n',
      'hello\n',
      undefined,
      undefined,
      undefined,
    ]);
    expect(tree.readText('a/long')).toHaveLength(100_000);
    expect([tree.readAttribute('a/text'), tree.readAttribute('a/page')?.length]).toEqual(['hello\n', 4096]);
    expect([tree.readlink('a/dangling'), tree.readlink('a/text'), tree.readlink('a/c')]).toEqual([
      '../gone',
      undefined,
      undefined,
    ]);
    expect(tree.sub('a', 'y').readText('text')).toBe('hello\n');
    expect(tree.list('c')).toBeUndefined();
  });

  it.skipIf(process.getuid?.() === 0)('remembers what it may not read (skipped for root)', () => {
    expect(tree.readText('a/closed')).toBeUndefined();
    expect(tree.unreadable.get('a/closed')).toBe('permission denied');
  });

  it('refuses directories for files, files for directories, and what is too large', () => {
    expect(() => tree.readText('a/b')).toThrow('x: a/b: is a directory, not a file');
    expect(() => tree.list('a/text')).toThrow('x: a/text: is not a directory');
    expect(() => tree.readText('a/bytes')).toThrow('x: a/bytes: is not UTF-8 text');
    expect(() => tree.readText('a/../../b')).toThrow('x: a/../../b: leaves the directory');
    const small = new DirTree(tmp, 'x', { ...DEFAULT_LIMITS, file: 70_000 });
    expect(() => small.readText('a/long')).toThrow('x: a/long: is larger than 70000 bytes');
  });
});
