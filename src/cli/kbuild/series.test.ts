import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { patchedTree } from './patched.ts';
import { readSeries } from './series.ts';
import { kernelTree } from './tree.ts';

let folder: string;
let top: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-series-test-'));
  top = join(folder, 'tree');
  mkdirSync(join(top, 'arch/arm64/mm'), { recursive: true });
  mkdirSync(join(top, '.git'));
  writeFileSync(join(top, '.git/HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(join(top, 'Makefile'), 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 5\n');
  writeFileSync(join(top, 'arch/arm64/mm/mmu.c'), 'int one;\nint two;\nint three;\n');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A diff that replaces a line of the small tree's mmu.c. */
const diff = (from: readonly [string, string, string], to: readonly [string, string, string]): string => {
  const changed = from.map((line, i) => (line === to[i] ? ` ${line}\n` : `-${line}\n+${to[i]}\n`)).join('');
  const file = 'arch/arm64/mm/mmu.c';
  return `diff --git a/${file} b/${file}\n--- a/${file}\n+++ b/${file}\n@@ -1,3 +1,3 @@\n${changed}`;
};

const START = ['int one;', 'int two;', 'int three;'] as const;
const FIRST = diff(START, ['int one;', 'long two;', 'int three;']);
const SECOND = diff(['int one;', 'long two;', 'int three;'], ['int one;', 'long two;', 'int drei;']);

const mail = (subject: string, body: string, more = ''): string =>
  `From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: A <a@b.c>\nDate: Mon, 2 Jan 2023 10:00:00 +0100\nSubject: ${subject}\n${more}\n${body}\n`;

function saved(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const mmu = (at: string): string => readFileSync(join(at, 'arch/arm64/mm/mmu.c'), 'utf8');
const cache = (): string => join(folder, 'cache');
const patched = async (...files: readonly string[]) => {
  const told: string[] = [];
  const series = (await Promise.all(files.map((file) => readSeries(file)))).flat();
  const tree = await patchedTree(kernelTree(top), series, cache(), (text) => told.push(text));
  return { tree, told };
};

test('the patches of a mailbox, in the order of their numbers; no letter, no reply', async () => {
  const box = saved(
    'series.mbox',
    mail('[PATCH v2 0/2] Two edits', 'A letter.') +
      mail('Re: [PATCH v2 1/2] The first', `> quoted\n${FIRST}`) +
      mail('[PATCH v2 2/2] The second', `Says why.\n---\n${SECOND}`) +
      mail('[PATCH v2 1/2] mm: the first', `Says why.\n---\n${FIRST}`),
  );
  const found = await readSeries(box);
  expect(found.map(({ subject }) => subject)).toEqual(['mm: the first', 'The second']);
  const { tree, told } = await patched(box);
  expect(told).toEqual(['a copy with 2 patches']);
  expect(mmu(tree.path)).toBe('int one;\nlong two;\nint drei;\n');
  expect(tree).toMatchObject({ name: top, version: '6.1.5' });
});

test('a mail in quoted-printable, and a plain diff after it', async () => {
  const coded = mail(
    '[PATCH] Only one',
    `=C3=BC\n---\n${FIRST.replaceAll('=', '=3D')}`,
    'Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\n',
  );
  const { tree } = await patched(saved('one.mbox', coded), saved('two.diff', SECOND));
  expect(mmu(tree.path)).toBe('int one;\nlong two;\nint drei;\n');
});

test('the tree is only read, and its history is not copied', async () => {
  const before = readdirSync(top, { recursive: true }).map(
    (name) => statSync(join(top, String(name))).mtimeMs,
  );
  const { tree } = await patched(saved('one.diff', FIRST));
  expect(mmu(top)).toBe(`${START.join('\n')}\n`);
  expect(
    readdirSync(top, { recursive: true }).map((name) => statSync(join(top, String(name))).mtimeMs),
  ).toEqual(before);
  expect(readdirSync(tree.path).sort()).toEqual(['Makefile', 'arch']);
});

test('a copy is made once, and again if the tree has changed', async () => {
  const box = saved('one.diff', FIRST);
  await patched(box);
  expect((await patched(box)).told).toEqual([]);
  writeFileSync(join(top, 'Makefile'), 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 6\n');
  utimesSync(join(top, 'Makefile'), 1, 1);
  const again = await patched(box);
  expect(again.told).toEqual(['a copy with the patch']);
  expect(again.tree.version).toBe('6.1.6');
  expect(mmu(again.tree.path)).toBe('int one;\nlong two;\nint three;\n');
});

test('a patch that does not apply is named, and leaves no copy', async () => {
  const box = saved('two.mbox', mail('[PATCH] The second', `---\n${SECOND}`));
  await expect(patched(box)).rejects.toThrow(
    `${box}: The second: does not apply: patch failed: arch/arm64/mm/mmu.c:1`,
  );
  expect(readdirSync(cache())).toEqual([]);
});

test('a patch cannot reach out of the copy', async () => {
  const out = saved('out', `${START.join('\n')}\n`);
  const box = saved('out.diff', FIRST.replaceAll('arch/arm64/mm/mmu.c', '../../out'));
  await expect(patched(box)).rejects.toThrow(`${box}: does not apply: invalid path '../../out'`);
  expect(readFileSync(out, 'utf8')).toBe(`${START.join('\n')}\n`);
});

test.each([
  ['', 'has no patch'],
  ['some text', 'has no patch'],
  [mail('[PATCH 0/1] Letter', 'text'), 'has no patch'],
  [
    mail('[PATCH] One', FIRST) + mail('[PATCH v3] One', FIRST),
    'has patches of versions 1 and 3: keep those of one',
  ],
  [mail('[PATCH 1/1] One', FIRST) + mail('[PATCH 1/1] One', FIRST), 'has patch 1 twice'],
])('refused: %#', async (text, what) => {
  const box = saved('box', text);
  await expect(readSeries(box)).rejects.toThrow(`${box}: ${what}`);
});
