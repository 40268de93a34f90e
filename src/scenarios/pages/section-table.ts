import type { Kernel } from '../../kernel/kernel.ts';
import {
  MEMMAP,
  MIGRATE,
  NO_PAGE,
  page_memmap,
  page_migratetype,
  page_zonenum,
} from '../../kernel/mm/page.ts';
import { subsections_per_section } from '../../kernel/mm/sparse.ts';
import { vmemmap_of } from '../../kernel/pfn.ts';
import {
  SECTION_HAS_MEM_MAP,
  SECTION_IS_EARLY,
  SECTION_IS_ONLINE,
  SECTION_MARKED_PRESENT,
  SECTION_TAINT_ZONE_DEVICE,
  type State,
} from '../../kernel/state.ts';
import { type PfnValidLines, pfnValidLines } from './pfn-valid-lines.ts';

/** A present section of a machine, as crash's `kmem -n` shows it. */

export interface SectionRow {
  readonly nr: number;
  readonly pfn: number;
  /** The field: {@link coded_mem_map} with the flags in its low bits. */
  readonly section_mem_map: number;
  /** The address that the struct page of pfn 0 would have, as a distance from 2^64. */
  readonly coded_mem_map: number;
  readonly mem_map: number;
  readonly present: boolean;
  readonly has_mem_map: boolean;
  readonly online: boolean;
  readonly early: boolean;
  readonly taint_zone_device: boolean;
  /** One bit per sub-section, 32 per word; null without usage. */
  readonly subsection_map: readonly number[] | null;
  /** The migratetypes in mem_section_usage, by pageblock; empty without usage. */
  readonly pageblocks: readonly PageblockRun[];
  /** The zones of its initialised struct pages, in order of address. */
  readonly zones: readonly string[];
}

/** Pageblocks of a section, counted from its start, that are for the same; the last one included. */
export interface PageblockRun {
  readonly first: number;
  readonly last: number;
  readonly migratetype: string;
}

/** Bytes of the usage of a section, and of its parts; before v5.3 it is the flags of pageblocks alone. */
export interface UsageBytes {
  readonly size: number;
  readonly rcu: number;
  readonly subsection_map: number;
  readonly pageblock_flags: number;
}

function usageBytes(k: Kernel): UsageBytes {
  const flags = k.usemap_size();
  const whole = 'mem_section_usage_size' in k;
  const size = whole ? k.mem_section_usage_size() : flags;
  const map = whole ? Math.ceil(subsections_per_section(k.c) / 64) * 8 : 0;
  return { size, rcu: size - map - flags, subsection_map: map, pageblock_flags: flags };
}

export interface SectionTable {
  /** mem_section[] by root, and how many sections one has. */
  readonly roots: readonly { readonly nr: number; readonly nid: number }[];
  readonly sections_per_root: number;
  readonly section_size: number;
  readonly subsection_size: number;
  readonly usage: UsageBytes;
  /** What pfn_valid() reads. */
  readonly pfn_valid: { readonly early: PfnValidLines; readonly other: PfnValidLines };
  readonly rows: readonly SectionRow[];
}

function zonesOf(state: State, { c }: Kernel, nr: number): string[] {
  const names = new Set<string>();
  for (const { value } of state.pages.in(nr * c.PAGES_PER_SECTION, (nr + 1) * c.PAGES_PER_SECTION)) {
    if (page_memmap(value) === MEMMAP.INIT) names.add(c.zones[page_zonenum(value)]!);
  }
  return [...names];
}

/** As /proc/pagetypeinfo names them. */
const MIGRATETYPES: Readonly<Record<number, string>> = {
  [MIGRATE.UNMOVABLE]: 'Unmovable',
  [MIGRATE.MOVABLE]: 'Movable',
  [MIGRATE.ISOLATE]: 'Isolate',
  [MIGRATE.CMA]: 'CMA',
};

/** Usage is allocated zeroed (v5.3), which is Unmovable; pageblocks without a memmap are left out. */
function pageblocksOf(state: State, { c }: Kernel, nr: number): PageblockRun[] {
  const start = nr * c.PAGES_PER_SECTION;
  const runs: { first: number; last: number; migratetype: string }[] = [];
  for (const run of state.pages.in(start, start + c.PAGES_PER_SECTION)) {
    // of a pageblock the first page decides
    const first = Math.ceil((run.start - start) / c.pageblock_nr_pages);
    const last = Math.ceil((run.end - start) / c.pageblock_nr_pages) - 1;
    if (run.value === NO_PAGE || last < first) continue;
    const migratetype = MIGRATETYPES[page_migratetype(run.value)]!;
    const before = runs.at(-1);
    if (before && before.last + 1 === first && before.migratetype === migratetype) before.last = last;
    else runs.push({ first, last, migratetype });
  }
  return runs;
}

export function sectionTable(state: State, k: Kernel): SectionTable {
  const { c } = k;
  const rows = [...state.mem_section]
    .filter(([, ms]) => ms.section_mem_map & SECTION_MARKED_PRESENT)
    .sort(([a], [b]) => a - b)
    .map(([nr, { section_mem_map, subsection_map }]): SectionRow => {
      const has = (bit: number): boolean => (section_mem_map & bit) !== 0;
      const pfn = nr * c.PAGES_PER_SECTION;
      return {
        nr,
        pfn,
        section_mem_map: vmemmap_of(c, 0) + section_mem_map,
        coded_mem_map: vmemmap_of(c, 0),
        mem_map: vmemmap_of(c, pfn),
        present: true,
        has_mem_map: has(SECTION_HAS_MEM_MAP),
        online: has(SECTION_IS_ONLINE),
        early: has(SECTION_IS_EARLY),
        taint_zone_device: has(SECTION_TAINT_ZONE_DEVICE),
        subsection_map,
        pageblocks: subsection_map === null ? [] : pageblocksOf(state, k, nr),
        zones: zonesOf(state, k, nr),
      };
    });
  const roots = [...state.mem_section_root].sort(([a], [b]) => a - b).map(([nr, { nid }]) => ({ nr, nid }));
  return {
    roots,
    sections_per_root: c.SECTIONS_PER_ROOT,
    section_size: c.SECTION_SIZE,
    subsection_size: c.PAGES_PER_SUBSECTION * c.PAGE_SIZE,
    usage: usageBytes(k),
    pfn_valid: pfnValidLines(state, k),
    rows,
  };
}
