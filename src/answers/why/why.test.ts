import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { askedMachine } from '../../cli/inputs/asked-machine.ts';
import { why, whyAll } from './why.ts';

const recorded = (name: string): string =>
  fileURLToPath(new URL(`../../../recordings/${name.replace(':', '.tar.xz:')}`, import.meta.url));
const ask = (name: string) => askedMachine(recorded(name), {});

/** Verdict, errno, kind of the reason. */
async function answers(name: string, ...blocks: readonly number[]) {
  const asked = await ask(name);
  return blocks.map((block) => {
    const { verdict, errno, reason } = why(asked, block);
    return [block, verdict, errno, reason?.kind ?? null];
  });
}

test('blocks with holes, of two zones, with reserved pages in Movable', async () => {
  expect(await answers('x86_64-6.1-holes:1', 0, 9, 15, 32)).toEqual([
    [0, 'no', 'EINVAL', 'zones'],
    [9, 'no', 'EINVAL', 'holes'],
    [15, 'no', 'EINVAL', 'holes'],
    [32, 'no', 'EBUSY', 'unmovable'],
  ]);
});

test('arm64: boot memory, a hole, reserved pages first, a DIMM online as Movable and one in Normal', async () => {
  expect(await answers('arm64-6.1-full61:05', 8, 10, 11, 16, 17, 18)).toEqual([
    [8, 'no', 'EBUSY', 'reserved'],
    [10, 'no', 'EPERM', 'boot memory'],
    [11, 'no', 'EINVAL', 'holes'],
    [16, 'yes', null, null],
    [17, 'unsure', null, null],
    [18, 'offline', null, null],
  ]);
});

test('where struct pages of the boot lie is not known of a machine that is described', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'mhp-why-')), 'machine.yaml');
  const verdicts = async (arch: string, start: number, block: number) => {
    writeFileSync(file, `{arch: ${arch}, release: v6.12, ram: [{start: ${start}, size: 4G}]}`);
    const { verdict, errno, reason } = why(await askedMachine(file, {}), block);
    return [verdict, errno, reason?.kind ?? null];
  };
  for (const block of [8, 9, 30, 39])
    expect(await verdicts('arm64', 2 ** 30, block)).toEqual(['no', 'EPERM', 'boot memory']);
  for (const block of [1, 20, 31]) expect(await verdicts('x86_64', 0, block)).toEqual(['unsure', null, null]);
});

test('the words of pages decide in a kernel zone; what would migrate is counted', async () => {
  const asked = await ask('x86_64-6.1-dimm-movable:3');
  const blocked = why(asked, 8);
  expect(blocked.reason).toMatchObject({ kind: 'unmovable', where: 'has_unmovable_pages()' });
  expect(blocked.messages).toContain('page dumped because: unmovable page');
  expect(blocked.cures.flatMap(({ commands }) => commands)).toContain('echo 2 > /proc/sys/vm/drop_caches');
  expect(why(asked, 40)).toMatchObject({ verdict: 'yes', zone: 'Movable', owner: { kind: 'added' } });
  expect(why(asked, 40).migrate).toBeGreaterThan(0);
});

describe('all blocks at once', () => {
  test.each([
    'x86_64-6.1-holes:1',
    'arm64-6.1-full61:05',
    'x86_64-6.1-gigantic:8',
    'arm64-7.2-4k-va48-full-dimm:18',
  ])('%s: each as if it were asked alone', async (name) => {
    const asked = await ask(name);
    const blocks = [...asked.session.state.memory_block.keys()].sort((a, b) => a - b);
    const alone = blocks.map((block) => why(asked, block));
    expect(whyAll(asked, blocks)).toEqual(alone);
  });
});

test('blocks that are tried once have messages of their own', async () => {
  const asked = await ask('arm64-6.1-full61:05');
  const all = whyAll(asked, [...asked.session.state.memory_block.keys()]);
  const boot = all.filter(({ reason }) => reason?.kind === 'boot memory');
  expect(boot.map(({ block, messages }) => [block, messages[0]])).toEqual([
    [9, 'Boot memory [48000000 50000000] offlining attempted'],
    [10, 'Boot memory [50000000 58000000] offlining attempted'],
    [12, 'Boot memory [60000000 68000000] offlining attempted'],
    [13, 'Boot memory [68000000 70000000] offlining attempted'],
    [14, 'Boot memory [70000000 78000000] offlining attempted'],
  ]);
});

test('asking changes nothing', async () => {
  const asked = await ask('x86_64-6.1-dimm-movable:3');
  const before = JSON.stringify(why(asked, 40));
  why(asked, 41);
  expect(JSON.stringify(why(asked, 40))).toBe(before);
  expect(asked.session.state.memory_block.get(40)!.offline).toBe(false);
});
