import { LAYOUT_FAMILIES, type LayoutFamily } from '../../geometry/layouts.ts';
import { PAGE_SIZES, VA_BITS } from '../../geometry/sizes.ts';
import { memReleases } from '../../memmap/releases/mem-releases.ts';
import { mainline } from '../../releases/index.ts';
import type { Entry } from '../entry.ts';
import { type BootMemory, PLACES } from '../neighbours.ts';
import type { Shape } from '../variation.ts';

/** A run of one entry on one release in one geometry. */
export interface PlannedRun {
  readonly kind: 'run';
  readonly entry: string;
  readonly release: string;
  /** Null if the entry's machine has no other geometry: x86_64, and struct pages as addresses. */
  readonly shape: Shape | null;
  /**
   * Set for an entry about a table that the memmap shares. It then runs with kernel image, fixmap and PCI I/O mapped.
   */
  readonly boot_memory: BootMemory | null;
}

/** Checks of the tables that the memmap shares, in one geometry and layout. */
export interface PlannedTables {
  readonly kind: 'shared_tables';
  readonly shape: Shape;
  readonly layout: LayoutFamily;
}

export type Planned = PlannedRun | PlannedTables;

/** Every geometry of arm64. */
export const SHAPES: readonly Shape[] = PAGE_SIZES.arm64.flatMap((pageSize) =>
  VA_BITS.arm64[pageSize]!.map((vaBits) => ({ page_size: pageSize, va_bits: vaBits })),
);

const SERIES = ['arm64-v6', 'arm64-v5'];
/** These replace arm64 functions only; on x86_64 they equal arm64-v5. */
const OPTIONS = ['option-1', 'option-2', 'option-3', 'option-4'];

/** Selects a part of a campaign; an absent field does not restrict. */
export interface Filter {
  readonly entries?: readonly string[];
  readonly releases?: readonly string[];
  readonly shapes?: readonly Shape[];
  /** Only the tables that the memmap shares. */
  readonly tables?: boolean;
}

/** The releases on which an entry is run: mainline, the series, and those the entry names itself. */
export function releasesOf(entry: Entry): readonly string[] {
  const own = [entry.release, ...entry.fixed];
  if (entry.kind === 'memmap') return [...new Set([...memReleases.keys(), ...own])];
  const options = entry.scenario.machine.arch === 'arm64' ? OPTIONS : [];
  return [...new Set([...mainline.map(({ name }) => name), ...SERIES, ...options, ...own])];
}

/** Whether the entry has a layout of its own: the layouts of releases may hide what it is about. */
export const aboutASharedTable = (entry: Entry): boolean =>
  entry.kind === 'threads' && entry.scenario.interleaved?.layout != null;

const varies = (entry: Entry): boolean => entry.kind !== 'memmap' && entry.scenario.machine.arch === 'arm64';

const same = (a: Shape, b: Shape): boolean => a.page_size === b.page_size && a.va_bits === b.va_bits;

/**
 * All configurations, in order: entries as given, releases, geometries; then tables by layout and geometry. If entries
 * or releases are named, there are no tables.
 */
export function plan(entries: readonly Entry[], filter: Filter = {}): Planned[] {
  const shapes = SHAPES.filter((shape) => filter.shapes?.some((one) => same(one, shape)) ?? true);
  const chosen = filter.tables ? [] : entries.filter(({ id }) => filter.entries?.includes(id) ?? true);
  const runs = chosen.flatMap((entry) =>
    releasesOf(entry)
      .filter((release) => filter.releases?.includes(release) ?? true)
      .flatMap((release) =>
        (varies(entry) ? shapes : filter.shapes ? [] : [null]).flatMap((shape) =>
          (aboutASharedTable(entry) ? PLACES : [null]).map(
            (bootMemory): PlannedRun => ({
              kind: 'run',
              entry: entry.id,
              release,
              shape,
              boot_memory: bootMemory,
            }),
          ),
        ),
      ),
  );
  if (filter.entries ?? filter.releases) return runs;
  const tables = LAYOUT_FAMILIES.flatMap((layout) =>
    shapes.map((shape): PlannedTables => ({ kind: 'shared_tables', shape, layout })),
  );
  return [...runs, ...tables];
}
