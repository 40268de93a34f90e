import type { Steps } from '../../steps/step.ts';
import {
  is_sparse,
  linear_text,
  type MemConfig,
  NULL_TEXT,
  oops,
  page_add,
  pfn_to_section_nr,
  pointer_text,
  SIZEOF_STRUCT_PAGE,
} from './config.ts';
import { coded_map, null_section } from './section_table.ts';
import { change, type Memmap, note_stray, operation, PG_initialised, type Stray } from './world.ts';

/** Reads and writes through struct page pointers: an access reaches what lies at the address. */

/** A part of a run of struct page pointers that points into one object. */
interface Segment {
  /** Index of the first pointer. */
  readonly at: number;
  readonly n: number;
  readonly address: number;
  /** The pfn of the first struct page; -1 if there is none. */
  readonly pfn: number;
  readonly foreign: string | null;
}

/** The objects to which n pointers from p on point. */
function* reached(world: Memmap, p: number, n: number): Generator<Segment> {
  if (p < 0) {
    yield { at: 0, n, address: p, pfn: -1, foreign: null };
    return;
  }
  for (const { start, end, value } of [...world.places.in(p, page_add(p, n))]) {
    yield {
      at: (start - p) / SIZEOF_STRUCT_PAGE,
      n: (end - start) / SIZEOF_STRUCT_PAGE,
      address: start,
      pfn: typeof value === 'number' ? (start - value) / SIZEOF_STRUCT_PAGE : -1,
      foreign: typeof value === 'string' ? value : null,
    };
  }
}

/** The pfn whose struct page lies at p; -1 if there is none. */
export function pfn_at(world: Memmap, p: number): number {
  const place = p < 0 ? null : world.places.get(p);
  return typeof place === 'number' ? (p - place) / SIZEOF_STRUCT_PAGE : -1;
}

/** The page that an access is meant for: the i-th of the compound page whose head is at `base`. */
export interface Meant {
  readonly fn: string;
  readonly base: number;
  readonly i: number;
}

/** The effect of a write on struct pages. */
export interface PageWrite {
  readonly set?: number;
  readonly clear?: number;
  readonly count?: number;
  readonly first_page?: number;
}

const written = (word: number, { set = 0, clear = 0, count }: PageWrite): number => {
  const flags = (word & ~clear) | set;
  return count === undefined ? flags : (flags & 0xff) | (count << 8);
};

const stray = (meant: Meant, op: Stray['op'], first: number, segment: Segment, pfn: number): Stray => ({
  fn: meant.fn,
  op,
  meant: first + segment.at,
  n: segment.n,
  pfn,
  foreign: segment.foreign,
  address: segment.address,
  head: meant.base,
});

/** The address that is not mapped, or null. */
const write_struct_pages = operation({
  name: 'write_struct_pages',
  writes: true,
  run(world: Memmap, c: MemConfig, p: number, n: number, what: PageWrite, meant: Meant): string | null {
    const first = pfn_at(world, meant.base) + meant.i;
    for (const segment of reached(world, p, n)) {
      const { pfn, foreign, address } = segment;
      if (pfn < 0 && foreign === null) return pointer_text(c, address);
      if (pfn !== first + segment.at) note_stray(world, stray(meant, 'wrote', first, segment, pfn));
      if (pfn < 0) continue;
      world.pages.update(pfn, pfn + segment.n, (word) => written(word, what));
      if (what.first_page !== undefined) world.first_page.set(pfn, pfn + segment.n, what.first_page);
    }
    return null;
  },
});

/** Writes n struct pages from pointer p on, in one step. */
export function* write_pages(c: MemConfig, p: number, n: number, what: PageWrite, meant: Meant): Steps<void> {
  const fault = yield* change(write_struct_pages, c, p, n, what, meant);
  if (fault !== null) yield* oops(c, meant.fn, fault);
}

/** The pages of memory that struct pages describe; a fault is an address that cannot be dereferenced. */
interface Described extends Segment {
  /** The pfn of the first page of memory. */
  readonly memory: number;
  readonly fault: string | null;
}

/** page_to_pfn() of n pointers: by arithmetic, or through the section or node in the struct pages. */
export function* described(world: Memmap, c: MemConfig, p: number, n: number): Generator<Described> {
  if (c.memory_model === 'FLATMEM' || c.memory_model === 'SPARSEMEM_VMEMMAP') {
    const offset = c.memory_model === 'FLATMEM' ? world.pgdat.get(0)!.node_mem_map : coded_map(world, c, 0);
    const base = c.memory_model === 'FLATMEM' ? c.ARCH_PFN_OFFSET : 0;
    const memory = (p - offset) / SIZEOF_STRUCT_PAGE + base;
    yield { at: 0, n, address: p, pfn: pfn_at(world, p), foreign: null, memory, fault: null };
    return;
  }
  for (const segment of reached(world, p, n)) {
    if (segment.pfn < 0 && segment.foreign === null) {
      yield { ...segment, memory: -1, fault: pointer_text(c, segment.address) };
      continue;
    }
    for (let at = 0; at < segment.n; ) {
      const pages = Math.min(segment.n - at, alike(c, segment.pfn + at));
      const address = page_add(segment.address, at);
      const said = says(world, c, segment, at);
      const coded = coded_map(world, c, said);
      const fault = null_section(world, c, said) ? NULL_TEXT : null;
      const memory = (address - coded) / SIZEOF_STRUCT_PAGE;
      const pfn = segment.pfn < 0 ? -1 : segment.pfn + at;
      yield { ...segment, at: segment.at + at, n: pages, address, pfn, memory, fault };
      at += pages;
    }
  }
}

/** The number of struct pages from this one on that name the same section. */
const alike = (c: MemConfig, pfn: number): number =>
  pfn < 0 || !is_sparse(c.memory_model)
    ? Number.POSITIVE_INFINITY
    : c.PAGES_PER_SECTION - (pfn % c.PAGES_PER_SECTION);

/** The section or node in the flags of the object at the pointer. */
function says(world: Memmap, c: MemConfig, { pfn, foreign }: Segment, at: number): number {
  if (foreign !== null) return world.foreign_reads_as.get(foreign) ?? 0;
  // an uninitialised memmap gives 0
  if (!(world.pages.get(pfn + at) & PG_initialised)) return 0;
  if (is_sparse(c.memory_model)) return pfn_to_section_nr(c, pfn + at);
  for (const [nid, node] of world.pgdat) {
    if (pfn + at >= node.node_start_pfn && pfn + at < node.node_start_pfn + node.node_spanned_pages)
      return nid;
  }
  return 0;
}

const first_meant = (world: Memmap, meant: Meant): number => pfn_at(world, meant.base) + meant.i;

/** The part of a range that is outside the linear map, which maps memory only. */
function outside(world: Memmap, c: MemConfig, { memory, n }: Described): string | null {
  if (memory < 0) return linear_text(c, memory);
  const pfn = world.ram.first(memory, memory + n, (is_ram) => !is_ram);
  return pfn < 0 ? null : linear_text(c, pfn);
}

/** The address that cannot be dereferenced, or null. */
const clear_memory = operation({
  name: 'clear_memory',
  writes: true,
  run(world: Memmap, c: MemConfig, p: number, n: number, meant: Meant): string | null {
    const first = first_meant(world, meant);
    for (const part of described(world, c, p, n)) {
      if (part.fault !== null) return part.fault;
      if (part.memory !== first + part.at)
        note_stray(world, stray(meant, 'cleared', first, part, part.memory));
      const lost = outside(world, c, part);
      if (lost !== null) return lost;
      world.contents.set(part.memory, part.memory + part.n, 'zero');
    }
    return null;
  },
});

/** clear_user_highpage() for n struct pages from p on. */
export function* clear_user_highpages(c: MemConfig, p: number, n: number, meant: Meant): Steps<void> {
  const fault = yield* change(clear_memory, c, p, n, meant);
  if (fault !== null) yield* oops(c, meant.fn, fault);
}

const copy_memory = operation({
  name: 'copy_memory',
  writes: true,
  run(
    world: Memmap,
    c: MemConfig,
    dst: number,
    src: number,
    n: number,
    to: Meant,
    from: Meant,
  ): string | null {
    const first_dst = first_meant(world, to);
    const first_src = first_meant(world, from);
    const sources = [...described(world, c, src, n)];
    const targets = [...described(world, c, dst, n)];
    for (const part of sources) {
      if (part.fault !== null) return part.fault;
      if (part.memory !== first_src + part.at)
        note_stray(world, stray(from, 'copied from', first_src, part, part.memory));
      const lost = outside(world, c, part);
      if (lost !== null) return lost;
    }
    for (const part of targets) {
      if (part.fault !== null) return part.fault;
      if (part.memory !== first_dst + part.at)
        note_stray(world, stray(to, 'copied to', first_dst, part, part.memory));
      const lost = outside(world, c, part);
      if (lost !== null) return lost;
      for (const source of sources) {
        const start = Math.max(part.at, source.at);
        const end = Math.min(part.at + part.n, source.at + source.n);
        if (end <= start) continue;
        const at = part.memory + start - part.at;
        const distance = source.memory + start - source.at - at;
        world.contents.set(at, at + end - start, `copy${distance < 0 ? '' : '+'}${distance}`);
      }
    }
    return null;
  },
});

/** copy_user_highpage() for n pairs of struct pages. */
export function* copy_user_highpages(
  c: MemConfig,
  dst: number,
  src: number,
  n: number,
  to: Meant,
  from: Meant,
): Steps<void> {
  const fault = yield* change(copy_memory, c, dst, src, n, to, from);
  if (fault !== null) yield* oops(c, to.fn, fault);
}

/** Pointers passed to a caller: a pointer to another struct page than the one meant has gone astray as well. */
const hand_out = operation({
  name: 'hand_out',
  writes: true,
  run(world: Memmap, p: number, n: number, meant: Meant): void {
    const first = first_meant(world, meant);
    for (const segment of reached(world, p, n)) {
      if (segment.pfn !== first + segment.at)
        note_stray(world, stray(meant, 'returned', first, segment, segment.pfn));
    }
  },
});

export const record_pages = (p: number, n: number, meant: Meant): Steps<void> =>
  change(hand_out, p, n, meant);
