import { Runs } from '../../hardware/memory/runs.ts';
import type { Operation } from '../../steps/operation.ts';
import type { Steps } from '../../steps/step.ts';
import { LINEAR, WINDOW } from './config.ts';

/**
 * The contents of an address: the struct page of pfn (address - number) / 64, a foreign object by name, or nothing (not
 * mapped). Adjacent memmaps in the order of their pfns have the same number, hence form one run.
 */
export type Place = number | string | null;

export interface mem_section {
  /** Coded: the memmap's address minus the offset of the section's first pfn; the flags are stored separately. */
  section_mem_map: number;
  flags: number;
  /** The bits of the active sub-sections, as a set; null if usage is not allocated. */
  usage: ReadonlySet<number> | null;
  /** Usage was carved from boot memory together with that of other sections. */
  usage_reserved: boolean;
  nid: number;
}

export interface pglist_data {
  node_start_pfn: number;
  node_spanned_pages: number;
  /** DISCONTIGMEM: address of the node's own memmap. */
  node_mem_map: number;
}

/** The modelled struct page flags; the reference count is stored above them. */
export const PG_head = 1;
export const PG_tail = 2;
export const PG_reserved = 4;
/** Stands for all flags that update_and_free_page clears: PG_locked, PG_dirty, … */
export const PG_locked = 8;
/** The flags contain section and node: memmap_init has run. */
export const PG_initialised = 16;
export const COUNT_SHIFT = 8;
export const page_count = (word: number): number => word >>> COUNT_SHIFT;

export type BootmemType = 'NODE_INFO' | 'SECTION_INFO' | 'MIX_SECTION_INFO';

/** Pages of boot memory with the same history. */
export interface BootPages {
  readonly what: string;
  /** The section in which they lie. */
  readonly section: number;
  /** The addresses of the struct pages in them, if they hold a memmap. */
  readonly memmap: readonly [number, number] | null;
  readonly pages: number;
  /** page_count: one, and one more for each registration. */
  count: number;
  type: BootmemType | null;
  /** page_private: the section or node that registered last. */
  info: number;
  freed: boolean;
}

/** The places of boot memory for nodes and sections. */
export interface Bootmem {
  readonly pages: Map<string, BootPages>;
  /** Keys by node, and by section. */
  readonly pgdat: Map<number, string>;
  readonly usemap: Map<number, string>;
  readonly memmap: Map<number, readonly string[]>;
  /** What happened to pages in this operation. */
  readonly notes: string[];
  /** The last sections that check_usemap_section_nr() has reported; 0 marks its first call. */
  old_usemap_snr: number;
  old_pgdat_snr: number;
}

/** A run of pages that an access was meant for, and what it reached instead. */
export interface Stray {
  readonly fn: string;
  readonly op: 'wrote' | 'read' | 'cleared' | 'copied from' | 'copied to' | 'returned';
  /** The first pfn meant. */
  readonly meant: number;
  readonly n: number;
  /** The pfn of the first struct page, or of the first page of memory, reached; -1 if it was neither. */
  readonly pfn: number;
  /** The name of the foreign object reached, or of the one whose bytes were used as a struct page. */
  readonly foreign: string | null;
  /** The address of the first struct page, or of the bytes used as one. */
  readonly address: number;
  /** The address of the head, where the arithmetic began. */
  readonly head: number;
}

/** The shared state: struct pages in simulated memory, their contents, and the memory they describe. */
export interface Memmap {
  places: Runs<Place>;
  /** Where the next memmap may be put. */
  cursor: number;
  /** Bytes of each memmap that is an object of its own, by address. */
  readonly maps: Map<number, number>;
  /** The section or node in a foreign object's bytes when they are used as a struct page's flags; 0 unless named. */
  readonly foreign_reads_as: Map<string, number>;
  readonly mem_section: Map<number, mem_section>;
  readonly roots: Set<number>;
  readonly pgdat: Map<number, pglist_data>;
  /** memblock.memory, including NOMAP regions. */
  memblock: readonly { start: number; end: number; nomap: boolean }[];
  /** Pfns of live dev_pagemaps. */
  pagemap: readonly { start: number; end: number }[];
  /** Flags and count by pfn. */
  readonly pages: Runs<number>;
  /** first_page, later compound_head: an address, 0 for none. */
  readonly first_page: Runs<number>;
  readonly compound_order: Map<number, number>;
  /** The contents of memory: "old", "zero", or "copy+N": the former contents of the page N further on. */
  readonly contents: Runs<string>;
  /** The memory that exists. */
  readonly ram: Runs<boolean>;
  readonly strays: Stray[];
  /** Calls of helpers and of loops, by name. */
  readonly calls: Map<string, number>;
  /** Sizes for which there is an hstate. */
  readonly hstates: Set<number>;
  /** The place of boot memory and its users; null if it is not checked. */
  bootmem: Bootmem | null;
}

/** Outside memmaps the window is mapped as `beyond` says. */
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

/** Declares an operation, beside the kernel file to which it belongs. */
export const operation = <A extends readonly unknown[], T, Writes extends boolean>(
  declared: Omit<MemOperation<A, T, Writes>, 'obj'>,
): MemOperation<A, T, Writes> => Object.freeze({ obj: 'memmap', ...declared });

/** One indivisible read of the memmap. */
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

/** Counts calls of a helper, or records the loop that was taken; touches no kernel state. */
export const took = (name: string, n = 1): Steps<void> => change(add_calls, name, n);

/** Counted like a helper: a loop tests itself, for each page, whether it has reached a boundary. */
export const BOUNDARY_TEST = 'boundary test';

const continues = (last: Stray, next: Stray): boolean =>
  last.fn === next.fn &&
  last.op === next.op &&
  last.head === next.head &&
  last.foreign === next.foreign &&
  last.meant + last.n === next.meant &&
  (last.pfn < 0 ? next.pfn < 0 : last.pfn + last.n === next.pfn);

/**
 * Records an access that went astray. An access that continues one of the last two (source and target of a copy) is
 * merged with it.
 */
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
