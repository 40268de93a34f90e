import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import * as diff from '../../src/cli/commands/answers/diff.ts';
import * as plan from '../../src/cli/commands/answers/plan.ts';
import * as why from '../../src/cli/commands/answers/why.ts';
import * as ls from '../../src/cli/commands/machine/ls.ts';
import * as run from '../../src/cli/commands/machine/run.ts';
import { blockMapSvg } from '../../src/report/drawing/block-svg.ts';
import { inProcess } from '../in-process.ts';

/** Pages and drawings, byte for byte; docs/pictures has them, and pictures.ts shows them. */

const folder = mkdtempSync(join(tmpdir(), 'mhp-goldens-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

const DIMM = 'recordings/x86_64-6.1-dimm.tar.xz';
const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
const at = (name: string): string => join(folder, name);

/** Runs a command twice: the same bytes. */
async function made(define: Parameters<typeof inProcess>[0], args: readonly string[], name: string) {
  const [first, again] = [at(name), at(`again-${name}`)];
  for (const file of [first, again]) {
    const { error } = await inProcess(define, [...args, file]);
    expect(error).toBe(undefined);
  }
  expect(readFileSync(again, 'utf8')).toBe(text(name));
  return text(name);
}

test('the whole run of dimm.yaml, as a page and as a map', async () => {
  const page = await made(run.define, ['run', 'scenarios/dimm.yaml', '--html'], 'dimm.html');
  await expect(page).toMatchFileSnapshot('../../docs/pictures/dimm.html');
  const map = await made(run.define, ['run', 'scenarios/dimm.yaml', '--svg'], 'dimm.svg');
  await expect(map).toMatchFileSnapshot('../../docs/pictures/dimm.svg');
});

test('32,768 blocks fold into a few rows', async () => {
  const blocks = Array.from({ length: 32_768 }, (_, id) => ({
    id,
    start: id * 2 ** 27,
    state: id >= 30_720 ? 'offline' : 'online',
    node: Math.floor(id / 8192),
    zone: id < 32 ? 'DMA32' : id < 16_384 ? 'Normal' : 'Movable',
  })).filter(({ id }) => id < 16 || id >= 32);
  const svg = blockMapSvg({ block_size: 2 ** 27, blocks }, '32,752 memory blocks');
  expect(svg.length).toBeLessThan(50_000);
  await expect(svg).toMatchFileSnapshot('../../docs/pictures/blocks-32768.svg');
});

test('a plan of taking memory away: the order, what stays, and the commands', async () => {
  const page = await made(plan.define, ['plan', 'remove', '3G', '-s', `${DIMM}:6`, '--html'], 'plan.html');
  await expect(page).toMatchFileSnapshot('../../docs/pictures/plan.html');
  expect(page).toContain('goes offline as number 1');
  const svg = await made(plan.define, ['plan', 'add', '1G', '-s', `${DIMM}:6`, '--svg'], 'add.svg');
  expect(svg.match(/, new in this step</g)).toHaveLength(8);
});

test('why and diff as pages', async () => {
  const one = await made(why.define, ['why', '-s', `${DIMM}:6`, '32', '--html'], 'why.html');
  expect(one).toContain('<h1>memory32 cannot be taken offline: EBUSY: slab page at pfn 0x100000.</h1>');
  expect(one).toContain('<h2>Refused in has_unmovable_pages()</h2>');
  const all = await made(why.define, ['why', '-s', `${DIMM}:6`, '--all', '--html'], 'why-all.html');
  expect(all).toContain('<h1>28 of 32 blocks can be taken offline (3.5G), 4 cannot.</h1>');
  expect(all).toMatch(/<a href="#memory32">memory32<\/a>/);
  const two = await made(diff.define, ['diff', `${DIMM}:1`, `${DIMM}:2`, '--html'], 'diff.html');
  expect(two).toContain('memory40..47: brought online in Movable (online_movable)');
  for (const page of [one, all, two]) {
    expect(page.length).toBeLessThan(100_000);
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/connect-src|https?:|src=|<script/);
  }
});

describe('the form of a drawing', () => {
  const LS = ['ls', '-s', 'scenarios/dimm.yaml'];

  test('the extension of the file says it', async () => {
    expect(await made(ls.define, [...LS, '--svg'], 'map.txt')).toMatch(
      /^a letter is a block of 128M, a row 2G\n/,
    );
    expect(await made(ls.define, [...LS, '--svg'], 'map.html')).toMatch(/^<!doctype html>[\s\S]*<svg /);
    expect(await made(ls.define, [...LS, '--svg'], 'map.svg')).toMatch(/^<\?xml/);
    const { error } = await inProcess(ls.define, [...LS, '--svg', at('map.png')]);
    expect(String(error)).toContain('map.png" does not end in .svg, .txt or .html');
  });

  test('words choose what is drawn; equal rows are folded unless that is not wanted', async () => {
    const { stdout } = await inProcess(ls.define, [...LS, '--draw', '--filter', 'node1,Normal']);
    expect(stdout).toBe(`a letter is a block of 128M, a row 2G
             nothing for 4G
0x100000000  NNNNNNNN........  memory32, node 1
N online, Normal; . no block
`);
    const { error } = await inProcess(ls.define, [...LS, '--draw', '--filter', 'node7']);
    expect(String(error)).toContain(
      '--filter: "node7" is none of DMA32, Normal, node0, node1, nozone, online',
    );
    const alone = await inProcess(ls.define, [...LS, '--filter', 'node1']);
    expect(String(alone.error)).toContain('--filter: is for --draw and --svg');
    const lsmem = at('lsmem.txt');
    writeFileSync(
      lsmem,
      'RANGE SIZE STATE REMOVABLE BLOCK\n0x0000000000000000-0x00000003ffffffff 16G online yes 0-127\n\nMemory block size: 128M\n',
    );
    const big = ['ls', '-s', lsmem, '--draw'];
    expect((await inProcess(ls.define, big)).stdout).toContain('7 rows alike, to memory127');
    expect((await inProcess(ls.define, [...big, '--no-fold'])).stdout.match(/memory\d+/g)).toHaveLength(8);
  });
});
