import { regionOf } from '../../geometry/layout.ts';
import { hardwareLevel, vaText } from '../../geometry/translation.ts';
import { DBM } from '../../hardware/descriptor/descriptor.ts';
import type { Mmu } from '../../hardware/mmu.ts';
import { type EntryRun, entries, leaves, pointsToTable } from '../../hardware/walks/walk.ts';
import { kernel_page_tables, MODELLED_REGIONS } from '../../kernel/fs/kernel_page_tables.ts';
import { leaf_address } from '../../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { State } from '../../kernel/state.ts';
import { parseTables, type RecordedTables, TABLE_LEVELS } from '../../machines/page-tables/tables.ts';
import type { FileTree } from '../../machines/sources/tree.ts';
import type { Tally } from '../tally.ts';

const PTDUMP = 'sys/kernel/debug/kernel_page_tables';

/** Page tables of a region as recordings describe them, and the model's in the same form. */

interface Leaf {
  readonly va: number;
  size: number;
  readonly leaf_size: number;
  readonly attr: number;
  /** The output address, if it is not random: that of the linear map. */
  readonly pa: number | null;
}

/** Merges leaves that continue each other. The place of the memmap is random, so it is not compared. */
function merged(all: Iterable<Leaf>): Leaf[] {
  const list: Leaf[] = [];
  for (const leaf of all) {
    const last = list.at(-1);
    const goesOn =
      last &&
      last.va + last.size === leaf.va &&
      last.leaf_size === leaf.leaf_size &&
      last.attr === leaf.attr &&
      (leaf.pa === null || last.pa === null || last.pa + last.size === leaf.pa);
    if (goesOn) last.size += leaf.size;
    else list.push({ ...leaf });
  }
  return list;
}

const textOf = (leaf: Leaf | undefined): string =>
  leaf === undefined
    ? '(none)'
    : `${vaText(leaf.va)} +0x${leaf.size.toString(16)} by 0x${leaf.leaf_size.toString(16)} attr 0x${leaf.attr.toString(16)}${leaf.pa === null ? '' : ` at 0x${leaf.pa.toString(16)}`}`;

function* modelLeaves(m: Mmu, k: Kernel, region: RecordedTables): Generator<Leaf> {
  for (const run of leaves(m, region.start, region.end)) {
    const leafSize = 2 ** m.t.shift[run.depth]!;
    const attr = run.attr & ~DBM;
    if (run.n === 1 || run.stride === leafSize || region.name !== 'linear') {
      const pa = region.name === 'linear' ? leaf_address(k.c, run) : null;
      yield { va: run.start, size: run.end - run.start, leaf_size: leafSize, attr, pa };
    } else {
      for (let i = 0; i < run.n; i++) {
        const pa = leaf_address(k.c, { addr: run.addr + i * run.stride, attr: run.attr });
        yield { va: run.start + i * leafSize, size: leafSize, leaf_size: leafSize, attr, pa };
      }
    }
  }
}

/** The tables of the region by hardware level, without the root, and how many of them are empty. */
function countTables(m: Mmu, region: RecordedTables): { pages: number[]; empty: number[] } {
  const pages = [0, 0, 0, 0];
  const empty = [0, 0, 0, 0];
  for (const run of entries(m, region.start, region.end)) {
    if (!pointsToTable(m, run)) continue;
    const level = hardwareLevel(m.t, run.depth + 1);
    pages[level]! += run.n;
    for (const table of tablesOf(m, run)) {
      const first = m.words.runAt(table, m.t.entries[run.depth + 1]!);
      if (first.attr === 0 && first.addr === 0 && first.n === m.t.entries[run.depth + 1]) empty[level]!++;
    }
  }
  return { pages, empty };
}

function* tablesOf(m: Mmu, run: EntryRun): Generator<number> {
  const page = 2 ** m.t.page_shift;
  for (let i = 0; i < run.n; i++) yield Math.floor((run.addr + i * run.stride) / page) * page;
}

/** Compares one region with its recording. */
function compareRegion(tally: Tally, m: Mmu, k: Kernel, region: RecordedTables): void {
  const where = `tables/${region.name}.json`;
  const recorded = merged(
    region.leaves.map((leaf) => ({
      ...leaf,
      attr: leaf.attr & ~DBM,
      pa: region.name === 'linear' ? leaf.pa : null,
    })),
  );
  const model = merged(modelLeaves(m, k, region));
  for (let i = 0; i < Math.max(recorded.length, model.length); i++) {
    tally.check('tables', `${where} leaves ${i + 1}`, textOf(recorded[i]), textOf(model[i]));
  }
  const { pages, empty } = countTables(m, region);
  for (const [i, level] of TABLE_LEVELS.entries()) {
    if (i === 0 && m.t.levels < 5) continue;
    tally.check('tables', `${where} ${level} pages`, String(region.table_pages[level]), String(pages[i]));
    const none = region.tables.filter((table) => table.level === level && table.nonzero === 0).length;
    tally.check('tables', `${where} empty ${level} pages`, String(none), String(empty[i]));
  }
}

const ADDRESS = /^0x([0-9a-f]{16})-/;

/** The recorded lines of the regions that the model renders. */
function recordedLines(text: string, k: Kernel): string[] {
  const regions = MODELLED_REGIONS.flatMap((name) => regionOf(k.c.layout, name) ?? []);
  return text.split('\n').filter((line) => {
    const digits = ADDRESS.exec(line)?.[1];
    if (digits === undefined) return false;
    const start = Number(BigInt.asIntN(64, BigInt(`0x${digits}`)));
    return regions.some((region) => start >= region.start && start < region.end);
  });
}

/** Compares kernel_page_tables line by line, for the regions that are modelled. */
export function comparePtdump(tally: Tally, tree: FileTree, state: State, k: Kernel): void {
  const text = tree.readText(PTDUMP);
  if (text === undefined) {
    tally.notCompared.add(`/${PTDUMP}: not recorded`);
    return;
  }
  const recorded = recordedLines(text, k);
  const model = [...kernel_page_tables(state, k)].filter((line) => ADDRESS.test(line));
  for (let i = 0; i < Math.max(recorded.length, model.length); i++) {
    tally.check('tables', `/${PTDUMP} line ${i + 1}`, recorded[i] ?? '(none)', model[i] ?? '(none)');
  }
}

/** Compares both regions of a recorded step, if it has them. */
export function compareTables(tally: Tally, tree: FileTree, m: Mmu, k: Kernel): void {
  for (const name of ['linear', 'vmemmap']) {
    const place = `tables/${name}.json`;
    const text = tree.readText(place);
    if (text === undefined) tally.notCompared.add(`${place}: not recorded`);
    else compareRegion(tally, m, k, parseTables(text, tree.source, place));
  }
}
