import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const doc = readFileSync(`${root}docs/threads.md`, 'utf8');

/** The last cell of each row: a command, and a line that it prints or the beginning of one. */
const rows = doc
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| point '))
  .map((line): [command: string, shown: string] => {
    const [, command, shown] = /\| `mhp ([^`]+)` `([^`]+)` \|$/.exec(line) ?? [];
    if (command === undefined || shown === undefined) throw new Error(`no command in: ${line}`);
    return [command, shown];
  });

test('there are points of all threads', () => {
  expect(doc.match(/^## /gm)).toHaveLength(4);
  expect(rows.length).toBeGreaterThan(40);
});

test.each(rows)('mhp %s', (command, shown) => {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['dist/cli/main.js', ...command.split(' ')],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  const printed = stdout + stderr;
  expect(printed.includes(shown), `status ${status}, signal ${signal}, printed:\n${printed}`).toBe(true);
});
