import { regionOf } from '../../geometry/layout.ts';
import { entrySize } from '../../geometry/translation.ts';
import { meaning } from '../../hardware/descriptor/format.ts';
import type { Mmu } from '../../hardware/mmu.ts';
import { nextTable, tablesTogether } from '../../hardware/walks/walk.ts';
import type { Kernel } from '../kernel.ts';
import type { State } from '../state.ts';
import { type PtdumpRun, ptdump } from './ptdump.ts';
import { ptdump_format, ptdump_markers } from './ptdump_format.ts';

/** debugfs kernel_page_tables, from the current tables. */

/**
 * Regions all of whose mappings the model has; the others contain mappings it lacks (modules, the kernel image,
 * devices).
 */
export const MODELLED_REGIONS = ['linear', 'vmemmap'] as const;

/** Every entry that a walk from the root passes, empty ones at their level, up to 2^64. */
export function* ptdump_runs(m: Mmu): Generator<PtdumpRun> {
  const n = m.t.entries[0]!;
  yield* below(m, 0, m.root, n, -n * entrySize(m.t, 0));
}

function* below(m: Mmu, depth: number, pa: number, n: number, va: number): Generator<PtdumpRun> {
  const size = entrySize(m.t, depth);
  const level = m.t.name[depth]!;
  const end = va + n * size;
  let at = va;
  for (const run of m.words.in(pa, n)) {
    const start = va + ((run.pa - pa) / 8) * size;
    if (at < start) yield { start: at, end: start, level, attr: 0 };
    at = start + run.n * size;
    if (meaning(m.t, depth, run.attr) !== 'table') yield { start, end: at, level, attr: run.attr };
    else {
      const together = tablesTogether(m, run);
      for (let i = 0; i < run.n; i += together) {
        yield* below(
          m,
          depth + 1,
          nextTable(m, run, i),
          together * m.t.entries[depth + 1]!,
          start + i * size,
        );
      }
    }
  }
  if (at < end) yield { start: at, end, level, attr: 0 };
}

/** The lines of the modelled regions, including markers, without line ends. */
export function* kernel_page_tables(state: State, k: Kernel): Generator<string> {
  if (!state.mmu) return;
  const format = ptdump_format(k.c.ptdump);
  const regions = MODELLED_REGIONS.flatMap((name) => regionOf(k.c.layout, name) ?? []).sort(
    (a, b) => a.start - b.start,
  );
  // markers of regions without mappings here would wait for entries that do not exist
  const own = { ...k.c.layout, regions };
  const markers = new Set(ptdump_markers(format, own).map(({ text }) => `---[ ${text} ]---`));
  for (const line of ptdump(k.c.t, own, format, ptdump_runs(state.mmu))) {
    if (line.startsWith('-') ? markers.has(line) : in_regions(line)) yield line;
  }

  function in_regions(line: string): boolean {
    const start = Number(BigInt.asIntN(64, BigInt(line.slice(0, 18))));
    return regions.some((region) => start >= region.start && start < region.end);
  }
}
