import { block_shifts, cont_entries, cont_size, is_folded } from '../../geometry/blocks.ts';
import { type Layout, region_size } from '../../geometry/layout.ts';
import { type SharedTable, shared_tables } from '../../geometry/shared-tables.ts';
import {
  entry_size,
  hardware_level,
  type LevelName,
  type Translation,
  va_text,
} from '../../geometry/translation.ts';
import { type Column, tableLines } from '../text/columns.ts';
import { humanSize } from '../text/human-size.ts';

const ALL_LEVELS: readonly LevelName[] = ['PGD', 'P4D', 'PUD', 'PMD', 'PTE'];

const left = (name: string): Column => ({ name, right: false });
const right = (name: string): Column => ({ name, right: true });

const folded = (t: Translation): LevelName[] => ALL_LEVELS.filter((name) => is_folded(t, name));

const block_text = (t: Translation, depth: number): string =>
  block_shifts(t)[depth] === null ? '-' : humanSize(entry_size(t, depth));

const cont_text = (t: Translation, depth: number): string =>
  cont_entries(t, depth) === 1 ? '-' : humanSize(cont_size(t, depth));

/** Bytes that a table of this depth translates. */
const table_size = (t: Translation, depth: number): number => t.entries[depth]! * entry_size(t, depth);

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

/** A table once, with all the regions that have entries in it, from the root's side down. */
function tables_with_regions(
  t: Translation,
  layout: Layout,
): (SharedTable & { readonly regions: string[] })[] {
  const tables = new Map<string, SharedTable & { readonly regions: string[] }>();
  for (const table of shared_tables(t, layout)) {
    const key = `${table.hardware_level} ${table.start}`;
    const { regions } = tables.get(key) ?? { regions: [] };
    const names = layout.regions.map(({ name }) => name);
    const all = new Set([...regions, table.below, table.above]);
    tables.set(key, { ...table, regions: names.filter((name) => all.has(name)) });
  }
  return [...tables.values()].sort((a, b) => a.hardware_level - b.hardware_level || a.start - b.start);
}

/**
 * A shape of page tables and a layout: a line for each level, each region and each table that is not the root and has entries
 * of two regions. END is the first address behind; BLOCK and CONTIGUOUS are bytes mapped by one entry or under one hint.
 */
export function geometryText(t: Translation, layout: Layout): string {
  const levels = t.name.map((name, depth) => [
    name,
    `${hardware_level(t, depth)}`,
    `${t.entries[depth]}`,
    humanSize(entry_size(t, depth)),
    humanSize(table_size(t, depth)),
    block_text(t, depth),
    cont_text(t, depth),
  ]);
  const regions = layout.regions.map((region) => [
    region.name,
    va_text(region.start),
    va_text(region.end),
    humanSize(region_size(region)),
  ]);
  const shared = tables_with_regions(t, layout).map((table) => [
    table.level,
    `${table.hardware_level}`,
    va_text(table.start),
    va_text(table.end),
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

/** The same for programs: sizes in bytes, addresses as hexadecimal text because they are above 2^53. */
export function geometryJson(t: Translation, layout: Layout): unknown {
  return {
    schema: 'mhp-geometry/1',
    arch: t.arch,
    page_size: 2 ** t.page_shift,
    va_bits: t.va_bits,
    levels: t.name.map((name, depth) => ({
      name,
      hardware_level: hardware_level(t, depth),
      entries: t.entries[depth],
      entry_size: entry_size(t, depth),
      blocks: block_shifts(t)[depth] !== null,
      contiguous_entries: cont_entries(t, depth),
    })),
    folded: folded(t),
    layout: layout.name,
    regions: layout.regions.map((region) => ({
      name: region.name,
      start: `0x${va_text(region.start)}`,
      size: region_size(region),
    })),
    shared_tables: tables_with_regions(t, layout).map((table) => ({
      level: table.level,
      hardware_level: table.hardware_level,
      start: `0x${va_text(table.start)}`,
      size: table.end - table.start,
      regions: table.regions,
    })),
  };
}

/** A combination of page size and address width; `layout` is absent where the release cannot be built with it. */
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

/** The lowest table, by level, that vmalloc and vmemmap share. */
const lowest = (tables: readonly SharedTable[]): string =>
  tables.findLast(({ below, above }) => [below, above].sort().join() === 'vmalloc,vmemmap')?.level ?? 'root';

/** A line for each combination, values from the root down. */
export function combinationsText(combinations: readonly Combination[]): string {
  const rows = combinations.map(({ t, layout }) => [
    t.arch,
    humanSize(2 ** t.page_shift),
    `${t.va_bits}`,
    `${t.levels}`,
    t.entries.join('/'),
    t.shift.map((shift) => humanSize(2 ** shift)).join('/'),
    list(t, block_text),
    list(t, cont_text),
    layout?.name ?? '-',
    layout ? lowest(shared_tables(t, layout)) : '-',
  ]);
  return `${tableLines(COMBINATIONS, rows, true).join('\n')}\n`;
}

const list = (t: Translation, text: (t: Translation, depth: number) => string): string =>
  t.name
    .map((_, depth) => text(t, depth))
    .filter((size) => size !== '-')
    .join('/') || '-';

/** The same for programs. */
export const combinationsJson = (combinations: readonly Combination[]): unknown => ({
  schema: 'mhp-geometries/1',
  geometries: combinations.map(({ t, layout }) => {
    if (layout) return geometryJson(t, layout);
    return { arch: t.arch, page_size: 2 ** t.page_shift, va_bits: t.va_bits, layout: null };
  }),
});
