import { expect, test } from 'vitest';
import { inProcess, printedBy } from '../../../../test/in-process.ts';
import { listedFunctions } from '../../inputs/function-table.ts';
import { define } from './functions.ts';

const listed = listedFunctions().map(({ name }) => name);

const functions = (...args: string[]): Promise<string> => printedBy(define, ['functions', ...args]);

test('of one function, all that is known', async () => {
  expect(await functions('state_store')).toMatch(
    /^state_store\(id, text\)\n {2}file {6}drivers\/base\/memory\.c\n {2}arch {6}arm64, x86_64\n {2}variants {2}v5\.2\+\n {2}callers hold {2}kn->active\n {2}called by {5}B01 /,
  );
});

test('of a part of a name, a table', async () => {
  const [head, ...rows] = (await functions('free_empty_*_table')).trimEnd().split('\n');
  expect(head).toMatch(/^FUNCTION +FILE +ARCH +VARIANTS +HOLDS +ENTRIES$/);
  expect(rows.map((row) => row.split('(')[0])).toEqual(
    ['p4d', 'pmd', 'pte', 'pud'].map((level) => `free_empty_${level}_table`),
  );
});

test('the arguments are those of the release', async () => {
  const args = async (release: string): Promise<unknown> =>
    JSON.parse(await functions('unmap_hotplug_range', '--release', release, '--json'));
  expect(await args('v5.7')).toMatchObject({
    schema: 'mhp-functions/1',
    release: 'v5.7',
    functions: [
      { args: ['addr', 'end', 'sparse_vmap', 'altmap'], arch: ['arm64'], file: 'arch/arm64/mm/mmu.c' },
    ],
  });
  expect(await args('v6.1')).toMatchObject({
    functions: [{ args: ['addr', 'end', 'free_mapped', 'altmap'] }],
  });
});

test('docs/functions.md is what --markdown prints', async () => {
  await expect(await functions('--markdown')).toMatchFileSnapshot('../../../../docs/functions.md');
});

test('the names alone, each once', async () => {
  const names = (await functions('--names')).trimEnd().split('\n');
  expect(names).toEqual(listed.filter((name, i) => listed.indexOf(name) === i));
  expect(await functions('state_s*', '--names')).toBe('state_show\nstate_store\n');
});

test.each([
  [['free_emty_p?d_*'], 'no function is named "free_emty_p?d_*"'],
  [['of*line_pges'], 'no function is named "of*line_pges"; near it: offline_pages'],
  [
    ['try_offlin_node'],
    'no function is named "try_offlin_node"; near it: try_offline_node, __try_online_node',
  ],
  [['unmap_hotplug_range', '--arch', 'x86_64'], 'no function is named "unmap_hotplug_range"'],
  [['--release', 'v9'], '"v9" is not a modelled release'],
  [['--arch', 'riscv'], '"riscv" is not one of arm64, x86_64'],
])('%j: %s', async (args, what) => {
  const { error } = await inProcess(define, ['functions', ...args]);
  expect((error as Error).message).toContain(what);
});
