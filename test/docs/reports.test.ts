import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const pages = readdirSync(`${root}docs/reports`).filter((name) => /^B\w+\.md$/.test(name));

test('there is a report of each defect that a recorded kernel has', () => {
  expect(pages.sort()).toEqual(['B27.md', 'B29.md', 'B32.md', 'B36c.md', 'B36d.md']);
});

test.each(pages)(
  '%s shows what the checker says of its fix',
  (page) => {
    const text = readFileSync(`${root}docs/reports/${page}`, 'utf8');
    const shown = [...text.matchAll(/```console\n\$ npx mhp ([^\n]*)\n([\s\S]*?)```/g)];
    expect(shown).toHaveLength(1);
    const [, command, output] = shown[0]!;
    const run = spawnSync(process.execPath, ['dist/cli/main.js', ...command!.split(' ')], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(run.stdout).toBe(output);
  },
  120_000,
);
