import { boot, type Model } from '../boot/boot.ts';
import { ImpossibleMachine } from '../boot/impossible.ts';
import { permanent_mappings } from '../boot/permanent.ts';
import { type Layout, region_of, STRUCT_PAGE_SIZE } from '../geometry/layout.ts';
import { type LayoutFamily, layout as layout_of } from '../geometry/layouts.ts';
import { shared_tables } from '../geometry/shared-tables.ts';
import { type LevelName, type Translation, translation, va_text } from '../geometry/translation.ts';
import { leaves, table_at } from '../hardware/walk.ts';
import { vmemmap_of } from '../kernel/arch/arm64/vmemmap.ts';
import type { Machine } from '../machines/machine.ts';
import { find_release } from '../releases/index.ts';
import { Runner } from '../schedule/run.ts';
import type { Steps } from '../steps/step.ts';
import type { Shape } from './variation.ts';

/**
 * Whether the tear-down of seed 001 (V5), which frees every table it finds empty, can find one empty that the memmap shares with
 * another region: on a booted machine, hot-add memory whose struct pages lie in the table, take it away, and look.
 */

/** Where boot memory lies: where the linear map begins, or past all that the shared table has struct pages for. */
export const PLACES = ['low', 'high'] as const;
export type BootMemory = (typeof PLACES)[number];

export interface SharedTableFate {
  readonly shape: Shape;
  readonly layout: LayoutFamily;
  /** Regions with addresses in the table, in order; two at least, one of them vmemmap. */
  readonly regions: readonly string[];
  readonly level: LevelName;
  /** Kernel addresses it translates; end 0 is the wrap. */
  readonly start: number;
  readonly end: number;
  readonly boot_memory: BootMemory;
  /** What was booted. Physical addresses in bytes. */
  readonly memstart_addr: number;
  readonly ram: { readonly start: number; readonly size: number };
  /** Bytes of memory above memstart_addr whose struct pages lie in the table, or before it. */
  readonly reach: number;
  /** The hot-added memory that is taken away: null where none has struct pages in the table. */
  readonly removed: { readonly start: number; readonly size: number } | null;
  readonly fate: 'freed' | 'kept' | 'not removable';
  /** What is in the table after the removal. */
  readonly kept_by: readonly string[];
}

const G = 2 ** 30;
const RAM_SIZE = 2 * G;
const MEMSTART = G;

/** One entry for every table other than the root that the memmap shares, and each place of boot memory. */
export function shared_table_fates(shape: Shape, family: LayoutFamily): SharedTableFate[] {
  const t = translation('arm64', shape.page_size, shape.va_bits);
  const layout = layout_of(t, family);
  return tables_with_memmap(t, layout).flatMap((table) =>
    PLACES.map((place) => ({ shape, layout: family, ...fate_of(shape, layout, table, place) })),
  );
}

interface Table {
  readonly level: LevelName;
  readonly start: number;
  readonly end: number;
  readonly regions: readonly string[];
}

/** Each table once, the smaller ones later. */
function tables_with_memmap(t: Translation, layout: Layout): Table[] {
  const found = new Map<string, Table>();
  for (const { below, above, level, start, end } of shared_tables(t, layout)) {
    if (below !== 'vmemmap' && above !== 'vmemmap') continue;
    const regions = layout.regions
      .filter((region) => region.start < end && region.end > start)
      .map(({ name }) => name);
    found.set(`${level} ${start}`, { level, start, end, regions });
  }
  return [...found.values()].sort((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start);
}

/** A machine with boot memory from `start` on. */
const machine_of = (shape: Shape, start: number): Machine => ({
  source: 'shared table',
  arch: 'arm64',
  ...shape,
  memstart_addr: MEMSTART,
  ram: [{ start, size: RAM_SIZE, nid: 0 }],
  nodes: [{ nid: 0, online: true, cpus: [0, 1] }],
  missing: [],
});

const V5 = 'S1';

function fate_of(shape: Shape, layout: Layout, table: Table, boot_memory: BootMemory) {
  const memmap = region_of(layout, 'vmemmap')!;
  const bytes_of = (va: number): number => ((va - memmap.start) / STRUCT_PAGE_SIZE) * shape.page_size;
  const reach = bytes_of(Math.min(table.end, memmap.end));
  const ram = ram_start(shape, layout, boot_memory, reach);
  const model = boot(machine_of(shape, ram), find_release(V5)!, { layout, permanent_mappings: true });
  const { c } = model.kernel;
  const about = {
    ...table,
    boot_memory,
    memstart_addr: MEMSTART,
    ram: { start: ram, size: RAM_SIZE },
    reach,
  };
  const from = MEMSTART + bytes_of(Math.max(table.start, memmap.start));
  const start = removable(c.SECTION_SIZE, from, MEMSTART + reach, ram);
  if (start === null)
    return { ...about, removed: null, fate: 'not removable' as const, kept_by: kept_by(model, table) };
  const depth = c.t.name.indexOf(table.level);
  const [first, last] = [start, start + c.SECTION_SIZE].map((pa) => vmemmap_of(c, pa / c.PAGE_SIZE)) as [
    number,
    number,
  ];
  run(model, model.kernel.arch_vmemmap_populate(first, last, 0, null));
  run(model, model.kernel.arch_vmemmap_free(first, last, null));
  const freed = table_at(model.state.mmu!, depth, table.start) === null;
  return {
    ...about,
    removed: { start, size: c.SECTION_SIZE },
    fate: freed ? ('freed' as const) : ('kept' as const),
    kept_by: kept_by(model, table),
  };
}

function run<T>(model: Model, thread: Steps<T>): void {
  const { ended } = new Runner(model.state).run(thread);
  if (ended !== 'returned') throw new Error(`a kernel function has ${ended}`);
}

/** Physical address of boot memory. High: past the struct pages in the table, as far as the linear map goes. */
function ram_start(shape: Shape, layout: Layout, place: BootMemory, reach: number): number {
  if (place === 'low') return MEMSTART;
  const linear = layout.PAGE_END - layout.PAGE_OFFSET;
  const most = Math.min(MEMSTART + linear, 2 ** (shape.page_size === 65536 ? 52 : 48)) - RAM_SIZE;
  return Math.min(Math.ceil((MEMSTART + reach) / G) * G, most);
}

/** The first section, wholly free of boot memory, with struct pages of [from, to). */
function removable(section: number, from: number, to: number, ram: number): number | null {
  for (let start = Math.floor(from / section) * section; start < to; start += section)
    if (start + section <= ram || start >= ram + RAM_SIZE) return start;
  return null;
}

/** Whose leaves a table still leads to. */
function kept_by({ kernel: { c }, state }: Model, { start, end }: Table): string[] {
  const others = permanent_mappings(c);
  const name = (va: number): string => {
    const other = others.find((mapping) => mapping.va === va);
    if (other) return other.name;
    if (va >= c.VMEMMAP_START && va < c.VMEMMAP_END) return 'struct pages of boot memory';
    if (va >= c.PAGE_OFFSET && (c.PAGE_END === 0 || va < c.PAGE_END)) return 'linear map of boot memory';
    throw new Error(`${va_text(va)} is mapped by nobody`);
  };
  return [...new Set([...leaves(state.mmu!, start, end)].map((leaf) => name(leaf.start)))];
}

/** Whether a shape can be had in a layout. */
export function has_layout(shape: Shape, family: LayoutFamily): boolean {
  try {
    layout_of(translation('arm64', shape.page_size, shape.va_bits), family);
    return true;
  } catch (error) {
    if (error instanceof ImpossibleMachine) return false;
    throw error;
  }
}
