/**
 * A word of /proc/kpageflags, as page isolation sees the page (include/uapi/linux/kernel-page-flags.h; bits from 32 on:
 * fs/proc/page.c).
 */

/** The kinds of pages that has_unmovable_pages() and migration tell apart, by number. */
export const PAGE_CLASSES = [
  'no page',
  'reserved',
  'hwpoison',
  'buddy',
  'PageOffline',
  'hugetlb',
  'slab',
  'page table',
  'lru',
  'kernel',
  'bare',
] as const;

export type PageClass = (typeof PAGE_CLASSES)[number];

export const CLASS = Object.fromEntries(PAGE_CLASSES.map((name, i) => [name, i])) as Record<
  PageClass,
  number
>;

/** Classes whose pages has_unmovable_pages() does not let pass in a kernel zone. */
export const UNMOVABLE_CLASSES: readonly PageClass[] = ['slab', 'page table', 'kernel', 'reserved'];

const bit = (n: number): number => (1 << n) >>> 0;
const UPTODATE = bit(3);
const LRU = bit(5);
const SLAB = bit(7);
const BUDDY = bit(10);
const ANON = bit(12);
const HUGE = bit(17);
const UNEVICTABLE = bit(18);
const HWPOISON = bit(19);
const NOPAGE = bit(20);
const THP = bit(22);
const OFFLINE = bit(23);
const PGTABLE = bit(26);
const MMAP = bit(11);
/** Bit 32. */
const RESERVED = 1;

/**
 * The class of a word. A page of a program that is on its way to an LRU list counts as on it: offline_pages() drains
 * these lists first. `bare` has no flags: it is the kernel's, or free on the list of a CPU.
 * @param low bits 0 to 31
 * @param high bits 32 to 63
 */
export function classOf(low: number, high: number): number {
  if (low & NOPAGE) return CLASS['no page'];
  if (high & RESERVED) return CLASS.reserved;
  if (low & HWPOISON) return CLASS.hwpoison;
  if (low & BUDDY) return CLASS.buddy;
  if (low & OFFLINE) return CLASS.PageOffline;
  if (low & HUGE) return CLASS.hugetlb;
  if (low & SLAB) return CLASS.slab;
  if (low & PGTABLE) return CLASS['page table'];
  if (low & (LRU | ANON | THP | UNEVICTABLE)) return CLASS.lru;
  if (low & UPTODATE || (low & MMAP && high === 0)) return CLASS.lru;
  return low === 0 && high === 0 ? CLASS.bare : CLASS.kernel;
}

/** A word of each class, by its number. */
const PLAIN: readonly (readonly [low: number, high: number])[] = [
  [NOPAGE, 0],
  [0, RESERVED],
  [HWPOISON, 0],
  [BUDDY, 0],
  [OFFLINE, 0],
  [HUGE, 0],
  [SLAB, 0],
  [PGTABLE, 0],
  [LRU, 0],
  [bit(15), 0],
  [0, 0],
];

/** The word that stands for a word's class. */
export const plainWord = (low: number, high: number): readonly [low: number, high: number] =>
  PLAIN[classOf(low, high)]!;

/** The names of bits that a recorder writes in place of a word. */
const NAMES: Readonly<Record<string, number>> = {
  LOCKED: 0,
  ERROR: 1,
  REFERENCED: 2,
  UPTODATE: 3,
  DIRTY: 4,
  LRU: 5,
  ACTIVE: 6,
  SLAB: 7,
  WRITEBACK: 8,
  RECLAIM: 9,
  BUDDY: 10,
  MMAP: 11,
  ANON: 12,
  SWAPCACHE: 13,
  SWAPBACKED: 14,
  COMPOUND_HEAD: 15,
  COMPOUND_TAIL: 16,
  HUGE: 17,
  UNEVICTABLE: 18,
  HWPOISON: 19,
  NOPAGE: 20,
  KSM: 21,
  THP: 22,
  OFFLINE: 23,
  ZERO_PAGE: 24,
  IDLE: 25,
  PGTABLE: 26,
};

/** The word of names such as "SLAB|COMPOUND_HEAD", "b32|b37"; null for a name that is none. */
export function wordOfNames(text: string): { readonly low: number; readonly high: number } | null {
  let low = 0;
  let high = 0;
  for (const name of text === 'none' ? [] : text.split('|')) {
    const at = NAMES[name] ?? (/^b\d{1,2}$/.test(name) ? Number(name.slice(1)) : -1);
    if (at < 0 || at > 63) return null;
    if (at < 32) low = (low | bit(at)) >>> 0;
    else high = (high | bit(at - 32)) >>> 0;
  }
  return { low, high };
}
