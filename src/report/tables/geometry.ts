import { blockShifts, contEntries, contSize, isFolded } from '../../geometry/blocks.ts';
import { type Layout, regionSize } from '../../geometry/layout.ts';
import { type SharedTable, sharedTables } from '../../geometry/shared-tables.ts';
import {
  entrySize,
  hardwareLevel,
  type LevelName,
  type Translation,
  vaText,
} from '../../geometry/translation.ts';
import { type Column, tableLines } from '../text/columns.ts';
import { humanSize } from '../text/human-size.ts';

const ALL_LEVELS: readonly LevelName[] = ['PGD', 'P4D', 'PUD', 'PMD', 'PTE'];

const left = (name: string): Column => ({ name, right: false });
const right = (name: string): Column => ({ name, right: true });

const folded = (t: Translation): LevelName[] => ALL_LEVELS.filter((name) => isFolded(t, name));

const blockText = (t: Translation, depth: number): string =>
  blockShifts(t)[depth] === null ? '-' : humanSize(entrySize(t, depth));

const contText = (t: Translation, depth: number): string =>
  contEntries(t, depth) === 1 ? '-' : humanSize(contSize(t, depth));

/** The number of bytes that a table of this depth translates. */
const tableSize = (t: Translation, depth: number): number => t.entries[depth]! * entrySize(t, depth);

const LEVELS = [
  left('LEVEL'),
  right('HW'),
  right('ENTRIES'),
  right('ENTRY'),
  right('TABLE'),
  right('BLOCK'),
  right('CONTIGUOUS'),
];
const REGIONS = [left('REGION'), left('START'), left('END'), right('SIZE')];
const SHARED = [left('TABLE'), right('HW'), left('START'), left('END'), right('SIZE'), left('SHARED BY')];

/** Each table once, with all regions that have entries in it, from the root down. */
export function tablesWithRegions(
  t: Translation,
  layout: Layout,
): (SharedTable & { readonly regions: string[] })[] {
  const tables = new Map<string, SharedTable & { readonly regions: string[] }>();
  for (const table of sharedTables(t, layout)) {
    const key = `${table.hardware_level} ${table.start}`;
    const { regions } = tables.get(key) ?? { regions: [] };
    const names = layout.regions.map(({ name }) => name);
    const all = new Set([...regions, table.below, table.above]);
    tables.set(key, { ...table, regions: names.filter((name) => all.has(name)) });
  }
  return [...tables.values()].sort((a, b) => a.hardware_level - b.hardware_level || a.start - b.start);
}

/**
 * A shape of page tables and a layout: one line per level, per region and per table other than the root with entries of
 * two regions. END is the first address after the range; BLOCK and CONTIGUOUS are the bytes mapped by one entry or
 * under one hint.
 */
export function geometryText(t: Translation, layout: Layout): string {
  const levels = t.name.map((name, depth) => [
    name,
    `${hardwareLevel(t, depth)}`,
    `${t.entries[depth]}`,
    humanSize(entrySize(t, depth)),
    humanSize(tableSize(t, depth)),
    blockText(t, depth),
    contText(t, depth),
  ]);
  const regions = layout.regions.map((region) => [
    region.name,
    vaText(region.start),
    vaText(region.end),
    humanSize(regionSize(region)),
  ]);
  const shared = tablesWithRegions(t, layout).map((table) => [
    table.level,
    `${table.hardware_level}`,
    vaText(table.start),
    vaText(table.end),
    humanSize(table.end - table.start),
    table.regions.join(', '),
  ]);
  const none = folded(t);
  const lines = [
    `${t.arch}, ${humanSize(2 ** t.page_shift)} pages, ${t.va_bits}-bit addresses, ${t.levels} levels${none.length ? ` (folded: ${none.join(', ')})` : ''}`,
    '',
    ...tableLines(LEVELS, levels, true),
    '',
    `layout ${layout.name}`,
    '',
    ...tableLines(REGIONS, regions, true),
    '',
    ...(shared.length ? tableLines(SHARED, shared, true) : ['no two regions share a table but the root']),
  ];
  return `${lines.join('\n')}\n`;
}

/** The same as data: sizes in bytes, addresses as hexadecimal text because they exceed 2^53. */
export function geometryJson(t: Translation, layout: Layout): unknown {
  return {
    schema: 'mhp-geometry/1',
    arch: t.arch,
    page_size: 2 ** t.page_shift,
    va_bits: t.va_bits,
    levels: t.name.map((name, depth) => ({
      name,
      hardware_level: hardwareLevel(t, depth),
      entries: t.entries[depth],
      entry_size: entrySize(t, depth),
      blocks: blockShifts(t)[depth] !== null,
      contiguous_entries: contEntries(t, depth),
    })),
    folded: folded(t),
    layout: layout.name,
    regions: layout.regions.map((region) => ({
      name: region.name,
      start: `0x${vaText(region.start)}`,
      size: regionSize(region),
    })),
    shared_tables: tablesWithRegions(t, layout).map((table) => ({
      level: table.level,
      hardware_level: table.hardware_level,
      start: `0x${vaText(table.start)}`,
      size: table.end - table.start,
      regions: table.regions,
    })),
  };
}

/** A combination of page size and address width; `layout` is absent if the release cannot be built with it. */
export interface Combination {
  readonly t: Translation;
  readonly layout?: Layout;
}

const COMBINATIONS = [
  left('ARCH'),
  right('PAGE'),
  right('VA'),
  right('LEVELS'),
  left('ENTRIES'),
  left('ENTRY'),
  left('BLOCKS'),
  left('CONTIGUOUS'),
  left('LAYOUT'),
  left('VMALLOC+VMEMMAP'),
];

/** The lowest level of a table that vmalloc and vmemmap share. */
const lowest = (tables: readonly SharedTable[]): string =>
  tables.findLast(({ below, above }) => [below, above].sort().join() === 'vmalloc,vmemmap')?.level ?? 'root';

/** One line per combination, values from the root down. */
export function combinationsText(combinations: readonly Combination[]): string {
  const rows = combinations.map(({ t, layout }) => [
    t.arch,
    humanSize(2 ** t.page_shift),
    `${t.va_bits}`,
    `${t.levels}`,
    t.entries.join('/'),
    t.shift.map((shift) => humanSize(2 ** shift)).join('/'),
    list(t, blockText),
    list(t, contText),
    layout?.name ?? '-',
    layout ? lowest(sharedTables(t, layout)) : '-',
  ]);
  return `${tableLines(COMBINATIONS, rows, true).join('\n')}\n`;
}

const list = (t: Translation, text: (t: Translation, depth: number) => string): string =>
  t.name
    .map((_, depth) => text(t, depth))
    .filter((size) => size !== '-')
    .join('/') || '-';

/** The same as data. */
export const combinationsJson = (combinations: readonly Combination[]): unknown => ({
  schema: 'mhp-geometries/1',
  geometries: combinations.map(({ t, layout }) => {
    if (layout) return geometryJson(t, layout);
    return { arch: t.arch, page_size: 2 ** t.page_shift, va_bits: t.va_bits, layout: null };
  }),
});
