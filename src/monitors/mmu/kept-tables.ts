import { entry_size } from '../../geometry/translation.ts';
import type { Config } from '../../kernel/config.ts';
import type { State } from '../../kernel/state.ts';
import type { Monitor } from '../../schedule/monitors/monitor.ts';

/** Virtual addresses [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Tables of a level that the spans lie under. */
function tables_over(c: Config, depth: number, spans: readonly Span[]): number {
  const cover = entry_size(c.t, depth - 1);
  const tables = new Set<number>();
  for (const { start, end } of spans) {
    for (let n = Math.floor(start / cover); n * cover < end; n++) tables.add(n);
  }
  return tables.size;
}

/**
 * Tables that a tear-down keeps are bounded by what was ever mapped (B37): however often these spans come and go, no more
 * tables are taken from the page allocator than map all of them. Nothing else may take any.
 */
export function kept_tables(before: State, c: Config, spans: readonly Span[]): Monitor {
  const taken = ({ table_pages: { allocated, freed } }: State, depth: number): number => {
    const level = c.t.name[depth]!;
    return (allocated[level] ?? 0) - (freed[level] ?? 0);
  };
  const at_first = c.t.name.map((_, depth) => taken(before, depth));
  return {
    name: 'kept-tables',
    state(view) {
      const { state } = view.world<{ readonly state: State }>();
      for (let depth = 1; depth < c.t.levels; depth++) {
        const more = taken(state, depth) - at_first[depth]!;
        const bound = tables_over(c, depth, spans);
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
