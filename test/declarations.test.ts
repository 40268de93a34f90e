import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url).pathname;

// each release's file adds its functions to the type KernelFunctions; a user's compiler must see all of them
test('the declarations of the package hold together, and know functions of v5.2, of a series and of v7.2', () => {
  const folder = mkdtempSync(join(root, 'dist', 'user-'));
  try {
    const file = join(folder, 'user.ts');
    writeFileSync(
      file,
      `import type { Kernel, KernelFunctions } from '../index.js';
const names: readonly (keyof KernelFunctions)[] = [
  'add_memory_resource', 'unmap_hotplug_range', 'remove_pagetable', 'section_deactivate', 'offline_and_remove_memory',
  'mhp_range_allowed', 'can_unmap_without_split', 'no_such_function',
];
export const number_of_a_block = (k: Kernel): string => k.c.PAGE_SIZE;
export function* wrong(k: Kernel) { yield* k.remove_pfn_range_from_zone('zone', 0, 1); }
void names;
`,
    );
    const run = spawnSync(
      process.execPath,
      [
        `${root}node_modules/typescript/bin/tsc`,
        ...['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node', file],
      ],
      { cwd: root, encoding: 'utf8' },
    );
    expect(run.stdout.split('\n').flatMap((line) => /: error (.*)/.exec(line)?.[1] ?? [])).toEqual([
      `TS2322: Type '"no_such_function"' is not assignable to type 'keyof KernelFunctions'.`,
      "TS2322: Type 'number' is not assignable to type 'string'.",
      "TS2345: Argument of type 'string' is not assignable to parameter of type 'number'.",
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
