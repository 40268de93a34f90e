import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';
import { kindOf } from './checks.ts';
import { difference } from './compare.ts';
import { readSources } from './functions.ts';
import { instrumented, writeInstrumented } from './instrument.ts';
import { listMutants } from './list.ts';
import { Worker } from './pool.ts';
import { readResults } from './results.ts';

const ROOT = new URL('../../', import.meta.url);
const COPY = new URL('.mutants/sample/', ROOT);

const sources = readSources(ROOT);
const mutants = await listMutants(sources);
const results = readResults(new URL('results.jsonl', import.meta.url));

test('the results are of mutants that there are, in their order', () => {
  expect([...results.keys()]).toEqual(mutants.map(({ name }) => name));
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  expect(mutants.length).toBeGreaterThan(900);
});

test.each([...sources.files.keys()])('%s with its mutants can be read', (file) => {
  const { diagnostics } = ts.transpileModule(instrumented(sources, file), { reportDiagnostics: true });
  expect(diagnostics).toEqual([]);
});

const SAMPLE = [
  'arm64-v5 free_pte_table: without __flush_tlb_kernel_pgtable(addr)',
  'arm64-v5 free_pte_table: twice table_page(this.c, READ_ONCE(pmdp))',
  'arm64-v6 unmap_hotplug_pte_range: swapped pte_clear(ptep) and flush_tlb_kernel_range(addr, addr + PAGE_SIZE)',
  'v5.7 free_empty_pte_table: twice free_hotplug_pgtable_page(table)',
  'v6.1 v6_1_192.unmap_hotplug_range: without flush_tlb_kernel_range(addr, end)',
  "v6.1 flush_and_wait: swapped tlbi(op) and DSB('ish')",
];

describe('a sample fares as it is written', () => {
  const worker = new Worker(fileURLToPath(new URL('test/mutation/child.ts', COPY)));
  afterAll(() => {
    worker.end();
    rmSync(COPY, { recursive: true, force: true });
  });
  writeInstrumented(sources, COPY);

  test.each(SAMPLE)('%s', async (name) => {
    const { name: _, ...recorded } = results.get(name)!;
    expect(await worker.evaluate(mutants.find((mutant) => mutant.name === name)!)).toEqual(recorded);
  });
});

test('numbers are no difference, tables that are left are', () => {
  expect(kindOf('CPU 0,1 may hold a PMD at ffff8003 (0x40 bytes)')).toBe(
    'CPU #,# may hold a PMD at # (# bytes)',
  );
  expect(kindOf('the tables are not what they were: PTE 2 kept')).toBe(
    'the tables are not what they were: PTE 2 kept',
  );
});

describe('how two runs differ', () => {
  const told = (text: string) =>
    [...text].map((letter) => ({
      kind: ({ r: 'read', f: 'flush', l: 'lock' } as const)[letter] ?? ('change' as const),
      text: letter,
    }));
  test.each([
    ['arb', 'arrb', 'reads'],
    ['ab', 'afb', 'more flushing'],
    ['afb', 'ab', 'less flushing'],
    ['afb', 'abf', 'other flushing'],
    ['ab', 'aab', 'again'],
    ['ab', 'ba', 'order'],
    ['la', 'al', 'order'],
    ['a', 'la', 'more locking'],
    ['la', 'a', 'less locking'],
    ['ab', 'abab', 'more steps'],
    ['ab', 'a', 'fewer steps'],
    ['ab', 'ac', 'other steps'],
  ])('%s and %s: %s', (before, after, what) => {
    expect(difference(told(before), told(after))).toBe(what);
  });
});
