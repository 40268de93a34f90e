import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openRecording } from '../../src/machines/recording/open-recording.ts';
import { type Cost, costsOf } from './costs.ts';

const folder = new URL('../../recordings/', import.meta.url).pathname;

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const said = (n: number | null): string => (n === null ? '' : String(n));

function pageOf(all: readonly { readonly name: string; readonly costs: readonly Cost[] }[]): string {
  const lines = [
    '# Costs',
    '',
    'What `mhp plan add` says that memory costs, from the state before each recorded step that adds memory and does nothing else, beside',
    'what the kernel took: the struct pages and the table pages of the linear map and the memmap, counted in the dumps of its tables, and',
    'the fall of MemFree. Bytes; user tables and slab are pages. Written by',
    '`npx vitest run --config vitest.long.config.ts test/predictions/costs -u`.',
    '',
    'MemFree falls by more or less than what must be free, as all else that runs allocates and frees meanwhile: the programs that',
    'record, slab, and the lists of the CPUs. `rest` is what remains. A step in which the new memory went online has no figure.',
    '',
    row([
      ...['recording', 'step', 'size', 'struct pages', 'recorded', 'tables', 'recorded'],
      ...['must be free', 'MemFree fell', 'rest', 'user tables', 'slab'],
    ]),
    row(Array(12).fill('---')),
  ];
  for (const { name, costs } of all)
    for (const { step, size, memmap, tables, free, user_tables, slab } of costs)
      lines.push(
        row([
          ...[name, step, size, memmap.predicted, said(memmap.recorded), tables.predicted],
          ...[said(tables.recorded), free.predicted, said(free.recorded)],
          ...[said(free.recorded === null ? null : free.recorded - free.predicted), user_tables, slab],
        ]),
      );
  return `${lines.join('\n')}\n`;
}

test('docs/costs.md: struct pages and tables are as many as recorded, within a page table page', async () => {
  const all = [];
  for (const file of readdirSync(folder).sort())
    all.push({ name: file.replace('.tar.xz', ''), costs: costsOf(await openRecording(folder + file)) });
  await expect(pageOf(all)).toMatchFileSnapshot('../../docs/costs.md');
  const far = all.flatMap(({ name, costs }) =>
    costs.flatMap(({ step, page_size, memmap, tables }) =>
      (memmap.recorded !== null && memmap.recorded !== memmap.predicted) ||
      (tables.recorded !== null && Math.abs(tables.recorded - tables.predicted) > page_size)
        ? [`${name} ${step}: ${JSON.stringify({ memmap, tables })}`]
        : [],
    ),
  );
  expect(far).toEqual([]);
});
