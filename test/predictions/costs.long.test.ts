import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openRecording } from '../../src/machines/recording/open-recording.ts';
import { costsOf } from './costs.ts';
import { pageOf, restOf } from './costs-page.ts';

const folder = new URL('../../recordings/', import.meta.url).pathname;

test('docs/costs.md: struct pages and tables are as many as recorded, within a page table page', async () => {
  const all = [];
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.tar.xz'))
    .sort())
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
  const unnamed = all.flatMap(({ name, costs }) =>
    costs.flatMap((cost) =>
      cost.page_size < 65_536 && Math.abs(restOf(cost) ?? 0) > 3 * 2 ** 20 ? [`${name} ${cost.step}`] : [],
    ),
  );
  expect(unnamed).toEqual([
    'arm64-5.10-4k-va48-full-dimm 03-dimm0-add-4096M-node1',
    'arm64-6.1-16k-va47-off 03-dimm0-add-1024M-node1',
    'arm64-6.1-full61 03-dimm0-add-1G-node1',
    'arm64-6.1-mmom61 02-dimm0-128M',
    'arm64-7.2-4k-va48-full-dimm 03-dimm0-add-1024M-node1',
  ]);
});
