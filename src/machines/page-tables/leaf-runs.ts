import { entrySize, type Translation } from '../../geometry/translation.ts';
import type { PtdumpLine } from './ptdump-text.ts';
import { type RecordedLeaf, type RecordedTables, TABLE_LEVELS } from './tables.ts';

/** The contents of an address range of a table: leaves, or the next table. */
interface Child {
  readonly start: number;
  readonly end: number;
  readonly leaf?: RecordedLeaf;
}

/**
 * The entries of a region in the order of a walk from the root: leaves with their attributes, and empty entries at
 * their level. Recorded table pages tell the level of empty entries; an entry that is not zero but not valid counts as
 * empty.
 */
export function* runsOf(t: Translation, recorded: RecordedTables): Generator<PtdumpLine, void> {
  const children: Child[][] = t.shift.map(() => []);
  for (const { level, va } of recorded.tables) {
    const depth = t.levels - TABLE_LEVELS.length + TABLE_LEVELS.indexOf(level);
    const size = entrySize(t, depth - 1);
    children[depth - 1]!.push({ start: va, end: va + size });
  }
  for (const leaf of recorded.leaves) {
    const depth = t.shift.indexOf(Math.log2(leaf.leaf_size));
    children[depth]?.push({ start: leaf.va, end: leaf.va + leaf.size, leaf });
  }
  for (const list of children) list.sort((a, b) => a.start - b.start);
  const next = children.map(() => 0);

  function* walk(depth: number, start: number, end: number): Generator<PtdumpLine, void> {
    const level = t.name[depth]!;
    const list = children[depth]!;
    let at = start;
    // tables are visited in ascending order, so tables that end before this one are finished
    while (next[depth]! < list.length && list[next[depth]!]!.end <= start) next[depth]!++;
    for (let i = next[depth]!; i < list.length && list[i]!.start < end; i++) {
      const child = list[i]!;
      const from = Math.max(child.start, start);
      const to = Math.min(child.end, end);
      if (at < from) yield { start: at, end: from, level, attr: 0 };
      if (child.leaf) yield { start: from, end: to, level, attr: child.leaf.attr };
      else yield* walk(depth + 1, from, to);
      at = to;
    }
    if (at < end) yield { start: at, end, level, attr: 0 };
  }
  yield* walk(0, recorded.start, recorded.end);
}
