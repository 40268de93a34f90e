import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const folder = `${root}examples/designs/`;
const pages = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');

test('every design that has a page shows what the checker says of it', () => {
  expect(pages).toHaveLength(12);
});

test.each(pages)(
  '%s shows what is printed',
  (page) => {
    const text = readFileSync(folder + page, 'utf8');
    const shown = [...text.matchAll(/```console\n\$ npx mhp ([^\n]*)\n([\s\S]*?)```/g)];
    expect(shown.length).toBeGreaterThan(0);
    for (const [, command, output] of shown) {
      const run = spawnSync(process.execPath, ['dist/cli/main.js', ...command!.split(' ')], {
        cwd: root,
        encoding: 'utf8',
      });
      expect(run.stdout).toBe(output);
    }
  },
  600_000,
);
