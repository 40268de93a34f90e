import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const doc = readFileSync(`${root}docs/designs.md`, 'utf8');
const shown = [...doc.matchAll(/```console\n\$ npx mhp ([^\n]*)\n([\s\S]*?)```/g)];
const STATUS = [0, 2, 0];

test.each(shown.map(([, command, output], i) => [command!, output!, STATUS[i]!] as const))(
  'mhp %s prints what the document shows',
  (command, output, status) => {
    const run = spawnSync(process.execPath, ['dist/cli/main.js', ...command.split(' ')], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(run.stdout).toBe(output);
    expect([run.status, run.stderr]).toEqual([status, '']);
  },
);
