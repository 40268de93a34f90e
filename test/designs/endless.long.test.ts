import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkDesign, removing } from './design-file.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-design-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a function that runs for ever is stopped', () => {
  const { status, results } = checkDesign(folder, removing('for (;;);'));
  expect([status, results[0]!.reason]).toEqual([2, 'remove_pagetable does not come back within 5 s']);
});

test('a function that takes steps for ever is stopped', () => {
  const text = removing("for (;;) yield* R('vars', 0, 'max_pfn');");
  const { status, results } = checkDesign(folder, text, { args: ['B14'] });
  expect({ status, results: results.map((r) => [r.id, r.verdict, r.reason]) }).toEqual({
    status: 2,
    results: [['B14', 'stopped', 'remove_pagetable takes more than 100000 steps: it does not end']],
  });
});
