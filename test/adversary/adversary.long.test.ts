import { spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';

/*
 * Whatever a command line names that is not right: one line on standard error, status 2, nothing on standard output, no
 * file left behind. answers.txt has the lines.
 */

const root = new URL('../../', import.meta.url).pathname;
const here = (name: string): string => new URL(name, import.meta.url).pathname;

/** More than any of them takes; the process is killed then, and has no status. */
const LIMIT = 120_000;
const PROCESSES = 2;

const MACHINE = 'machine: {arch: arm64, ram: [{start: 1G, size: 1G}]}\nrelease: v6.1\n';
const recording = readFileSync(join(root, 'recordings/x86_64-6.1-kmem.tar.xz'));

/** Files that are made rather than written. */
const made: Readonly<Record<string, string | Uint8Array>> = {
  'thread-deep.yaml': `${MACHINE}threads: {a: ['vmalloc(${'('.repeat(20_000)}4096${')'.repeat(20_000)})']}\n`,
  'deep.yaml': `a: ${'['.repeat(20_000)}\n`,
  'long-line.yaml': `${MACHINE}steps: [{write: {path: "/sys/${'x'.repeat(100_000)}", value: 1}}]\n`,
  'zero.yaml': Buffer.alloc(4096),
  'big.yaml': Buffer.alloc(12 * 2 ** 20, 'a: b\n'),
  'utf16.yaml': Buffer.from('\ufeffmachine: x\n', 'utf16le'),
  'empty.tar': '',
  'noise.tar.xz': Uint8Array.from({ length: 4096 }, (_, i) => (i * i * 31 + i * 7) % 251),
  'cut.tar.xz': recording.subarray(0, 20_000),
  'zeroes.tar': Buffer.alloc(10_240),
};

let folder = '';
let given: readonly string[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-adversary-'));
  const written = parse(readFileSync(here('files.yaml'), 'utf8')) as Record<string, string>;
  for (const [name, text] of Object.entries({ ...written, ...made })) writeFileSync(join(folder, name), text);
  expect(spawnSync('mkfifo', ['fifo.yaml', 'fifo.tar.xz', 'fifo.js'], { cwd: folder }).status).toBe(0);
  mkdirSync(join(folder, 'dir.yaml'));
  for (const name of ['loop.yaml', 'loop.js']) symlinkSync(name, join(folder, name));
  given = readdirSync(folder).sort();
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function answer(line: string): Promise<Answer> {
  const main = join(root, 'dist/cli/main.js');
  const command = `exec "${process.execPath}" "${main}" ${line}`;
  const child = spawn('sh', ['-c', command], { cwd: folder, timeout: LIMIT, killSignal: 'SIGKILL' });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text;
    });
  child.stdin.end();
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...said })));
}

const commands = readFileSync(here('commands.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

test('every command line is answered in one line, and leaves nothing behind', async () => {
  const answers = new Map<string, Answer>();
  const left = [...commands];
  const work = async (): Promise<void> => {
    for (let line = left.shift(); line !== undefined; line = left.shift())
      answers.set(line, await answer(line));
  };
  await Promise.all(Array.from({ length: PROCESSES }, work));
  const wrong = commands.filter((line) => {
    const { status, stdout, stderr } = answers.get(line)!;
    return status !== 2 || stdout !== '' || !/^[^\n]+\n$/.test(stderr);
  });
  expect(wrong.map((line) => [line, answers.get(line)])).toEqual([]);
  expect(readdirSync(folder).sort()).toEqual(given);
  const text = commands.map((line) => `mhp ${line}\n  ${answers.get(line)!.stderr}`).join('');
  await expect(text.replaceAll(folder, 'FOLDER')).toMatchFileSnapshot('answers.txt');
}, 1_800_000);

test('there are more than 200', () => {
  expect(new Set(commands).size).toBe(commands.length);
  expect(commands.length).toBeGreaterThan(200);
});
