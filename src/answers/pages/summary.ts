import { CLASS, classOf, PAGE_CLASSES } from './word.ts';

/** What the pages of one memory block are, by their words of /proc/kpageflags. */
export interface BlockPages {
  /** The number of pages of each class, by its number. */
  readonly counts: Uint32Array;
  /** The first pfn of each class, by its number; -1 for none. */
  readonly first: Float64Array;
  /** The first pfn of each pageblock that isolation would refuse in a kernel zone, with its class. */
  readonly unmovable: { pfn: number; class: number }[];
  /** Runs of hugetlb pages, ascending, and runs of PageOffline, reserved and poisoned pages. */
  readonly runs: { pfn: number; nr_pages: number; class: number }[];
}

/** Classes of which every run is kept; of reserved pages the first few. */
const KEPT = new Set([CLASS.hugetlb, CLASS.PageOffline, CLASS.hwpoison, CLASS.reserved]);
const MAX_RUNS = 4096;

const IS_UNMOVABLE = PAGE_CLASSES.map((name) => ['slab', 'page table', 'kernel', 'reserved'].includes(name));

/**
 * Sums up runs of words by memory block: its memory grows with blocks and pageblocks, never with pages. Give the runs in
 * ascending order.
 */
export class PageSummary {
  readonly blocks = new Map<number, BlockPages>();
  readonly #perBlock: number;
  readonly #pageblock: number;
  readonly #wanted: ((block: number) => boolean) | undefined;

  /**
   * @param perBlock pages of a memory block
   * @param pageblock pages of a pageblock
   * @param wanted the blocks to sum up; all by default
   */
  constructor(perBlock: number, pageblock: number, wanted?: (block: number) => boolean) {
    this.#perBlock = perBlock;
    this.#pageblock = pageblock;
    this.#wanted = wanted;
  }

  add(pfn: number, nr: number, low: number, high: number): void {
    const kind = classOf(low, high);
    const end = pfn + nr;
    for (let at = pfn; at < end; ) {
      const id = Math.floor(at / this.#perBlock);
      const stop = Math.min(end, (id + 1) * this.#perBlock);
      if (this.#wanted?.(id) ?? true) this.#addTo(id, at, stop - at, kind);
      at = stop;
    }
  }

  #addTo(id: number, pfn: number, nr: number, kind: number): void {
    let block = this.blocks.get(id);
    if (block === undefined) {
      const classes = PAGE_CLASSES.length;
      block = {
        counts: new Uint32Array(classes),
        first: new Float64Array(classes).fill(-1),
        unmovable: [],
        runs: [],
      };
      this.blocks.set(id, block);
    }
    block.counts[kind]! += nr;
    if (block.first[kind]! < 0) block.first[kind] = pfn;
    if (IS_UNMOVABLE[kind]) this.#addUnmovable(block, pfn, nr, kind);
    if (KEPT.has(kind)) {
      const last = block.runs.at(-1);
      if (last && last.class === kind && last.pfn + last.nr_pages === pfn) last.nr_pages += nr;
      else if (block.runs.length < MAX_RUNS) block.runs.push({ pfn, nr_pages: nr, class: kind });
    }
  }

  #addUnmovable({ unmovable }: BlockPages, pfn: number, nr: number, kind: number): void {
    const last = unmovable.at(-1);
    const known = last ? Math.floor(last.pfn / this.#pageblock) : -1;
    for (let at = Math.floor(pfn / this.#pageblock); at * this.#pageblock < pfn + nr; at++)
      if (at > known) unmovable.push({ pfn: Math.max(pfn, at * this.#pageblock), class: kind });
  }
}

/** The number of pages of which a block's words tell. */
export const knownPages = ({ counts }: BlockPages): number => counts.reduce((sum, n) => sum + n, 0);
