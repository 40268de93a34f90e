import { expect, test } from 'vitest';
import { Vmcoreinfo } from '../../src/record/memory/vmcoreinfo.ts';
import type { RecordedOp, Run } from '../../src/record/steps/performer.ts';
import { script } from '../../src/record/steps/script.ts';
import { use } from '../../src/record/steps/use.ts';

/** A guest that answers lines by what they contain, with block 40 on node 1. */
function guest(answers: Readonly<Record<string, { status?: number; out?: string; err?: string }>> = {}) {
  const lines: string[] = [];
  const calls: string[] = [];
  const all: typeof answers = { 'ls -d': { out: '1\n' }, ...answers };
  const run = {
    timeout: 60,
    pins: [],
    programs: [],
    pagemaps: new Map(),
    plugged: new Map(),
    guest: {
      info: new Vmcoreinfo('PAGESIZE=4096'),
      symbols: new Map([['alloc_contig_range_noprof', 1n]]),
      run: async (line: string) => {
        lines.push(line);
        const known = Object.entries(all).find(([part]) => line.includes(part))?.[1];
        return { status: known?.status ?? 0, out: Buffer.from(known?.out ?? ''), err: known?.err ?? '' };
      },
      call: async (name: string, args: readonly bigint[]) => {
        calls.push(`${name} ${args.join(' ')}`);
        return 0n;
      },
    },
  } as unknown as Run;
  return { run, lines, calls };
}

async function ops(made: AsyncGenerator<RecordedOp>): Promise<RecordedOp[]> {
  const found: RecordedOp[] = [];
  for await (const op of made) found.push(op);
  return found;
}

const at = { start: '5G', size: '64M' } as const;

test('movable pages are those of a tmpfs on the node of the range', async () => {
  const { run, lines } = guest();
  expect(await ops(use.perform(run, { ...at, as: 'movable' }))).toEqual([
    { op: 'use_memory', kind: 'tmpfs', node: 1, mib: 64 },
  ]);
  expect(lines.at(-1)).toBe(
    'mkdir -p /mnt/use0 && mount -t tmpfs -o mpol=bind:1,size=64M use /mnt/use0 && timeout -s KILL 60 dd if=/dev/zero of=/mnt/use0/file bs=1M count=64',
  );
  expect(await ops(use.perform(run, { ...at, as: 'free' }))).toEqual([{ op: 'stop_using' }]);
  expect(lines.at(-1)).toBe('umount /mnt/use0');
  expect(await ops(use.perform(run, { ...at, as: 'free' }))).toEqual([]);
});

test('how much a program got that ended early is not known', async () => {
  const { run } = guest({ 'mpol=bind': { status: 137 } });
  expect(await ops(use.perform(run, { ...at, as: 'movable' }))).toEqual([
    { op: 'use_memory', kind: 'tmpfs', node: 1, mib: null },
  ]);
});

test('huge pages come from the pool that has enough of them', async () => {
  const { run, lines } = guest({ 'hugepages-2048kB': { out: '32\n' } });
  expect(await ops(use.perform(run, { ...at, as: 'hugepage' }))).toEqual([
    { op: 'use_memory', kind: 'huge2m', node: 1, mib: 64 },
  ]);
  expect(lines.at(-1)).toContain('fallocate -l 67108864 /mnt/use0/file');
  expect(await ops(use.perform(run, { start: '5G', size: '128M', as: 'hugepage' }))).toEqual([
    { op: 'observe', text: 'no use: node 1 has not so many free huge pages' },
  ]);
});

test('pages that cannot be moved are those of the range, and are given back', async () => {
  const { run, calls } = guest();
  const range = { start: '5G', size: '8K' } as const;
  expect(await ops(use.perform(run, { ...range, as: 'unmovable' }))).toEqual([
    { op: 'pin', nid: 1, start: 5 * 2 ** 30, size: 8192, errno: null, page: 0x140000 },
  ]);
  expect(await ops(use.perform(run, { ...range, as: 'free' }))).toEqual([{ op: 'unpin', count: 1 }]);
  expect(calls).toEqual(['alloc_contig_range_noprof 1310720 1310722 1 3264', 'free_contig_range 1310720 2']);
});

test('programs that have memory elsewhere, too, keep it', async () => {
  const { run } = guest();
  await ops(use.perform(run, { ...at, as: 'movable' }));
  await ops(use.perform(run, { start: '6G', size: '64M', as: 'movable' }));
  expect(await ops(use.perform(run, { ...at, as: 'free' }))).toEqual([
    { op: 'observe', text: 'not freed: programs have memory outside the range, too' },
  ]);
});

test('a block that is not there has no pages to use', async () => {
  const { run } = guest({ 'ls -d': { out: '' } });
  expect(await ops(use.perform(run, { ...at, as: 'movable' }))).toEqual([
    { op: 'observe', text: 'no use: there is no block at 0x140000000' },
  ]);
});

test('a script is run with its arguments, and what it says and its status are kept', async () => {
  const { run, lines } = guest({ 'mhp/scripts': { status: 4, out: 'skip\n', err: 'no memory\n' } });
  expect(await ops(script.perform(run, { file: "t/it's.sh", args: ' -r  50' }))).toEqual([
    { op: 'script', file: "t/it's.sh", argv: ['-r', '50'], exit: 4, said: 'skip\nno memory\n' },
  ]);
  expect(lines).toEqual([`timeout -s KILL 60 '/mhp/scripts/t%2Fit'\\''s.sh' '-r' '50'`]);
});
