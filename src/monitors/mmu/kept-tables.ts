import { entrySize } from '../../geometry/translation.ts';
import type { Config } from '../../kernel/config.ts';
import type { State } from '../../kernel/state.ts';
import type { Monitor } from '../../schedule/monitors/monitor.ts';

/** A range of virtual addresses [start, end). */
export interface TableSpan {
  readonly start: number;
  readonly end: number;
}

/** The tables of a level that translate addresses in the spans. */
function tablesOver(c: Config, depth: number, spans: readonly TableSpan[]): number {
  const cover = entrySize(c.t, depth - 1);
  const tables = new Set<number>();
  for (const { start, end } of spans) {
    for (let n = Math.floor(start / cover); n * cover < end; n++) tables.add(n);
  }
  return tables.size;
}

/**
 * Tables kept by a tear-down are bounded by what was ever mapped (B37): however often these spans are mapped and
 * unmapped, the number of tables taken from the page allocator never exceeds what maps all of them. No other user of
 * tables may run.
 */
export function keptTables(before: State, c: Config, spans: readonly TableSpan[]): Monitor {
  const taken = ({ table_pages: { allocated, freed } }: State, depth: number): number => {
    const level = c.t.name[depth]!;
    return (allocated[level] ?? 0) - (freed[level] ?? 0);
  };
  const atFirst = c.t.name.map((_, depth) => taken(before, depth));
  return {
    name: 'kept-tables',
    state(view) {
      const { state } = view.world<{ readonly state: State }>();
      for (let depth = 1; depth < c.t.levels; depth++) {
        const more = taken(state, depth) - atFirst[depth]!;
        const bound = tablesOver(c, depth, spans);
        const level = c.t.name[depth]!;
        if (more > bound)
          return {
            kind: 'kept-tables',
            subjects: { level, count: more, bound },
            text: `${more} ${level} tables are taken, ${bound} are enough`,
          };
      }
      return undefined;
    },
  };
}
