import { entrySize, type Translation } from '../../geometry/translation.ts';
import type { ItemRule } from '../memory/layers.ts';

/** One use of a physical page: as a table of some depth, or as the output of a leaf of some depth. */
export interface Place {
  /**
   * The virtual address that the page's first byte translates (output of a leaf), or the first one that its table
   * translates.
   */
  readonly va: number;
  /** The depth of the table, or the depth of the leaf's descriptor. */
  readonly depth: number;
  readonly table: boolean;
  /**
   * The number of descriptors that say so, in memory where walkers pass, or stale. With the contiguous hint each member
   * counts.
   */
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
