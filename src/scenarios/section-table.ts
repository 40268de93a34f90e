import { vmemmap_of } from '../kernel/arch/arm64/vmemmap.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { MEMMAP, page_memmap, page_zonenum } from '../kernel/mm/page.ts';
import {
  SECTION_HAS_MEM_MAP,
  SECTION_IS_EARLY,
  SECTION_IS_ONLINE,
  SECTION_MARKED_PRESENT,
  SECTION_TAINT_ZONE_DEVICE,
  type State,
} from '../kernel/state.ts';

/** The present sections of a machine, as crash's `kmem -n` sees them. */

export interface SectionRow {
  readonly nr: number;
  readonly pfn: number;
  /** Address of the struct page of pfn 0 with the flags, as section_mem_map holds it: a distance from 2^64. */
  readonly coded_mem_map: number;
  readonly mem_map: number;
  readonly present: boolean;
  readonly has_mem_map: boolean;
  readonly online: boolean;
  readonly early: boolean;
  readonly taint_zone_device: boolean;
  /** One bit a sub-section, 32 a word; null without usage. */
  readonly subsection_map: readonly number[] | null;
  /** Zones of its initialised struct pages, in order of address. */
  readonly zones: readonly string[];
}

export interface SectionTable {
  readonly section_size: number;
  readonly subsection_size: number;
  readonly rows: readonly SectionRow[];
}

function zones_of(state: State, { c }: Kernel, nr: number): string[] {
  const names = new Set<string>();
  for (const { value } of state.pages.in(nr * c.PAGES_PER_SECTION, (nr + 1) * c.PAGES_PER_SECTION)) {
    if (page_memmap(value) === MEMMAP.INIT) names.add(c.zones[page_zonenum(value)]!);
  }
  return [...names];
}

export function section_table(state: State, k: Kernel): SectionTable {
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
        coded_mem_map: vmemmap_of(c, 0) + section_mem_map,
        mem_map: vmemmap_of(c, pfn),
        present: true,
        has_mem_map: has(SECTION_HAS_MEM_MAP),
        online: has(SECTION_IS_ONLINE),
        early: has(SECTION_IS_EARLY),
        taint_zone_device: has(SECTION_TAINT_ZONE_DEVICE),
        subsection_map,
        zones: zones_of(state, k, nr),
      };
    });
  return { section_size: c.SECTION_SIZE, subsection_size: c.PAGES_PER_SUBSECTION * c.PAGE_SIZE, rows };
}
