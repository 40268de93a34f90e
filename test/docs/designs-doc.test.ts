import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const main = `${root}dist/cli/main.js`;
const doc = readFileSync(`${root}docs/designs.md`, 'utf8');
const shown = [...doc.matchAll(/```console\n\$ npx mhp ([^\n]*)\n([\s\S]*?)```/g)];

test('the runs of the sketch are shown', () => {
  expect(shown).toHaveLength(3);
});

test('the first module of the document keeps the table of B14, and V5 still frees what is mapped', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mhp-designs-'));
  try {
    const file = join(folder, 'design.mjs');
    writeFileSync(file, /```js\n([\s\S]*?)```/.exec(doc)![1]!);
    const run = spawnSync(process.execPath, [main, 'check', '--design', file, '--json', 'B14'], {
      encoding: 'utf8',
    });
    expect(run.status).toBe(1);
    expect(JSON.parse(run.stdout).results).toMatchObject([{ id: 'B14', failure: { kind: 'free-pages' } }]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the example in TypeScript has its types right', () => {
  const flags = [
    '--noEmit',
    '--strict',
    '--allowJs',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2023',
  ];
  const run = spawnSync(
    process.execPath,
    [
      `${root}node_modules/typescript/bin/tsc`,
      ...flags,
      '--noImplicitAny',
      'false',
      'examples/designs/two-passes-mended.ts',
    ],
    { cwd: root, encoding: 'utf8' },
  );
  expect(run.stdout).toBe('');
});
