import { describe, expect, test } from 'vitest';
import { layout } from '../src/geometry/layouts.ts';
import { translation } from '../src/geometry/translation.ts';
import { ptdump } from '../src/kernel/fs/ptdump.ts';
import { ptdump_format } from '../src/kernel/fs/ptdump_format.ts';
import { runsOf } from '../src/machines/page-tables/leaf-runs.ts';
import { parsePtdump } from '../src/machines/page-tables/ptdump-text.ts';
import { parseTables } from '../src/machines/page-tables/tables.ts';
import { openRecording } from '../src/machines/recording/open-recording.ts';

// The output of real kernels, and their tables read from outside, at every step of every arm64 recording.

const FILE = 'sys/kernel/debug/kernel_page_tables';

/** Name, release, page size (K), VA_BITS, steps whose guest printed the file, steps whose tables were walked. */
const recordings = [
  ['arm64-5.10-4k-va48-full-dimm', 'v5.10', 4, 48, 65, 65],
  ['arm64-6.1-16k-va47-off', 'v6.1', 16, 47, 65, 65],
  ['arm64-6.1-64k-va48-full', 'v6.1', 64, 48, 65, 65],
  ['arm64-6.1-full61', 'v6.1', 4, 48, 70, 70],
  ['arm64-6.1-mmom61', 'v6.1', 4, 48, 13, 13],
  ['arm64-6.1-split-rooff61', 'v6.1', 4, 48, 6, 6],
  ['arm64-7.2-4k-va48-full-dimm', 'v7.2', 4, 48, 65, 65],
] as const;

describe.each(recordings)('%s', (name, release, page, va, dumps, walks) => {
  const t = translation('arm64', page * 1024, va);
  const places = layout(t, release);
  const format = ptdump_format(release);
  const opened = openRecording(new URL(`../recordings/${name}.tar.xz`, import.meta.url).pathname);

  test('kernel_page_tables, parsed and printed again, is the same bytes', async () => {
    let seen = 0;
    for (const { dir, tree } of (await opened).steps) {
      const text = tree.readText(FILE);
      if (text === undefined) continue;
      const parsed = parsePtdump(text, format.memory_types, dir);
      expect(parsed.from_zero).toBe(format.from_zero);
      expect(`${[...ptdump(t, places, format, parsed.runs)].join('\n')}\n`, dir).toBe(text);
      seen++;
    }
    expect(seen).toBe(dumps);
  });

  test.each(['linear', 'vmemmap'] as const)(
    'tables/%s.json prints as the kernel printed it',
    async (region) => {
      let seen = 0;
      for (const { dir, tree } of (await opened).steps) {
        const json = tree.readText(`tables/${region}.json`);
        if (json === undefined) continue;
        seen++;
        const tables = parseTables(json, dir, `tables/${region}.json`);
        const [start, end] =
          region === 'linear'
            ? [places.PAGE_OFFSET, places.PAGE_END]
            : [places.VMEMMAP_START, places.VMEMMAP_END];
        expect([tables.start, tables.end], dir).toEqual([start, end]);
        const text = tree.readText(FILE);
        if (text === undefined) continue;
        const { runs } = parsePtdump(text, format.memory_types, dir);
        const around = [
          ...runs.filter((run) => run.end <= start && run.end !== 0),
          ...runsOf(t, tables),
          ...runs.filter((run) => run.start >= end && end !== 0),
        ];
        expect(`${[...ptdump(t, places, format, around)].join('\n')}\n`, dir).toBe(text);
      }
      expect(seen).toBe(walks);
    },
  );
});
