import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { COMMANDS } from '../command-table.ts';
import { completion, SHELLS } from './completion.ts';
import { describedCommands } from './described.ts';
import { manOf, manOfAll } from './man.ts';

const commands = await describedCommands(COMMANDS);
const of = (name: string) => commands.find((one) => one.name === name)!;

test('every command of the table is described, and those below plan', () => {
  expect(commands.map(({ name }) => name).filter((name) => !name.includes(' '))).toEqual(
    COMMANDS.map(({ name }) => name),
  );
  expect(commands.map(({ name }) => name)).toEqual(expect.arrayContaining(['plan add', 'plan remove']));
  expect(of('why').options.map(({ long }) => long)).toContain('--all');
  expect(of('why').after).toContain('Exit status');
});

test.each(SHELLS)('%s: every command and long option is completed', (shell) => {
  const script = completion(shell, commands);
  for (const { name, options } of commands) {
    expect(script).toContain(name.split(' ').at(-1)!);
    for (const { long } of options)
      if (long) expect(script).toContain(shell === 'fish' ? `-l ${long.slice(2)}` : long);
  }
});

test('bash completes commands, options, releases and columns', () => {
  const script = completion('bash', commands, ['B10', 'B11']);
  const complete = (...words: readonly string[]): string[] => {
    const line = words.map((word) => `'${word}'`).join(' ');
    const run = `${script}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _mhp; echo "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', run], { encoding: 'utf8' }).stdout.trim().split(' ');
  };
  expect(complete('mhp', 'wh')).toEqual(['why']);
  expect(complete('mhp', 'plan', 'r')).toEqual(['remove']);
  expect(complete('mhp', 'plan', 'add', '--ki')).toEqual(['--kind']);
  expect(complete('mhp', 'plan', 'add', '--kind', 'd')).toEqual(['dimm']);
  expect(complete('mhp', 'run', '--release', 'v6.1')).toEqual(expect.arrayContaining(['v6.1', 'v6.12']));
  expect(complete('mhp', 'ls', '-o', 'ZO')).toEqual(['ZONES']);
  expect(complete('mhp', 'plan', '')).toEqual(['add', 'remove', 'pmem', 'cxl']);
  expect(complete('mhp', 'check', 'B1')).toEqual(['B10', 'B11']);
});

test('manual pages have name, synopsis, options and exit status', () => {
  const page = manOf(of('why'));
  expect(page).toMatch(/^\.TH MHP-WHY 1/);
  for (const part of ['.SH NAME', '.SH SYNOPSIS', '.SH OPTIONS', 'Exit status', '\\-\\-all'])
    expect(page).toContain(part);
  expect(manOfAll(commands)).toContain('.BR mhp\\-plan\\-add (1)');
  expect(manOfAll(commands)).toContain('LSMEM_COLUMNS');
});
