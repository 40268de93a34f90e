import { entryIndex, entrySize, type Translation } from '../../geometry/translation.ts';
import {
  AP_RDONLY,
  DBM,
  PXN_TABLE,
  SW_SPECIAL,
  TABLE_BIT,
  UXN_TABLE,
  VALID,
} from '../../hardware/descriptor/descriptor.ts';
import { writeEntries } from '../../hardware/memory/write.ts';
import type { Mmu } from '../../hardware/mmu.ts';
import { dsb, isb } from '../../hardware/tlb/barriers.ts';
import type { Config } from '../../kernel/config.ts';
import { leaf_entry, table_entry } from '../../kernel/include/linux/pgtable.ts';
import type { RecordedTable, RecordedTables } from '../../machines/page-tables/tables.ts';

/** The recorded tables of a machine, at their recorded addresses. */

/** Hardware levels by their names in recordings. */
const HARDWARE_LEVEL = { P4D: 0, PUD: 1, PMD: 2, PTE: 3 } as const;

/** The depth of a recorded table's entries. */
export const depthIn = (t: Translation, table: RecordedTable): number =>
  HARDWARE_LEVEL[table.level] - (4 - t.levels);

/** Table pages by the depth of their entries and the first address that they translate. */
class Directory {
  readonly #pages = new Map<string, number>();
  readonly #c: Config;

  constructor(c: Config) {
    this.#c = c;
  }

  add(depth: number, va: number, pa: number): void {
    this.#pages.set(`${depth} ${va}`, pa);
  }

  /** The physical address of the entry at a depth that translates `va`, or undefined if its table is missing. */
  entry(depth: number, va: number): number | undefined {
    const { t, swapper_pg_dir } = this.#c;
    const index = entryIndex(t, depth, va) * 8;
    if (depth === 0) return swapper_pg_dir + index;
    const cover = entrySize(t, depth - 1);
    const page = this.#pages.get(`${depth} ${Math.floor(va / cover) * cover}`);
    return page === undefined ? undefined : page + index;
  }
}

/**
 * Writes recorded tables into memory. Of a shared table, only the number of other regions' entries is known: they
 * become words that are neither empty nor valid, at the table's end or its beginning.
 */
export function writeRecorded(m: Mmu, c: Config, regions: readonly RecordedTables[]): void {
  const { t } = c;
  const directory = new Directory(c);
  for (const region of regions)
    for (const table of region.tables) directory.add(depthIn(t, table), table.va, table.pa);
  for (const region of regions) {
    const attr = VALID | TABLE_BIT | (region.name === 'linear' ? PXN_TABLE | UXN_TABLE : c.pgprot.TABLE);
    for (const table of region.tables) {
      const depth = depthIn(t, table);
      const entry = directory.entry(depth - 1, table.va);
      if (entry !== undefined) writeEntries(m, entry, 1, table_entry(c, table.pa, attr), 0);
    }
    for (const leaf of region.leaves) writeLeaves(m, c, directory, leaf);
  }
  for (const region of regions) for (const table of region.tables) writeStrangers(m, c, regions, table);
  dsb(m, 'ish');
  isb(m);
}

function writeLeaves(m: Mmu, c: Config, directory: Directory, leaf: RecordedTables['leaves'][number]): void {
  const { t } = c;
  const depth = t.shift.indexOf(Math.log2(leaf.leaf_size));
  // DBM was not recorded: writable base pages have it
  const attr = leaf.attr & TABLE_BIT && !(leaf.attr & AP_RDONLY) ? leaf.attr | DBM : leaf.attr;
  for (let at = 0; at < leaf.size; ) {
    const va = leaf.va + at;
    const entry = directory.entry(depth, va);
    const left = t.entries[depth]! - entryIndex(t, depth, va);
    const n = Math.min(left, (leaf.size - at) / leaf.leaf_size);
    if (entry !== undefined) writeEntries(m, entry, n, leaf_entry(c, leaf.pa + at, attr), leaf.leaf_size);
    at += n * leaf.leaf_size;
  }
}

/** A table may be part of several regions: then its strangers are outside of all of them. */
function writeStrangers(m: Mmu, c: Config, regions: readonly RecordedTables[], table: RecordedTable): void {
  const { t } = c;
  const depth = depthIn(t, table);
  const n = t.entries[depth]!;
  let known = 0;
  for (const run of m.words.in(table.pa, n)) known += run.n;
  const size = entrySize(t, depth);
  const outside = (i: number): boolean => {
    const va = table.va + i * size;
    return regions.every((region) => va >= region.end || va + size <= region.start);
  };
  for (let i = n - 1; i >= 0 && known < table.nonzero; i--) {
    if (!outside(i)) continue;
    const { addr, attr } = m.words.runAt(table.pa + i * 8, 1);
    if (addr !== 0 || attr !== 0) continue;
    writeEntries(m, table.pa + i * 8, 1, { addr: 0, attr: SW_SPECIAL }, 0);
    known++;
  }
}
