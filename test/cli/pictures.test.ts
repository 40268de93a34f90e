import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { checkEntry } from '../../src/check/check-entry.ts';
import * as replay from '../../src/cli/commands/checker/replay.ts';
import * as geometry from '../../src/cli/commands/machine/geometry.ts';
import * as ls from '../../src/cli/commands/machine/ls.ts';
import * as pages from '../../src/cli/commands/machine/pages.ts';
import * as ptdump from '../../src/cli/commands/machine/ptdump.ts';
import * as run from '../../src/cli/commands/machine/run.ts';
import { catalogue } from '../../src/cli/inputs/catalogue.ts';
import { inProcess } from '../in-process.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-pictures-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

const at = (name: string): string => join(folder, name);
const text = (name: string): string => readFileSync(at(name), 'utf8');

const { entry } = catalogue((id) => id === 'B14')[0]!;
const { told } = checkEntry(entry, entry.release);
const B14 = told?.kind === 'threads' ? told.token : '';

test('replay --html: the story on the terminal, and the same as a page', async () => {
  const { stdout, stderr } = await inProcess(replay.define, ['replay', B14, '--html', at('b14.html')]);
  expect(stderr).toBe('');
  expect(stdout).toContain('pfn 0x40203 was found in *pgdp at ffffffffc0000000 by mapper in step 10');
  expect(text('b14.html')).toMatch(/^<!doctype html>[\s\S]*<title>B14 on arm64-v5: found<\/title>/);
  await inProcess(replay.define, ['replay', B14, '--html', at('again.html')]);
  expect(text('again.html')).toBe(text('b14.html'));
});

test('run --html --svg --draw: a page, a file, and the drawing in place of the list', async () => {
  const args = ['run', 'scenarios/dimm.yaml', '--html', at('dimm.html'), '--svg', at('dimm.svg'), '--draw'];
  const { stdout } = await inProcess(run.define, args);
  expect(stdout).toMatch(/\n0x100000000 {2}N{8}\.{8} {2}memory32, node 1\n/);
  expect(stdout).not.toContain('RANGE');
  expect(text('dimm.html')).toContain('map after step 7');
  expect(text('dimm.svg')).toContain(
    '<title>memory32, 0x100000000-0x107ffffff, node 1, online, Normal</title>',
  );
});

test('ls, pages, geometry and ptdump draw what they list', async () => {
  const { stdout: blocks } = await inProcess(ls.define, ['ls', '-s', 'scenarios/dimm.yaml', '--draw']);
  expect(blocks).toContain('0x0          +DDDDDDDDDDDDDDD  memory0, node 0\n');
  const runs = await inProcess(pages.define, ['pages', 'scenarios/dimm.yaml', '--after', '1', '--draw']);
  expect(runs.stdout).toMatch(/^0x0000000140000000-0x000000017fffffff {2}\|.*u+\| {2}1G uninitialised/m);
  const space = await inProcess(geometry.define, ['geometry', '--va', '39', '--svg', at('space.svg')]);
  expect(space.stdout).toContain('REGION');
  expect(text('space.svg')).toContain('vmemmap');
  const tables = await inProcess(ptdump.define, [
    'ptdump',
    'scenarios/B26-contiguous-group-entry-by-entry.yaml',
    '--draw',
  ]);
  expect(tables.stdout).toContain('page tables of arm64');
});

test('a file that cannot be written is refused before the work, and nothing is left', async () => {
  const { error, stdout } = await inProcess(run.define, ['run', 'scenarios/dimm.yaml', '--html', folder]);
  expect([String(error), stdout]).toEqual([expect.stringContaining('is a directory'), '']);
  const twice = await inProcess(run.define, [
    'run',
    'scenarios/dimm.yaml',
    '--html',
    at('x'),
    '--svg',
    at('x'),
  ]);
  expect(String(twice.error)).toContain('is named for two outputs');
  expect(existsSync(at('x'))).toBe(false);
  const all = await inProcess(geometry.define, ['geometry', '--all', '--svg', at('y')]);
  expect(String(all.error)).toContain('--all cannot be combined with --draw or --svg');
});
