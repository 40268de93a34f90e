import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

// Programs of strangers that do not end, or want what they cannot have: mhp explore ends them by name, and replay too.

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-programs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const program = (body: string): string =>
  `import { explore, lock } from 'mhp/explorer';
export default explore({ name: 'p', threads: [{ name: 'A', run: function* () { ${body} } }] });`;

function explored(text: string, args: readonly string[] = ['explore', 'mine.js']) {
  writeFileSync(join(folder, 'mine.js'), text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    cwd: folder,
  });
  return [status, stdout, stderr];
}

const LATE = 'mhp: mine.js: does not come back within 5 s\n';

test.each([
  ['loads without an end', 'for (;;);', LATE],
  ['a thread that does not come to a step', program('for (;;);'), LATE],
  ['a thread that catches what ends it', program('for (;;) try { for (;;); } catch {}'), LATE],
  [
    'more memory than there may be',
    program('const all = []; for (;;) all.push(new Array(1e6).fill(0));'),
    /^mhp: mine\.js: (uses more than \d+ MiB|does not come back within 5 s|ended the run \(\w+\))\n$/,
  ],
  [
    'Node by the constructor of what it is given',
    program("yield lock.constructor('return process')().exit(0);"),
    'mhp: mine.js: EvalError: Code generation from strings disallowed for this context\n',
  ],
])('%s', (_, text, said) => {
  const [status, stdout, stderr] = explored(text, ['explore', '--max-memory', '64M', 'mine.js']);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(
    typeof said === 'string' ? new RegExp(`^${said.replace(/[.()*+?]/g, '\\$&')}$`) : said,
  );
});

test('the token of another text of the program does not keep its replay for ever', () => {
  const [, stdout] = explored(program("yield lock('a'); yield lock('a');"));
  const token = /mhp replay (\S+)/.exec(stdout as string)![1]!;
  expect(explored(program("yield lock('a'); for (;;);"), ['replay', token, 'mine.js'])).toEqual([
    2,
    '',
    LATE,
  ]);
});
