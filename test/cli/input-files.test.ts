import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

// Files that no command can use: one line that names the file, and status 2, from every command that reads files.

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
let folder = '';

const THREADS = `machine: {arch: arm64, page_size: 4K, va_bits: 39, ram: [{start: 1G, size: 1G}], nodes: [{node: 0, cpus: 0-1}]}
release: v5.10
threads: {a: ["vmalloc(PAGE_SIZE)"]}
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-inputs-'));
  for (const name of ['d.yaml', 'd.ts']) mkdirSync(join(folder, name));
  expect(spawnSync('mkfifo', ['f.yaml', 'f.ts', 'f.tar'], { cwd: folder }).status).toBe(0);
  writeFileSync(join(folder, 'imports.ts'), "import './f.ts';\nexport default {};\n");
  writeFileSync(join(folder, 'empty.yaml'), '\n');
  writeFileSync(join(folder, 'bin.yaml'), Buffer.alloc(4000, 0xfe));
  writeFileSync(join(folder, 'key.yaml'), `${THREADS}"${'k'.repeat(300)}": 1\n`);
  writeFileSync(join(folder, 'threads.yaml'), THREADS);
  writeFileSync(join(folder, 'release.yaml'), THREADS.replace('v5.10', `"${'r'.repeat(200)}"`));
});
afterAll(() => rmSync(folder, { recursive: true }));

function mhp(args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    cwd: folder,
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

test.each([
  ['run f.yaml', 'f.yaml: is no regular file'],
  ['check ./f.yaml', './f.yaml: is no regular file'],
  ['litmus f.yaml', 'f.yaml: is no regular file'],
  ['check --design f.ts', 'f.ts: is no regular file'],
  ['explore ./f.ts', './f.ts: is no regular file'],
  ['check --design imports.ts', '__FOLDER__/f.ts: is no regular file'],
  ['explore imports.ts', '__FOLDER__/f.ts: is no regular file'],
  ['sections f.yaml', 'f.yaml: is neither a file nor a directory'],
  ['conform f.tar', 'f.tar: is neither a file nor a directory'],
  ['ls -s f.tar', 'f.tar: is neither a file nor a directory'],
  ['run d.yaml', 'd.yaml: has neither sys/devices/system/memory nor proc/iomem'],
  ['check ./d.yaml', './d.yaml: is a directory'],
  ['litmus d.yaml', 'd.yaml: is a directory'],
  ['check --design d.ts', 'd.ts: is a directory'],
  ['explore ./d.ts', './d.ts: is a directory'],
  ['run empty.yaml', 'empty.yaml: is empty'],
  ['check ./empty.yaml', './empty.yaml: is empty'],
  ['litmus empty.yaml', 'empty.yaml: is empty'],
  ['sections empty.yaml', 'empty.yaml: is empty'],
  ['run bin.yaml', 'bin.yaml: is not UTF-8 text'],
  ['check ./bin.yaml', './bin.yaml: is not UTF-8 text'],
  ['litmus bin.yaml', 'bin.yaml: is not UTF-8 text'],
  ['sections bin.yaml', 'bin.yaml: is not UTF-8 text'],
  ['check ./key.yaml', `./key.yaml: line 1: unrecognized key: "${'k'.repeat(60)}…"`],
  ['check ./release.yaml', `./release.yaml: line 2 release: "${'r'.repeat(60)}…" is not a modelled release`],
  ['check B999', 'check: "B999" is neither in the catalogue (--list) nor a file'],
  ['check --release newest B10', '--release: "newest" is not a modelled release'],
  ['explore hotrm(2', 'hotrm(2: unclosed parenthesis; mhp explore --list prints them'],
])('mhp %s', (line, message) => {
  const text = message.replace('__FOLDER__', folder);
  expect(mhp(line.split(' '))).toEqual({ status: 2, stdout: '', stderr: `mhp: ${text}\n` });
});

test.each(['run', 'check', 'litmus'])('mhp %s with an empty path', (command) => {
  expect(mhp([command, ''])).toEqual({ status: 2, stdout: '', stderr: 'mhp: the path is empty\n' });
});

test('a scenario may come from standard input through a pipe', () => {
  const { status, stdout } = spawnSync(
    'sh',
    ['-c', `cat threads.yaml | "${process.execPath}" "${main}" check /dev/stdin`],
    {
      encoding: 'utf8',
      cwd: folder,
    },
  );
  expect({ status, stdout }).toEqual({ status: 0, stdout: '/dev/stdin\n\nv5.10: clean (40 states)\n' });
});

test('a scenario without a title has no trailing blanks', () => {
  expect(mhp(['check', 'threads.yaml'])).toEqual({
    status: 0,
    stdout: 'threads.yaml\n\nv5.10: clean (40 states)\n',
    stderr: '',
  });
});
