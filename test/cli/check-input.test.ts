import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// mhp check on files with a user's errors: one line that names the place, and status 2.

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-check-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function check(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'check', ...args], {
    encoding: 'utf8',
    cwd: folder,
  });
  return { status, stdout, stderr: stderr.replaceAll(folder, 'FOLDER') };
}

const scenario = (threads: string, before = 'vmalloc(PAGE_SIZE)', given = 'PAGE_SIZE') => `
machine: {arch: arm64, page_size: 4K, va_bits: 39, ram: [{start: 1G, size: 1G}], nodes: [{node: 0, cpus: 0-1}]}
release: v5.10
let: {given: '${given}'}
before: ['${before}']
threads: ${threads}
`;

function refused(text: string): string {
  writeFileSync(join(folder, 'mine.yaml'), text);
  const { status, stdout, stderr } = check('mine.yaml');
  expect([status, stdout]).toEqual([2, '']);
  return stderr;
}

describe('a line of a thread that cannot be done is refused by its place', () => {
  test.each([
    ['{a: ["vmalloc(p)"]}', 'line 6 threads.a[0]: p is not known here'],
    ['{a: ["p = vmalloc(PAGE_SIZE)", "vfree(q)"]}', 'line 6 threads.a[1]: q is not known here'],
    ['{a: ["vmalloc()"]}', 'line 6 threads.a[0]: too few arguments to vmalloc(): 0 of 1'],
    [
      '{a: ["vfree(null)"]}',
      'line 6 threads.a[0]: vfree(null): vfree(addr) cannot use what it is given (Cannot convert null to a BigInt)',
    ],
    ['{a: ["expect p"]}', 'line 6 threads.a[0]: p is not known here'],
    ['{a: ["vfree(0)"], b: ["vfree(0)"], c: ["vfree(0)"]}', 'line 6 threads: 3 threads and 2 CPUs'],
  ])('%s', (threads, message) => {
    expect(refused(scenario(threads))).toBe(`mhp: mine.yaml: ${message}\n`);
  });
  test('what comes before the threads', () => {
    expect(refused(scenario('{a: ["vfree(0)"]}', 'vfree(q)'))).toBe(
      'mhp: mine.yaml: line 5 before[0]: q is not known here\n',
    );
    expect(refused(scenario('{a: ["vfree(0)"]}', 'vfree(0)', 'given'))).toBe(
      'mhp: mine.yaml: line 4 let.given: given is not known here\n',
    );
  });
});

test('so it is where a design is checked', () => {
  writeFileSync(join(folder, 'mine.yaml'), scenario('{a: ["vfree(null)"]}'));
  writeFileSync(
    join(folder, 'mine.js'),
    `import { defineRelease } from 'mhp';
    export default defineRelease({ base: 'v5.10', mm: (base) => ({ *vfree(addr) { yield* base.vfree.call(this, addr); } }) });`,
  );
  const { status, stdout, stderr } = check('mine.yaml', '--design', 'mine.js');
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: '',
    stderr:
      'mhp: mine.yaml: line 6 threads.a[0]: vfree(null): vfree(addr) cannot use what it is given (Cannot convert null to a BigInt)\n',
  });
});

describe('options that make no sense are refused before anything is written', () => {
  test.each([
    [['--junit', ''], 'mhp: "": not a file name\n'],
    [['--junit', 'out', '--out', './out'], 'mhp: FOLDER/out: is named for two outputs\n'],
    [
      ['--threads', '0'],
      "error: option '--threads <n>' argument '0' is invalid. It takes a whole number from 1 to 256.\n",
    ],
  ])('%j', (args, message) => {
    const { status, stdout, stderr } = check('B30', ...args);
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: message });
    expect(readdirSync(folder)).not.toContain('out');
  });
});
