import type { Kernel } from '../../kernel/kernel.ts';
import {
  MEMMAP,
  MIGRATE,
  NO_PAGE,
  type Page,
  PageHWPoison,
  PageReserved,
  PageTable,
  PG_arch_1,
  PG_dirty,
  PG_uncached,
  PG_vmemmap_self_hosted,
  page_memmap,
  page_migratetype,
  page_nid,
  page_use,
  page_zonenum,
  USE,
} from '../../kernel/mm/page.ts';
import { type resource, SECTION_IS_ONLINE, type State } from '../../kernel/state.ts';

/** The struct pages of a machine as runs of equal use, flags and owner of the memory. */

export type PageKind =
  | 'free'
  | 'movable'
  | 'pinned'
  | 'isolated'
  | 'kernel'
  | 'page table'
  | 'memmap'
  | 'hugetlb'
  | 'PageOffline'
  | 'reserved'
  | 'hole'
  | 'offline'
  | 'uninitialised'
  | 'device';

export interface PageRun {
  /** The first pfn, and the number of pages. */
  readonly pfn: number;
  readonly nr_pages: number;
  /** Null if the struct page is not initialised. */
  readonly nid: number | null;
  readonly zone: string | null;
  readonly kind: PageKind;
  readonly flags: readonly string[];
  /** The innermost resource of /proc/iomem. */
  readonly owner: string | null;
}

interface Owner {
  readonly name: string;
  readonly ram: boolean;
}

/** A range of pfns; lists of them ascend and do not overlap. */
interface Stretch<V> {
  readonly start: number;
  readonly end: number;
  readonly value: V;
}

/** The innermost resources, as ranges of bytes. */
function* innermost(parent: resource, inherited: boolean): Generator<Stretch<Owner>> {
  const ram = inherited || parent.name.startsWith('System RAM');
  const value = { name: parent.name, ram };
  let at = parent.start;
  for (const child of parent.children) {
    if (child.start > at) yield { start: at, end: child.start, value };
    yield* innermost(child, ram);
    at = child.end + 1;
  }
  if (at <= parent.end) yield { start: at, end: parent.end + 1, value };
}

/**
 * The owners by pfn. A page that is only partly RAM does not count as RAM; any other resource owns every page it
 * touches.
 */
function ownersOf(root: resource, pageSize: number): Stretch<Owner>[] {
  const owners: Stretch<Owner>[] = [];
  let done = 0;
  for (const res of root.children) {
    for (const { start, end, value } of innermost(res, false)) {
      const outward = !value.name.startsWith('System RAM');
      const first = outward ? Math.floor(start / pageSize) : Math.ceil(start / pageSize);
      const last = outward ? Math.ceil(end / pageSize) : Math.floor(end / pageSize);
      if (last <= Math.max(first, done)) continue;
      owners.push({ start: Math.max(first, done), end: last, value });
      done = last;
    }
  }
  return owners;
}

/** The flags of sections by pfn. */
const sectionsOf = (state: State, pagesPerSection: number): Stretch<number>[] =>
  [...state.mem_section]
    .sort(([a], [b]) => a - b)
    .map(([nr, { section_mem_map }]) => ({
      start: nr * pagesPerSection,
      end: (nr + 1) * pagesPerSection,
      value: section_mem_map,
    }));

/** The parts of a list that lie in [start, end), and the gaps between them. */
function* within<V>(list: readonly Stretch<V>[], start: number, end: number): Generator<Stretch<V | null>> {
  let low = 0;
  for (let high = list.length; low < high; ) {
    const mid = (low + high) >>> 1;
    if (list[mid]!.end <= start) low = mid + 1;
    else high = mid;
  }
  let at = start;
  for (let i = low; i < list.length && list[i]!.start < end; i++) {
    const { start: from, end: to, value } = list[i]!;
    if (from > at) yield { start: at, end: from, value: null };
    yield { start: Math.max(from, at), end: Math.min(to, end), value };
    at = to;
  }
  if (at < end) yield { start: at, end, value: null };
}

const BY_USE: Readonly<Record<number, PageKind>> = {
  [USE.FREE]: 'free',
  [USE.MOVABLE]: 'movable',
  [USE.PINNED]: 'pinned',
  [USE.ISOLATED]: 'isolated',
  [USE.UNMOVABLE]: 'kernel',
  [USE.HUGE_FREE]: 'hugetlb',
  [USE.HUGE_USED]: 'hugetlb',
  [USE.OFFLINE_REF]: 'PageOffline',
  [USE.OFFLINE_NOREF]: 'PageOffline',
  [USE.TABLE]: 'page table',
  [USE.MEMMAP]: 'memmap',
};

/** The kind of a page. A page that the allocator does not hold counts as reserved, even without PG_reserved. */
function kindOf(k: Kernel, page: Page, section: number, owner: Owner | null): PageKind {
  if (page_memmap(page) !== MEMMAP.INIT) return 'uninitialised';
  if (page_zonenum(page) === k.c.ZONE_DEVICE) return 'device';
  if (page & PG_vmemmap_self_hosted) return 'memmap';
  const used = BY_USE[page_use(page)];
  if (used) return used;
  if (!(section & SECTION_IS_ONLINE)) return 'offline';
  return owner?.ram ? 'reserved' : 'hole';
}

/** The flags of a struct page; none if it is not initialised, because its flags are meaningless. */
function flagsOf(page: Page): string[] {
  if (page_memmap(page) !== MEMMAP.INIT) return page_memmap(page) === MEMMAP.POISON ? ['poisoned'] : [];
  const use = page_use(page);
  const flags: readonly (readonly [boolean, string])[] = [
    [PageReserved(page), 'reserved'],
    [PageHWPoison(page), 'hwpoison'],
    [(page & PG_vmemmap_self_hosted) !== 0, 'self_hosted'],
    [PageTable(page), 'table'],
    [(page & PG_dirty) !== 0, 'dirty'],
    [(page & PG_arch_1) !== 0, 'arch_1'],
    [(page & PG_uncached) !== 0, 'uncached'],
    [page_migratetype(page) === MIGRATE.ISOLATE, 'isolate'],
    [page_migratetype(page) === MIGRATE.CMA, 'cma'],
    [use === USE.HUGE_USED, 'in_use'],
    [use === USE.OFFLINE_REF, 'referenced'],
  ];
  return flags.filter(([set]) => set).map(([, name]) => name);
}

/** The runs of pfns in [start, end); pfns without struct page are in none. */
export function* pageRuns(state: State, k: Kernel, start: number, end: number): Generator<PageRun> {
  const owners = ownersOf(state.iomem_resource, k.c.PAGE_SIZE);
  const sections = sectionsOf(state, k.c.PAGES_PER_SECTION);
  for (const { start: first, end: last, value: page } of state.pages.in(start, end)) {
    if (page === NO_PAGE) continue;
    const known = page_memmap(page) === MEMMAP.INIT;
    for (const section of within(sections, first, last)) {
      for (const { start: pfn, end: stop, value: owner } of within(owners, section.start, section.end)) {
        yield {
          pfn,
          nr_pages: stop - pfn,
          nid: known ? page_nid(page) : null,
          zone: known ? (k.c.zones[page_zonenum(page)] ?? null) : null,
          kind: kindOf(k, page, section.value ?? 0, owner),
          flags: flagsOf(page),
          owner: owner?.name ?? null,
        };
      }
    }
  }
}

/** The sizes of sections and blocks in pages, and the memory blocks that exist. */
export interface PageLayout {
  readonly page_size: number;
  readonly pages_per_block: number;
  readonly pages_per_section: number;
  readonly pages_per_subsection: number;
  readonly has_block: (id: number) => boolean;
}

export const pageLayout = ({ memory_block }: State, { c }: Kernel): PageLayout => ({
  page_size: c.PAGE_SIZE,
  pages_per_block: c.memory_block_size_bytes / c.PAGE_SIZE,
  pages_per_section: c.PAGES_PER_SECTION,
  pages_per_subsection: c.PAGES_PER_SUBSECTION,
  has_block: (id) => memory_block.has(id),
});
