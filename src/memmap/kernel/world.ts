import { Runs } from '../../hardware/runs.ts';
import type { Operation } from '../../steps/operation.ts';
import type { Steps } from '../../steps/step.ts';
import { LINEAR, WINDOW } from './config.ts';

/**
 * What lies at an address: the struct page of pfn (address - number) / 64, a foreign object by name, or nothing that is
 * mapped. Neighbouring memmaps in the order of their pfns have one number, hence one run.
 */
export type Place = number | string | null;

export interface mem_section {
  /** Coded: the memmap's address less what the section's first pfn adds; with the flags apart. */
  section_mem_map: number;
  flags: number;
  /** Bits of the active sub-sections, as a set; null when usage is not allocated. */
  usage: ReadonlySet<number> | null;
  /** Usage was carved from boot memory with that of other sections. */
  usage_reserved: boolean;
  nid: number;
}

export interface pglist_data {
  node_start_pfn: number;
  node_spanned_pages: number;
  /** DISCONTIGMEM: address of the node's own memmap. */
  node_mem_map: number;
}

/** Struct page flags that matter here; the reference count stands above them. */
export const PG_head = 1;
export const PG_tail = 2;
export const PG_reserved = 4;
/** Stands for all that update_and_free_page clears: PG_locked, PG_dirty, … */
export const PG_locked = 8;
/** Section and node are in the flags: memmap_init has run. */
export const PG_initialised = 16;
export const COUNT_SHIFT = 8;
export const page_count = (word: number): number => word >>> COUNT_SHIFT;

export type BootmemType = 'NODE_INFO' | 'SECTION_INFO' | 'MIX_SECTION_INFO';

/** Pages of boot memory that are treated alike. */
export interface BootPages {
  readonly what: string;
  /** Section in which they lie. */
  readonly section: number;
  /** Addresses of the struct pages in them, where it is a memmap. */
  readonly memmap: readonly [number, number] | null;
  readonly pages: number;
  /** page_count: one, and one more for each registration. */
  count: number;
  type: BootmemType | null;
  /** page_private: who registered last. */
  info: number;
  freed: boolean;
}

/** Where boot memory put what a node or a section needs. */
export interface Bootmem {
  readonly pages: Map<string, BootPages>;
  /** Keys by node, and by section. */
  readonly pgdat: Map<number, string>;
  readonly usemap: Map<number, string>;
  readonly memmap: Map<number, readonly string[]>;
  /** What became of pages in this operation. */
  readonly notes: string[];
  /** check_usemap_section_nr() has told of these already; 0 is how it knows its first call. */
  old_usemap_snr: number;
  old_pgdat_snr: number;
}

/** Runs of pages that an access was meant for and what it reached instead. */
export interface Stray {
  readonly fn: string;
  readonly op: 'wrote' | 'read' | 'cleared' | 'copied from' | 'copied to' | 'returned';
  /** First pfn meant. */
  readonly meant: number;
  readonly n: number;
  /** Pfn of the first struct page, or of the first page of memory, reached; -1 when it was neither. */
  readonly pfn: number;
  /** Name of the foreign object reached, or of the one whose bytes were taken for a struct page. */
  readonly foreign: string | null;
  /** Address of the first struct page, or of what was taken for one. */
  readonly address: number;
  /** Address of the head, where arithmetic began. */
  readonly head: number;
}

/** The shared state: struct pages in simulated memory, what they say, and the memory they describe. */
export interface Memmap {
  places: Runs<Place>;
  /** Where the next memmap may be put. */
  cursor: number;
  /** Bytes of each memmap that is an object of its own, by address. */
  readonly maps: Map<number, number>;
  /** Section or node that a foreign object's bytes give when taken for a struct page's flags; 0 unless named. */
  readonly foreign_reads_as: Map<string, number>;
  readonly mem_section: Map<number, mem_section>;
  readonly roots: Set<number>;
  readonly pgdat: Map<number, pglist_data>;
  /** memblock.memory; NOMAP regions are there, too. */
  memblock: readonly { start: number; end: number; nomap: boolean }[];
  /** Pfns of live dev_pagemaps. */
  pagemap: readonly { start: number; end: number }[];
  /** Flags and count by pfn. */
  readonly pages: Runs<number>;
  /** first_page, later compound_head: an address, 0 for none. */
  readonly first_page: Runs<number>;
  readonly compound_order: Map<number, number>;
  /** What memory holds: "old", "zero", or "copy+N": what the page N further on held. */
  readonly contents: Runs<string>;
  /** Memory that exists. */
  readonly ram: Runs<boolean>;
  readonly strays: Stray[];
  /** Calls of helpers and of loops, by name. */
  readonly calls: Map<string, number>;
  /** Sizes for which there is an hstate. */
  readonly hstates: Set<number>;
  /** Where boot memory lies and who counts on it; null where nobody looks at that. */
  bootmem: Bootmem | null;
}

/** What no memmap covers is mapped as `beyond` says, within the window alone. */
export function empty_memmap(beyond: Place): Memmap {
  const places = new Runs<Place>(null);
  places.set(WINDOW, LINEAR, beyond);
  return {
    places,
    cursor: WINDOW,
    maps: new Map(),
    foreign_reads_as: new Map(),
    mem_section: new Map(),
    roots: new Set(),
    pgdat: new Map(),
    memblock: [],
    pagemap: [],
    pages: new Runs(0),
    first_page: new Runs(0),
    compound_order: new Map(),
    contents: new Runs('old'),
    ram: new Runs(false),
    strays: [],
    calls: new Map(),
    hstates: new Set(),
    bootmem: null,
  };
}

/** An operation on the memmap, or on the memory it describes. */
export type MemOperation<A extends readonly unknown[], T, Writes extends boolean> = Operation<
  Memmap,
  A,
  T,
  Writes
>;

/** Declare an operation, beside the kernel file it belongs to. */
export const operation = <A extends readonly unknown[], T, Writes extends boolean>(
  declared: Omit<MemOperation<A, T, Writes>, 'obj'>,
): MemOperation<A, T, Writes> => Object.freeze({ obj: 'memmap', ...declared });

/** One indivisible look at the memmap. */
export function* look<A extends readonly unknown[], T>(
  operation: MemOperation<A, T, false>,
  ...args: A
): Steps<T> {
  return (yield { op: 'call', operation, args }) as T;
}

/** One indivisible change of the memmap, or of the memory it describes. */
export function* change<A extends readonly unknown[], T>(
  operation: MemOperation<A, T, true>,
  ...args: A
): Steps<T> {
  return (yield { op: 'call', operation, args }) as T;
}

const add_calls = operation({
  name: 'add_calls',
  writes: true,
  run: (world: Memmap, name: string, n: number): void => {
    world.calls.set(name, (world.calls.get(name) ?? 0) + n);
  },
});

/** Counts calls of a helper, or names the loop that was taken: it touches nothing of the kernel's. */
export const took = (name: string, n = 1): Steps<void> => change(add_calls, name, n);

const continues = (last: Stray, next: Stray): boolean =>
  last.fn === next.fn &&
  last.op === next.op &&
  last.head === next.head &&
  last.foreign === next.foreign &&
  last.meant + last.n === next.meant &&
  (last.pfn < 0 ? next.pfn < 0 : last.pfn + last.n === next.pfn);

/** Note an access that went astray; what continues one of the last two, source and target of a copy, is one with it. */
export function note_stray(world: Memmap, stray: Stray): void {
  const { strays } = world;
  for (let i = strays.length - 1; i >= Math.max(0, strays.length - 2); i--) {
    const last = strays[i]!;
    if (!continues(last, stray)) continue;
    strays[i] = { ...last, n: last.n + stray.n };
    return;
  }
  strays.push(stray);
}
