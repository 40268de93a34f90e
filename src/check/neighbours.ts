import { permanentMappings } from '../boot/arm64/permanent.ts';
import { boot, type Model } from '../boot/boot.ts';
import { ImpossibleMachine } from '../errors/impossible-machine.ts';
import { type Layout, STRUCT_PAGE_SIZE } from '../geometry/layout.ts';
import { type LayoutFamily, layout as layoutOf } from '../geometry/layouts.ts';
import { sharedTables } from '../geometry/shared-tables.ts';
import { maxPhysmemBits } from '../geometry/sizes.ts';
import { type LevelName, NoSuchGeometry, type Translation, translation } from '../geometry/translation.ts';
import { leaves, tableAt } from '../hardware/walks/walk.ts';
import { vmemmap_of } from '../kernel/pfn.ts';
import type { Machine } from '../machines/machine.ts';
import { defineRelease } from '../releases/define.ts';
import { findRelease, type Release } from '../releases/index.ts';
import { NotApplicable } from '../scenarios/interleaved/names.ts';
import { Runner } from '../schedule/runner.ts';
import type { Steps } from '../steps/step.ts';
import { checkEntry } from './check-entry.ts';
import type { Checked } from './checked.ts';
import type { Entry } from './entry.ts';
import type { ThreadsSearch } from './threads.ts';
import type { Shape, Variation } from './variation.ts';

/**
 * Whether a tear-down, by default that of V5 of arm64 memory hot-remove, which frees every table it finds empty, can find one empty that the
 * memmap shares with another region: on a booted machine, hot-add memory whose struct pages lie in the table, take it away, and look.
 */

/**
 * Where boot memory lies: at the start of the linear map, or past all memory whose struct pages the shared table holds.
 */
export const PLACES = ['low', 'high'] as const;
export type BootMemory = (typeof PLACES)[number];

export interface SharedTableFate {
  readonly shape: Shape;
  readonly layout: LayoutFamily;
  /** The regions with addresses in the table, in order; at least two, one of them vmemmap. */
  readonly regions: readonly string[];
  readonly level: LevelName;
  /** The kernel addresses it translates; end 0 stands for 2^64. */
  readonly start: number;
  readonly end: number;
  readonly boot_memory: BootMemory;
  /** The booted machine. Physical addresses in bytes. */
  readonly memstart_addr: number;
  readonly ram: { readonly start: number; readonly size: number };
  /** The number of bytes of memory above memstart_addr whose struct pages lie in the table or before it. */
  readonly reach: number;
  /** The hot-added memory that is removed; null if none has struct pages in the table. */
  readonly removed: { readonly start: number; readonly size: number } | null;
  readonly fate: 'freed' | 'kept' | 'not removable';
  /** The regions with entries in the table after the removal. */
  readonly kept_by: readonly string[];
}

const G = 2 ** 30;
const RAM_SIZE = 2 * G;
const MEMSTART = G;

/** The release with a tear-down extended to LPA2. Five levels are unknown to the kernels before. */
const inAnyGeometry = (release: Release): Release =>
  defineRelease({
    name: release.name,
    base: release,
    about: `${release.about}, in any geometry of four levels at most`,
    constants: { LPA2: true },
  });

const V5 = inAnyGeometry(findRelease('arm64-v5')!);

/**
 * Two results for every table other than the root that the memmap shares: with boot memory low, and high.
 * @throws NoSuchGeometry for a shape the layout is not made for
 * @throws NotApplicable for one of five levels
 */
export function sharedTableFates(shape: Shape, family: LayoutFamily, release = V5): SharedTableFate[] {
  const t = translation('arm64', shape.page_size, shape.va_bits);
  const layout = layoutOf(t, family);
  if (t.levels > 4) throw new NotApplicable('V5 knows no tables of five levels');
  return tablesWithMemmap(t, layout).flatMap((table) =>
    PLACES.map((place) => ({ shape, layout: family, ...fateOf(shape, layout, table, place, release) })),
  );
}

interface Table {
  readonly level: LevelName;
  readonly start: number;
  readonly end: number;
  readonly regions: readonly string[];
}

/** Each table once, the smaller ones later. */
function tablesWithMemmap(t: Translation, layout: Layout): Table[] {
  const found = new Map<string, Table>();
  for (const { below, above, level, start, end } of sharedTables(t, layout)) {
    if (below !== 'vmemmap' && above !== 'vmemmap') continue;
    const regions = layout.regions
      .filter((region) => region.start < end && region.end > start)
      .map(({ name }) => name);
    found.set(`${level} ${start}`, { level, start, end, regions });
  }
  return [...found.values()].sort((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start);
}

/** Bytes of memory whose struct pages lie below an address of the memmap. */
const described = (shape: Shape, layout: Layout, va: number): number =>
  ((Math.min(va, layout.VMEMMAP_END) - layout.VMEMMAP_START) / STRUCT_PAGE_SIZE) * shape.page_size;

/** Boot memory of a machine: high is past the struct pages in the table, as far as the linear map goes. */
function memoryAt(shape: Shape, layout: Layout, { end }: Table, place: BootMemory) {
  const reach = described(shape, layout, end);
  const past = Math.ceil((MEMSTART + reach) / G) * G;
  const linear = layout.PAGE_END - layout.PAGE_OFFSET;
  const most =
    Math.min(MEMSTART + linear, 2 ** maxPhysmemBits('arm64', shape.page_size, shape.va_bits)) - RAM_SIZE;
  const start = place === 'low' ? MEMSTART : Math.min(past, most);
  return {
    reach,
    /** The last struct pages in the table are not boot memory's. */
    apart: place === 'low' ? reach > RAM_SIZE : past <= most,
    memory: { memstart_addr: MEMSTART, ram: [{ start, size: RAM_SIZE, nid: 0 }] },
  };
}

/**
 * Where boot memory lies for an entry about the smallest table that memmap and vmalloc share, so that what it takes from the end of
 * the memmap in that table is hot-added memory's.
 * @throws NotApplicable where no table is shared, or boot memory must lie there
 */
export function memoryForSharedTable(
  shape: Shape,
  family: LayoutFamily,
  place: BootMemory,
): NonNullable<Variation['memory']> {
  const t = translation('arm64', shape.page_size, shape.va_bits);
  const layout = layoutOf(t, family);
  const table = tablesWithMemmap(t, layout).findLast(({ regions }) => regions.includes('vmalloc'));
  if (!table) throw new NotApplicable('vmemmap and vmalloc share no table below the root');
  const { apart, memory } = memoryAt(shape, layout, table, place);
  if (!apart)
    throw new NotApplicable(
      place === 'low'
        ? 'the struct pages in the shared table are all boot memory’s, which is never removed'
        : 'the shared table holds all struct pages there are: boot memory cannot lie elsewhere',
    );
  return memory;
}

function fateOf(shape: Shape, layout: Layout, table: Table, bootMemory: BootMemory, release: Release) {
  const { memory, reach } = memoryAt(shape, layout, table, bootMemory);
  const ram = memory.ram[0]!;
  const machine: Machine = {
    source: 'shared table',
    arch: 'arm64',
    ...shape,
    ...memory,
    nodes: [{ nid: 0, online: true, cpus: [0, 1] }],
    missing: [],
  };
  const model = boot(machine, release, { layout, permanent_mappings: true });
  const { c } = model.kernel;
  const about = {
    ...table,
    boot_memory: bootMemory,
    memstart_addr: MEMSTART,
    ram: { start: ram.start, size: ram.size },
    reach,
  };
  const from = MEMSTART + described(shape, layout, Math.max(table.start, layout.VMEMMAP_START));
  const start = removable(c.SECTION_SIZE, from, MEMSTART + reach, ram.start);
  if (start === null)
    return { ...about, removed: null, fate: 'not removable' as const, kept_by: keptBy(model, table) };
  const first = vmemmap_of(c, start / c.PAGE_SIZE);
  const last = vmemmap_of(c, (start + c.SECTION_SIZE) / c.PAGE_SIZE);
  run(model, model.kernel.vmemmap_populate(first, last, 0, null));
  run(model, model.kernel.vmemmap_free(first, last, null));
  const freed = tableAt(model.state.mmu!, c.t.name.indexOf(table.level), table.start) === null;
  return {
    ...about,
    removed: { start, size: c.SECTION_SIZE },
    fate: freed ? ('freed' as const) : ('kept' as const),
    kept_by: keptBy(model, table),
  };
}

function run<T>(model: Model, thread: Steps<T>): void {
  const { ended } = new Runner(model.state).run(thread);
  if (ended !== 'returned') throw new Error(`a kernel function has ended with ${ended}`);
}

/** The first section with struct pages in [from, to) that holds no boot memory. */
function removable(section: number, from: number, to: number, ram: number): number | null {
  for (let start = Math.floor(from / section) * section; start < to; start += section)
    if (start + section <= ram || start >= ram + RAM_SIZE) return start;
  return null;
}

/** The regions to whose leaves a table leads. */
function keptBy({ kernel: { c }, state }: Model, { start, end }: Table): string[] {
  const others = permanentMappings(c);
  const name = (va: number): string => {
    const other = others.find((mapping) => mapping.va === va);
    if (other) return other.name;
    if (va >= c.VMEMMAP_START && va < c.VMEMMAP_END) return 'struct pages of boot memory';
    return 'linear map of boot memory';
  };
  return [...new Set([...leaves(state.mmu!, start, end)].map((leaf) => name(leaf.start)))];
}

/** What removal does to the smallest table that vmalloc and the memmap share, for any place of boot memory. */
export type VmallocTableFate = 'apart' | 'refused' | 'neighbour' | 'freed' | 'kept';

/**
 * There is none (`apart`), the kernel cannot be built (`refused`), others have entries in it (`neighbour`), it is `freed`, or
 * `kept` though empty; null for a shape that the layout is not made for, or of five levels.
 */
export function vmallocTableFate(
  shape: Shape,
  family: LayoutFamily,
  release: Release,
): VmallocTableFate | null {
  try {
    const fates = sharedTableFates(shape, family, inAnyGeometry(release)).filter(({ regions }) =>
      regions.includes('vmalloc'),
    );
    const smallest = fates.filter(
      ({ start, end }) => start === fates.at(-1)!.start && end === fates.at(-1)!.end,
    );
    if (smallest.length === 0) return 'apart';
    if (smallest.some(({ fate }) => fate === 'freed')) return 'freed';
    return smallest.some(({ fate, kept_by }) => fate === 'kept' && kept_by.length === 0)
      ? 'kept'
      : 'neighbour';
  } catch (error) {
    if (error instanceof NoSuchGeometry || error instanceof NotApplicable) return null;
    if (error instanceof ImpossibleMachine && release.constants.disjoint_layout) return 'refused';
    throw error;
  }
}

/** Explores an entry about such a table on V5 if V5 frees it. */
export const onV5 = (
  entry: Entry,
  { shape, layout, memstart_addr, ram }: SharedTableFate,
  search: ThreadsSearch,
): Checked =>
  checkEntry(entry, V5, {
    ...search,
    variation: {
      geometry: shape,
      layout,
      memory: { memstart_addr, ram: [{ ...ram, nid: 0 }] },
      permanent_mappings: true,
    },
  });
