import { entryIndex, entrySize } from '../../geometry/translation.ts';
import { meaning, target } from '../descriptor/format.ts';
import type { WordRun } from '../memory/words.ts';
import type { Mmu } from '../mmu.ts';

/** Adjacent entries of one kind, with the addresses they translate. */
export interface EntryRun extends WordRun {
  /** The first address; every entry covers 2^shift bytes. */
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

/**
 * The non-zero entries that a walk from the root passes in [from, to), by address. A table entry comes before the
 * entries in its table. `to` 0 stands for 2^64. Adjacent tables are read as one.
 */
export function* entries(m: Mmu, from: number, to: number): Generator<EntryRun> {
  const size = entrySize(m.t, 0);
  yield* below(m, 0, m.root, m.t.entries[0]!, -m.t.entries[0]! * size, from, to);
}

/** The table at a depth that a walk for an address reaches; null if the walk ends before. */
export function tableAt(m: Mmu, depth: number, va: number): number | null {
  let table = m.root;
  for (let above = 0; above < depth; above++) {
    const d = m.words.get(table + entryIndex(m.t, above, va) * 8);
    if (meaning(m.t, above, d.attr) !== 'table') return null;
    table = target(m.t, d);
  }
  return table;
}

/** Whether a walk from the root finds a leaf for an address. */
export function isMapped(m: Mmu, va: number): boolean {
  let table = m.root;
  for (let depth = 0; depth < m.t.levels; depth++) {
    const d = m.words.get(table + entryIndex(m.t, depth, va) * 8);
    const kind = meaning(m.t, depth, d.attr);
    if (kind !== 'table') return kind === 'leaf';
    table = target(m.t, d);
  }
  return false;
}

/** The entries of {@link entries} that map something. */
export function* leaves(m: Mmu, from: number, to: number): Generator<EntryRun> {
  for (const run of entries(m, from, to)) if (!pointsToTable(m, run)) yield run;
}

/** Whether a walk follows the entries of this run. */
export const pointsToTable = (m: Mmu, run: EntryRun): boolean =>
  meaning(m.t, run.depth, run.attr) === 'table';

/** How many tables of a run of table entries are adjacent, so that their entries form one sequence. */
export const tablesTogether = (m: Mmu, run: WordRun): number =>
  run.stride === 2 ** m.t.page_shift ? run.n : 1;

/** The table that entry `i` of a run points to. */
export const nextTable = (m: Mmu, run: WordRun, i: number): number =>
  target(m.t, { addr: run.addr + i * run.stride, attr: run.attr });

/** The entries in `n` words at `pa`; the first word translates `va`. */
function* below(
  m: Mmu,
  depth: number,
  pa: number,
  n: number,
  va: number,
  from: number,
  to: number,
): Generator<EntryRun> {
  const size = entrySize(m.t, depth);
  const low = Math.max(0, Math.floor((from - va) / size));
  const high = Math.min(n, Math.ceil((to - va) / size));
  if (high <= low) return;
  for (const run of m.words.in(pa + low * 8, high - low)) {
    const start = va + ((run.pa - pa) / 8) * size;
    const found = { ...run, start, end: start + run.n * size, depth };
    yield found;
    if (!pointsToTable(m, found)) continue;
    const together = tablesTogether(m, run);
    for (let i = 0; i < run.n; i += together) {
      const inner = together * m.t.entries[depth + 1]!;
      yield* below(m, depth + 1, nextTable(m, run, i), inner, start + i * size, from, to);
    }
  }
}
