import type { ListedBlock } from '../../machines/lsmem/lsmem-source.ts';

/** Consecutive blocks that are shown as one line. All fields but the count are those of the first block. */
export interface LsRange {
  readonly first: ListedBlock;
  count: number;
}

/** Columns in which neighbours can differ. */
export type SplitColumn = 'STATE' | 'REMOVABLE' | 'NODE' | 'ZONES' | 'CONFIGURED' | 'MEMMAP-ON-MEMORY';

/**
 * Merges neighbouring blocks that agree in the given columns. With `all` no blocks are merged.
 *
 * @param blocks ascending by number
 */
export function mergeBlocks(
  blocks: Iterable<ListedBlock>,
  split: ReadonlySet<SplitColumn>,
  all: boolean,
): LsRange[] {
  const ranges: LsRange[] = [];
  let last: LsRange | undefined;
  for (const block of blocks) {
    if (
      last !== undefined &&
      !all &&
      block.id === last.first.id + last.count &&
      alike(last.first, block, split)
    ) {
      last.count++;
    } else {
      last = { first: block, count: 1 };
      ranges.push(last);
    }
  }
  return ranges;
}

function alike(a: ListedBlock, b: ListedBlock, split: ReadonlySet<SplitColumn>): boolean {
  if (split.has('STATE') && a.state !== b.state) return false;
  if (split.has('REMOVABLE') && a.removable !== b.removable) return false;
  if (split.has('NODE') && a.nid !== b.nid) return false;
  if (split.has('CONFIGURED') && a.configured !== b.configured) return false;
  if (split.has('MEMMAP-ON-MEMORY') && a.memmap_on_memory !== b.memmap_on_memory) return false;
  if (split.has('ZONES') && !sameWords(a.zones, b.zones)) return false;
  return true;
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, i) => word === b[i]);
}
