import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { buildLab, SERVED, SINGLE } from './built.ts';

beforeAll(() => buildLab());

/** Bytes of a script and of all scripts that it imports at once, each packed as a server would. */
function packedSize(name: string): number {
  const folder = join(SERVED, 'assets');
  const start = readdirSync(folder).find((file) => file.startsWith(`${name}-`) && file.endsWith('.js'))!;
  const found = new Set<string>();
  const add = (file: string): number => {
    if (found.has(file)) return 0;
    found.add(file);
    const code = readFileSync(join(folder, file), 'utf8');
    const imports = [...code.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)].map(([, one]) => one!);
    return gzipSync(code, { level: 9 }).length + imports.reduce((sum, one) => sum + add(one), 0);
  };
  return add(start);
}

test('the shell, the worker and the single file stay small', () => {
  expect(packedSize('index')).toBeLessThanOrEqual(120_000);
  expect(packedSize('worker')).toBeLessThanOrEqual(250_000);
  expect(readFileSync(SINGLE).length).toBeLessThanOrEqual(1_200_000);
});

test('the editor, the catalogue and struct pages as addresses are loaded when they are needed', () => {
  const names = readdirSync(join(SERVED, 'assets'));
  for (const name of ['editor-', '_virtual_texts-', 'memmap-real-', 'dropped-', 'design-'])
    expect(names.filter((file) => file.startsWith(name))).toHaveLength(1);
});

test('no file of the lab names a place outside of it', () => {
  for (const name of readdirSync(join(SERVED, 'assets'))) {
    const text = readFileSync(join(SERVED, 'assets', name), 'utf8');
    expect(text.match(/\bfetch\(|XMLHttpRequest|WebSocket\(|importScripts/g), name).toBe(null);
  }
});
