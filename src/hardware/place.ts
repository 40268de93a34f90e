import { entrySize, type Translation } from '../geometry/translation.ts';
import type { ItemRule } from './layers.ts';

/** One thing a physical page serves as: a table of some depth, or what a leaf of some depth translates to. */
export interface Place {
  /** Virtual address that the page's first byte translates, as output; or the first its table translates. */
  readonly va: number;
  /** Depth of the table; or depth of the leaf's descriptor. */
  readonly depth: number;
  readonly table: boolean;
  /** Descriptors that say so: in memory where walkers come by, or stale. With the contiguous hint each member counts. */
  readonly refs: number;
}

export function placeRule(t: Translation): ItemRule<Place> {
  const step = (p: Place): number =>
    p.table ? t.entries[p.depth]! * entrySize(t, p.depth) : 2 ** t.page_shift;
  return {
    shift: (p, by) => ({ ...p, va: p.va + by * step(p) }),
    same: (a, b) => a.va === b.va && a.depth === b.depth && a.table === b.table && a.refs === b.refs,
  };
}
