import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../errors/input-error.ts';
import { MemTree } from '../sources/mem-tree.ts';
import { openRecording } from './open-recording.ts';
import { recordingOf, stepOf } from './recording.ts';

const DIR = 'recordings';
const archives = existsSync(DIR) ? readdirSync(DIR).filter((name) => name.endsWith('.tar.xz')) : [];

function small(ops: unknown, dirs: readonly string[]): MemTree {
  const tree = new MemTree('run.tar');
  tree.addFile('run/ops.json', JSON.stringify(ops));
  for (const dir of dirs) tree.addFile(`run/${dir}/dmesg`, `after ${dir}\n`);
  return tree;
}

const head = { schema: 'mhp-recording/1', arch: 'arm64', kernel: '6.1.192', page_size: 4096, cmdline: '' };

describe('a recording', () => {
  const tree = small(
    {
      ...head,
      steps: [
        { dir: '00-boot', ops: [] },
        { dir: '01-unpin', ops: [{ op: 'unpin', count: 1 }] },
      ],
    },
    ['00-boot', '01-unpin'],
  );
  tree.addFile('run/01-unpin/symlinks.txt', '/sys/devices/system/memory/memory3/node0 ../../node/node0\n');

  it('has its steps in order, with operations and files', () => {
    const recording = recordingOf(tree)!;
    expect(recording.steps.map((step) => step.dir)).toEqual(['00-boot', '01-unpin']);
    expect(recording.steps[1]!.ops).toEqual([{ op: 'unpin', count: 1, unread: [] }]);
    expect(recording.steps[1]!.tree.readText('dmesg')).toBe('after 01-unpin\n');
    expect(recording.steps[1]!.tree.source).toBe('run.tar:01-unpin');
  });

  it('has the links that symlinks.txt lists', () => {
    const step = recordingOf(tree)!.steps[1]!.tree;
    expect(step.list('sys/devices/system/memory/memory3')).toEqual(['node0']);
    expect(step.kind('sys/devices/system/memory/memory3/node0')).toBe('link');
    expect(step.readlink('/sys/devices/system/memory/memory3/node0')).toBe('../../node/node0');
    expect(step.sub('sys/devices').readlink('system/memory/memory3/node0')).toBe('../../node/node0');
  });

  it('knows a step by directory, number and label', () => {
    const recording = recordingOf(tree)!;
    expect(['01-unpin', '01', '1', 'unpin'].map((name) => stepOf(recording, name).dir)).toEqual(
      Array(4).fill('01-unpin'),
    );
    expect(() => stepOf(recording, '7')).toThrow(
      new InputError('run.tar', '', 'has no step "7": it has 00-boot to 01-unpin'),
    );
  });

  it.each([
    [{ ...head, page_size: 4095, steps: [] }, /^run\.tar: ops\.json page_size: /],
    [{ ...head, steps: null }, 'run.tar: ops.json steps: is null, not a list'],
    [{ ...head, steps: [{ dir: '../x', ops: [] }] }, /^run\.tar: ops\.json steps\[0\]\.dir: /],
  ])('refuses a wrong ops.json: %j', (ops, message) => {
    expect(() => recordingOf(small(ops, ['00-boot']))).toThrow(message);
  });

  it('reads what there is of an archive without command line, with a step that has no directory', () => {
    const { cmdline: _, ...bare } = head;
    const recording = recordingOf(small({ ...bare, steps: [{ dir: '02-gone', ops: [] }] }, ['00-boot']))!;
    expect(recording.ops.cmdline).toBeUndefined();
    expect(recording.ops.unread).toEqual([
      {
        key: 'cmdline',
        why: 'is missing: boot options are unknown',
      },
    ]);
    expect(recording.steps[0]).toMatchObject({
      dir: '02-gone',
      unread: [{ key: '02-gone', why: 'there is no such directory' }],
    });
    expect(recording.steps[0]!.tree.list('')).toEqual([]);
  });

  it('leaves out lines of symlinks.txt that are no links, and names them', () => {
    const odd = small({ ...head, steps: [{ dir: '00-boot', ops: [] }] }, ['00-boot']);
    odd.addFile('run/00-boot/symlinks.txt', '/sys/a b\r\nnonsense\n/sys/../b c\n /x\n/sys/c \n');
    const { tree: step } = recordingOf(odd)!.steps[0]!;
    expect(step.readlink('sys/a')).toBe('b');
    expect([...step.unreadable]).toEqual([
      ['symlinks.txt line 2', '"nonsense" is not "path target"'],
      ['symlinks.txt line 3', '"/sys/../b c" is not "path target"'],
      ['symlinks.txt line 4', '" /x" is not "path target"'],
      ['symlinks.txt line 5', '"/sys/c " is not "path target"'],
    ]);
  });

  it('names what it does not know and reads the rest', () => {
    const ops = [
      { op: 'fly', height: 7 },
      { op: 'add_memory', nid: 0, start: null, size: 1, flags: 0, errno: null },
      { op: 'unpin', count: 1, mood: 'good', errno: 7 },
      null,
      { op: 'memunmap_pages', start: 4096, errno: 'EINTR', interrupted_after_s: 20 },
    ];
    const steps = [
      { dir: '00-boot', ops, note: 'x' },
      { dir: '01-more', ops: 'none' },
    ];
    const recording = recordingOf(small({ ...head, more: 1, steps }, ['00-boot', '01-more']))!;
    expect(recording.ops.unread).toEqual([{ key: 'more', why: 'unknown key' }]);
    expect(recording.steps[0]!.unread).toEqual([{ key: 'note', why: 'unknown key' }]);
    expect(recording.steps[0]!.ops).toEqual([
      { op: 'unread', name: '"fly"', why: 'unknown operation', unread: [] },
      {
        op: 'unread',
        name: 'add_memory',
        why: 'start: is null, not a number',
        unread: [],
      },
      {
        op: 'unpin',
        count: 1,
        unread: [
          { key: 'mood', why: 'unknown key' },
          { key: 'errno', why: 'is a number, not a text' },
        ],
      },
      { op: 'unread', name: '', why: 'the operation is not an object', unread: [] },
      { op: 'memunmap_pages', start: 4096, errno: 'EINTR', interrupted_after_s: 20, unread: [] },
    ]);
    expect(recording.steps[1]!.ops).toEqual([
      { op: 'unread', name: '', why: 'the operations of the step are not a list', unread: [] },
    ]);
  });

  it('is not what has no ops.json', () => {
    expect(recordingOf(new MemTree('x'))).toBeUndefined();
  });
});

describe.skipIf(archives.length === 0)('the recordings of real kernels (skipped without recordings/)', () => {
  it.each(archives)('%s opens, every operation is known', async (name) => {
    const recording = await openRecording(`${DIR}/${name}`);
    expect(recording.steps.length).toBeGreaterThan(2);
    expect(recording.steps[0]!.dir).toMatch(/^00-/);
    const unread = recording.steps.flatMap(({ ops, unread }) => [
      ...ops.flatMap((op) => op.unread),
      ...unread,
    ]);
    expect([...unread, ...recording.ops.unread]).toEqual([]);
    expect(recording.steps.flatMap(({ ops }) => ops.filter(({ op }) => op === 'unread'))).toEqual([]);
    for (const { tree } of recording.steps) {
      expect(tree.list('')).toContain('step.json');
      if (tree.kind('sys') === undefined) continue;
      expect(tree.readText('sys/devices/system/memory/block_size_bytes')).toMatch(/^[0-9a-f]+\n$/);
      const links = tree
        .list('sys/devices/system/memory')!
        .flatMap((block) =>
          /^memory\d+$/.test(block) ? tree.list(`sys/devices/system/memory/${block}`)! : [],
        )
        .filter((file) => /^node\d+$/.test(file));
      expect(links.length).toBeGreaterThan(0);
    }
  });
});
