import { ImpossibleMachine } from '../../errors/impossible-machine.ts';
import {
  SECTION_HAS_MEM_MAP,
  SECTION_IS_EARLY,
  SECTION_IS_ONLINE,
  SECTION_MARKED_PRESENT,
} from '../../kernel/state.ts';
import {
  is_classic,
  is_sparse,
  type MemConfig,
  SECTION_NR_TO_ROOT,
  SIZEOF_STRUCT_PAGE,
  WINDOW,
} from '../kernel/config.ts';
import type { MemKernel } from '../kernel/functions.ts';
import { subsections } from '../kernel/sparse.ts';
import { COUNT_SHIFT, empty_memmap, type Memmap, PG_initialised, PG_reserved } from '../kernel/world.ts';
import { type MemRelease, makeMemKernel } from '../releases/mem-releases.ts';
import { bootBootmem } from './bootmem.ts';
import { configureMemmodel } from './build-config.ts';
import type { MemMachine } from './mem-machine.ts';

export interface MemModel {
  readonly kernel: MemKernel;
  readonly world: Memmap;
  /** Kernel messages of boot. */
  readonly messages: readonly string[];
}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly nid: number;
}

/** Struct pages allocated contiguously. */
interface Piece {
  /** Section, node, or 0 for the whole machine. */
  readonly id: number;
  readonly what: string;
  readonly pfn: number;
  readonly nr_pages: number;
}

/** @throws ImpossibleMachine */
export function bootMemmodel(machine: MemMachine, release: MemRelease): MemModel {
  const all = machine.ram.map(({ start, size, node }) => ({
    start: start / machine.page_size,
    end: (start + size) / machine.page_size,
    nid: node,
  }));
  if (all.some(({ start, end }) => !Number.isInteger(start) || !Number.isInteger(end) || end <= start))
    throw new ImpossibleMachine(`RAM must be whole pages of ${machine.page_size} bytes`);
  const sorted = [...all].sort((a, b) => a.start - b.start);
  if (sorted.some(({ start }, i) => i > 0 && start < sorted[i - 1]!.end))
    throw new ImpossibleMachine('RAM ranges overlap');
  const c = configureMemmodel(machine, release);
  const { kept, messages } = limit(c, all);
  const vmemmap = c.memory_model === 'SPARSEMEM_VMEMMAP';
  const beyond = vmemmap
    ? null
    : machine.beyond === undefined
      ? 'boot memory behind the memmaps'
      : machine.beyond;
  const world = empty_memmap(beyond);
  const pieces = piecesOf(c, kept);
  place(world, c, machine, pieces);
  initialise(world, c, kept, pieces);
  world.memblock = splitNomap(kept, machine);
  const kernel = makeMemKernel(release, c);
  if (machine.bootmem) {
    if (!('section_activate' in kernel))
      throw new ImpossibleMachine(`bootmem: sections that come and go are not modelled on ${release.name}`);
    const hotremove = machine.arch !== 'arm64' || release.arm64_hotremove;
    messages.push(...bootBootmem(world, kernel, machine.bootmem, hotremove));
  }
  return { kernel, world, messages };
}

/** mminit_validate_memmodel_limits(): memory above the highest section number is cut off. */
function limit(c: MemConfig, all: readonly Range[]): { kept: Range[]; messages: string[] } {
  const max = 2 ** c.MAX_PHYSMEM_BITS / c.PAGE_SIZE;
  const messages: string[] = [];
  const kept: Range[] = [];
  for (const range of all) {
    if (!is_sparse(c.memory_model) || range.end <= max) {
      kept.push(range);
      continue;
    }
    const which = range.start > max ? 'Start' : 'End';
    messages.push(`${which} of range ${range.start} -> ${range.end} exceeds SPARSEMEM max ${max}`);
    if (range.start < max) kept.push({ ...range, end: max });
  }
  if (kept.length === 0)
    throw new ImpossibleMachine(`all RAM lies past 2^${c.MAX_PHYSMEM_BITS}: ${messages[0]}`);
  return { kept, messages };
}

/** Each section costs an entry. */
const MAX_SECTIONS = 2 ** 21;

function piecesOf(c: MemConfig, ram: readonly Range[]): Piece[] {
  if (c.memory_model === 'FLATMEM') {
    return [{ id: 0, what: 'the memmap', pfn: c.ARCH_PFN_OFFSET, nr_pages: c.max_mapnr }];
  }
  if (c.memory_model === 'DISCONTIGMEM') {
    const nodes = [...new Set(ram.map(({ nid }) => nid))].sort((a, b) => a - b);
    return nodes.map((id) => {
      const own = ram.filter(({ nid }) => nid === id);
      const pfn = Math.min(...own.map(({ start }) => start));
      const nrPages = Math.max(...own.map(({ end }) => end)) - pfn;
      return { id, what: `the memmap of node ${id}`, pfn, nr_pages: nrPages };
    });
  }
  const present = new Set<number>();
  const total = ram.reduce((sum, { start, end }) => sum + (end - start) / c.PAGES_PER_SECTION + 1, 0);
  if (total > MAX_SECTIONS)
    throw new ImpossibleMachine(`more than ${MAX_SECTIONS} sections of RAM are not modelled`);
  for (const { start, end } of ram)
    for (let nr = Math.floor(start / c.PAGES_PER_SECTION); nr * c.PAGES_PER_SECTION < end; nr++)
      present.add(nr);
  return [...present]
    .sort((a, b) => a - b)
    .map((id) => ({
      id,
      what: `the memmap of section ${id}`,
      pfn: id * c.PAGES_PER_SECTION,
      nr_pages: c.PAGES_PER_SECTION,
    }));
}

/** Gives each piece its address. */
function place(world: Memmap, c: MemConfig, machine: MemMachine, pieces: readonly Piece[]): void {
  const order = machine.memmap === 'reversed' ? [...pieces].reverse() : pieces;
  for (const piece of order) {
    const size = piece.nr_pages * SIZEOF_STRUCT_PAGE;
    const fixed = c.memory_model === 'SPARSEMEM_VMEMMAP';
    const at = fixed ? WINDOW + piece.pfn * SIZEOF_STRUCT_PAGE : world.cursor;
    world.places.set(at, at + size, at - piece.pfn * SIZEOF_STRUCT_PAGE);
    attach(world, c, piece, at);
    if (fixed) continue;
    world.maps.set(at, size);
    world.cursor = at + size;
    if (machine.memmap !== 'foreign') continue;
    const name = `${machine.foreign?.name ?? 'dentry slab'} behind ${piece.what}`;
    const gap = machine.foreign?.size ?? size;
    world.places.set(world.cursor, world.cursor + gap, name);
    world.foreign_reads_as.set(name, machine.foreign?.reads_as ?? 0);
    world.cursor += gap;
  }
}

const NO_SUBSECTION: ReadonlySet<number> = new Set();

function attach(world: Memmap, c: MemConfig, { id, pfn, nr_pages }: Piece, at: number): void {
  if (!is_sparse(c.memory_model)) {
    world.pgdat.set(id, { node_start_pfn: pfn, node_spanned_pages: nr_pages, node_mem_map: at });
    return;
  }
  world.roots.add(SECTION_NR_TO_ROOT(c, id));
  world.mem_section.set(id, {
    section_mem_map: is_classic(c.memory_model) ? at - pfn * SIZEOF_STRUCT_PAGE : WINDOW,
    flags: SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP | SECTION_IS_ONLINE | SECTION_IS_EARLY,
    usage: NO_SUBSECTION,
    usage_reserved: true,
    nid: 0,
  });
}

/** Struct pages of RAM have one reference; those of holes are PG_reserved. */
function initialise(world: Memmap, c: MemConfig, ram: readonly Range[], pieces: readonly Piece[]): void {
  const one = 1 << COUNT_SHIFT;
  const full: ReadonlySet<number> = new Set(
    is_sparse(c.memory_model) ? subsections(c, 0, c.PAGES_PER_SECTION) : [],
  );
  for (const { pfn, nr_pages } of pieces)
    world.pages.set(pfn, pfn + nr_pages, PG_initialised | PG_reserved | one);
  for (const { start, end, nid } of ram) {
    world.pages.set(start, end, PG_initialised | one);
    world.ram.set(start, end, true);
    if (!is_sparse(c.memory_model)) continue;
    for (let at = start; at < end; ) {
      const nr = Math.floor(at / c.PAGES_PER_SECTION);
      const stop = Math.min(end, (nr + 1) * c.PAGES_PER_SECTION);
      const ms = world.mem_section.get(nr)!;
      const whole = stop - at === c.PAGES_PER_SECTION;
      const usage = whole ? full : new Set([...ms.usage!, ...subsections(c, at, stop - at)]);
      world.mem_section.set(nr, { ...ms, nid, usage });
      at = stop;
    }
  }
}

function splitNomap(ram: readonly Range[], machine: MemMachine): Memmap['memblock'] {
  const holes = (machine.nomap ?? []).map(({ start, size }) => ({
    start: Math.floor(start / machine.page_size),
    end: Math.ceil((start + size) / machine.page_size),
  }));
  const cuts = [
    ...ram.flatMap(({ start, end }) => [start, end]),
    ...holes.flatMap(({ start, end }) => [start, end]),
  ];
  const sorted = [...new Set(cuts)].sort((a, b) => a - b);
  const inside = (at: number, list: readonly { start: number; end: number }[]): boolean =>
    list.some(({ start, end }) => at >= start && at < end);
  return sorted
    .slice(0, -1)
    .map((start, i) => ({ start, end: sorted[i + 1]!, nomap: inside(start, holes) }))
    .filter(({ start }) => inside(start, ram));
}
