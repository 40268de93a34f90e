import type { Layout } from './layout.ts';
import { hardwareLevel, type LevelName, type Translation } from './translation.ts';

/** A table, other than the root, with entries for two regions. */
export interface SharedTable {
  /** The lower region of the two. */
  readonly below: string;
  readonly above: string;
  /** The level of the table: PTE for a table of PTEs. */
  readonly level: LevelName;
  /** The architecture's number for that level: 3 for a table of PTEs. */
  readonly hardware_level: number;
  /** The addresses it translates; end 0 stands for 2^64. */
  readonly start: number;
  readonly end: number;
}

/**
 * For each pair of regions the tables in which both have entries, from the root down. Regions do not overlap, so two
 * share at most one table per level: the one with the last byte of the lower and the first of the upper region.
 */
export function sharedTables(t: Translation, layout: Layout): SharedTable[] {
  const shared: SharedTable[] = [];
  for (const [i, below] of layout.regions.entries()) {
    for (const above of layout.regions.slice(i + 1)) {
      for (let depth = 1; depth < t.levels; depth++) {
        const size = 2 ** t.shift[depth - 1]!;
        const table = Math.floor(above.start / size);
        // ends are page-aligned, so the last page gives the same result as the last byte
        if (table !== Math.ceil(below.end / size) - 1) break;
        shared.push({
          below: below.name,
          above: above.name,
          level: t.name[depth]!,
          hardware_level: hardwareLevel(t, depth),
          start: table * size,
          end: (table + 1) * size,
        });
      }
    }
  }
  return shared;
}
