import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.ts';

// The modules loaded before a command runs: those that a static import reaches. Type-only imports load nothing.

const root = new URL('../../src/', import.meta.url).pathname;
const IMPORT = /^(?:import|export)(?! type\b)[^;'"]*?from '([^']+)';/gm;

/** Files below src/ and packages that a file loads, itself included. */
function loaded(file: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, target] of readFileSync(join(root, file), 'utf8').matchAll(IMPORT)) {
    if (target!.startsWith('.')) loaded(relative(root, join(root, dirname(file), target!)), found);
    else found.add(target!);
  }
  return found;
}

test('mhp --version and --help load the table of commands and nothing of the model', () => {
  expect([...loaded('cli/main.ts')].sort()).toEqual([
    'cli/command-table.ts',
    'cli/main.ts',
    'commander',
    'errors/input-error.ts',
    'errors/system-error.ts',
    'errors/user-error.ts',
    'node:fs',
  ]);
});

/** The modules of the commands, by name. */
const MODULES = new Map(
  [
    ...readFileSync(join(root, 'cli/command-table.ts'), 'utf8').matchAll(/'\.\/(commands\/.*\/(.*)\.ts)'/g),
  ].map(([, file, name]) => [name!, `cli/${file}`]),
);

const SELDOM = ['esbuild', 'hyparquet-writer', 'junit-report-builder', 'seek-bzip', 'tar', 'xz-decompress'];

test.each(COMMANDS)('mhp $name loads nothing that only some of its options or inputs need', ({ name }) => {
  const modules = loaded(MODULES.get(name)!);
  expect(modules.size).toBeGreaterThan(5);
  expect(SELDOM.filter((one) => modules.has(one))).toEqual([]);
});

test.each(['explore', 'geometry', 'reserved'])('mhp %s needs no schema and no YAML', (name) => {
  const modules = loaded(MODULES.get(name)!);
  expect(['yaml', 'zod'].filter((one) => modules.has(one))).toEqual([]);
});

test.each(['why', 'diff', 'ls', 'ptdump'])('mhp %s loads the scenario format only for a scenario', (name) => {
  const modules = [...loaded(MODULES.get(name)!)];
  expect(
    modules.filter((one) => /^(scenarios\/(format|steps)|memmap\/scenarios\/steps)\//.test(one)),
  ).toEqual([]);
});
