import type { SectionRow, SectionTable, UsageBytes } from '../../scenarios/pages/section-table.ts';
import { tableLines } from '../text/columns.ts';

/** Sections in the format of crash's `kmem -n`, and their sub-sections. */

const address = (va: number): string => BigInt.asUintN(64, BigInt(va)).toString(16).padStart(16, '0');

const wordHex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
const mapHex = (words: readonly number[]): string => [...words].reverse().map(wordHex).join('');

/** "0-16,32-63": the active sub-sections; "all", "none", or "-" without usage. */
export function subsectionRanges(map: readonly number[] | null, count: number): string {
  if (map === null) return '-';
  const has = (i: number): boolean => ((map[i >>> 5]! >>> (i & 31)) & 1) === 1;
  const parts: string[] = [];
  for (let i = 0; i < count; i++) {
    if (!has(i)) continue;
    const first = i;
    while (i + 1 < count && has(i + 1)) i++;
    if (first === 0 && i === count - 1) return 'all';
    parts.push(first === i ? String(first) : `${first}-${i}`);
  }
  return parts.join() || 'none';
}

/** Letters: present, has a memmap, online, early, shared with a device. */
const letters = (row: SectionRow): string =>
  [
    row.present ? 'P' : '',
    row.has_mem_map ? 'M' : '',
    row.online ? 'O' : '',
    row.early ? 'E' : '',
    row.taint_zone_device ? 'D' : '',
  ].join('');

/** "Movable", or "Isolate:0-15,Movable:16-63". */
function pageblocksText({ pageblocks }: SectionRow): string {
  if (pageblocks.length <= 1) return pageblocks[0]?.migratetype ?? '-';
  return pageblocks
    .map(({ first, last, migratetype }) => `${migratetype}:${first === last ? first : `${first}-${last}`}`)
    .join();
}

/** "40 bytes (subsection_map 8, pageblock_flags 32)" */
function usageText({ size, ...parts }: UsageBytes): string {
  const shown = Object.entries(parts).filter(([, bytes]) => bytes > 0);
  return `${size} bytes (${shown.map(([name, bytes]) => `${name} ${bytes}`).join(', ')})`;
}

function pfnValidText({ early, other }: SectionTable['pfn_valid']): string {
  const lines = (n: number): string => `${n} cache lines`;
  const search = early.memblock ? ', and searches memblock' : '';
  if (early.lines.length === other.lines.length) return `${lines(early.lines.length)}${search}`;
  const more = other.lines.filter((line) => !early.lines.includes(line));
  return `${lines(early.lines.length)} in a section of boot memory, ${other.lines.length} in another (${more.join()})${search}`;
}

export function sectionsText(table: SectionTable): string {
  const { section_size, subsection_size, sections_per_root, roots, rows, usage, pfn_valid } = table;
  const names = ['NR', 'CODED_MEM_MAP', 'MEM_MAP', 'STATE', 'PFN', 'ZONES', 'SUBSECTIONS', 'PAGEBLOCKS'];
  const columns = names.map((name, i) => ({ name, right: i === 0 || i === 4 }));
  const count = section_size / subsection_size;
  const cells = rows.map((row) => [
    String(row.nr),
    address(row.coded_mem_map),
    address(row.mem_map),
    letters(row),
    String(row.pfn),
    row.zones.join() || '-',
    subsectionRanges(row.subsection_map, count),
    pageblocksText(row),
  ]);
  const last = `Section size: ${section_size / 2 ** 20}M, ${count} sub-sections of ${subsection_size / 2 ** 20}M`;
  const rootText = `Roots of ${sections_per_root} sections: ${roots.map(({ nr, nid }) => `${nr} (node ${nid})`).join(', ')}`;
  const sizes = [`Usage of a section: ${usageText(usage)}`, `pfn_valid() reads ${pfnValidText(pfn_valid)}`];
  return [...tableLines(columns, cells, true), '', last, rootText, ...sizes]
    .map((line) => `${line}\n`)
    .join('');
}

export function sectionsJson(table: SectionTable, notes: readonly string[]): unknown {
  const { section_size, subsection_size, sections_per_root, roots, rows } = table;
  return {
    schema: 'mhp-sections/1',
    notes,
    section_size,
    subsection_size,
    sections_per_root,
    roots: roots.map(({ nr, nid }) => ({ nr, node: nid })),
    usage: table.usage,
    pfn_valid: table.pfn_valid,
    sections: rows.map((row) => ({
      nr: row.nr,
      start: row.nr * section_size,
      size: section_size,
      pfn: row.pfn,
      section_mem_map: `0x${address(row.section_mem_map)}`,
      coded_mem_map: `0x${address(row.coded_mem_map)}`,
      mem_map: `0x${address(row.mem_map)}`,
      state: letters(row),
      present: row.present,
      has_mem_map: row.has_mem_map,
      online: row.online,
      early: row.early,
      taint_zone_device: row.taint_zone_device,
      subsection_map: row.subsection_map ? `0x${mapHex(row.subsection_map)}` : null,
      pageblocks: row.pageblocks,
      zones: row.zones,
    })),
  };
}
