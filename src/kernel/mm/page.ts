/**
 * struct page, the part that hotplug reads, packed into one small integer, so that a run of equal pages is a run of
 * equal numbers. The use of a page is stored here as well: the model has no page contents.
 */
export type Page = number;

const NID_BITS = 10;
const ZONE_SHIFT = NID_BITS;
const MEMMAP_SHIFT = ZONE_SHIFT + 3;
const USE_SHIFT = MEMMAP_SHIFT + 2;
const MIGRATE_SHIFT = USE_SHIFT + 4;
const FLAG_SHIFT = MIGRATE_SHIFT + 2;
const NR_FLAGS = 7;
const HSTATE_SHIFT = FLAG_SHIFT + NR_FLAGS;

/** The contents of the struct page itself. */
export const MEMMAP = {
  /** No memmap at all. */
  NONE: 0,
  /** Allocated and all zero: x86 without page poisoning before the first online. */
  ZERO: 1,
  /** page_init_poison with a debug build: every read of it is a BUG. */
  POISON: 2,
  INIT: 3,
} as const;

export const USE = {
  /** Not managed by the page allocator: offline, reserved or a hole. */
  NONE: 0,
  /** On a free list. */
  FREE: 1,
  /** LRU or __PageMovable: can be migrated. */
  MOVABLE: 2,
  UNMOVABLE: 3,
  /** Free hugetlb page. */
  HUGE_FREE: 4,
  /** hugetlb page in use that migration can move. */
  HUGE_USED: 5,
  /** PageOffline with a reference (a balloon). */
  OFFLINE_REF: 6,
  /** PageOffline whose driver drops its reference in MEM_GOING_OFFLINE (virtio-mem). */
  OFFLINE_NOREF: 7,
  /** Page table of the kernel. */
  TABLE: 8,
  /** Holds struct pages. */
  MEMMAP: 9,
  /**
   * Freed, on the list of a CPU (free_unref_page). In the model only pages that a thread frees one by one are there.
   */
  PCP: 10,
  /** As MOVABLE, with references that are not of mappings (get_user_pages): migration fails. */
  PINNED: 11,
  /** Of a program, on no LRU list: isolated by who is to migrate it, or the page to which it will move. */
  ISOLATED: 12,
} as const;

export const MIGRATE = { UNMOVABLE: 0, MOVABLE: 1, ISOLATE: 2, CMA: 3 } as const;

export const PG_reserved = 1 << FLAG_SHIFT;
export const PG_hwpoison = 1 << (FLAG_SHIFT + 1);
export const PG_vmemmap_self_hosted = 1 << (FLAG_SHIFT + 2);
/** A table page whose constructor has run and whose destructor has not. */
export const PG_table = 1 << (FLAG_SHIFT + 3);
export const PG_dirty = 1 << (FLAG_SHIFT + 4);
/**
 * powerpc: the instruction cache is coherent with the page. x86: with PG_uncached, the memory type of a page of RAM.
 */
export const PG_arch_1 = 1 << (FLAG_SHIFT + 5);
export const PG_uncached = 1 << (FLAG_SHIFT + 6);

/** A pfn without a struct page. */
export const NO_PAGE: Page = 0;

export const page_nid = (page: Page): number => page & ((1 << NID_BITS) - 1);
export const page_zonenum = (page: Page): number => (page >> ZONE_SHIFT) & 7;
export const page_memmap = (page: Page): number => (page >> MEMMAP_SHIFT) & 3;
export const page_use = (page: Page): number => (page >> USE_SHIFT) & 15;
export const page_migratetype = (page: Page): number => (page >> MIGRATE_SHIFT) & 3;
export const PageReserved = (page: Page): boolean => (page & PG_reserved) !== 0;
export const PageTable = (page: Page): boolean => (page & PG_table) !== 0;
export const PageHWPoison = (page: Page): boolean => (page & PG_hwpoison) !== 0;
/** Memory that the kernel itself uses: it cannot be freed or migrated. */
export const is_kernel_page = (page: Page): boolean =>
  page_use(page) === USE.UNMOVABLE || page_use(page) === USE.TABLE || page_use(page) === USE.MEMMAP;
/** Part of a huge page of a pool; its size is an index in huge_page_orders. */
export const PageHuge = (page: Page): boolean =>
  page_use(page) === USE.HUGE_FREE || page_use(page) === USE.HUGE_USED;
export const page_hstate = (page: Page): number => (page >> HSTATE_SHIFT) & 3;
export const PageOffline = (page: Page): boolean =>
  page_use(page) === USE.OFFLINE_REF || page_use(page) === USE.OFFLINE_NOREF;

export const make_page = (nid: number, zone: number, migratetype: number, flags = 0): Page =>
  nid | (zone << ZONE_SHIFT) | (MEMMAP.INIT << MEMMAP_SHIFT) | (migratetype << MIGRATE_SHIFT) | flags;

/** Sets the use of the page; a huge page gets the first size. */
export const with_use = (page: Page, use: number): Page =>
  (page & ~((15 << USE_SHIFT) | (3 << HSTATE_SHIFT))) | (use << USE_SHIFT);
export const with_hstate = (page: Page, use: number, hstate: number): Page =>
  with_use(page, use) | (hstate << HSTATE_SHIFT);
export const with_migratetype = (page: Page, type: number): Page =>
  (page & ~(3 << MIGRATE_SHIFT)) | (type << MIGRATE_SHIFT);

/** Poisons the contents; the old zone and node stay readable unless a debug build overwrites them. */
export const with_memmap = (page: Page, memmap: number): Page =>
  (page & ~(3 << MEMMAP_SHIFT)) | (memmap << MEMMAP_SHIFT);

/** A fresh memmap of zeroes: node 0, first zone, not reserved. */
export const ZERO_PAGE: Page = MEMMAP.ZERO << MEMMAP_SHIFT;
/** A fresh memmap after page_init_poison in a debug build. */
export const POISON_PAGE: Page = MEMMAP.POISON << MEMMAP_SHIFT;
