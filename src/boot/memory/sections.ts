import type { Config } from '../../kernel/config.ts';
import { subsection_mask } from '../../kernel/mm/sparse.ts';
import { SECTION_NR_TO_ROOT } from '../../kernel/pfn.ts';
import {
  IORESOURCE_SYSRAM_DRIVER_MANAGED,
  type resource,
  SECTION_HAS_MEM_MAP,
  SECTION_IS_EARLY,
  SECTION_IS_ONLINE,
  SECTION_MARKED_PRESENT,
  type State,
} from '../../kernel/state.ts';
import type { FirmwareMapEntry, Machine } from '../../machines/machine.ts';
import type { NodeOf } from './memblock.ts';

/** The pages of boot memory, ascending: memblock's if known, else System RAM. */
export function bootRanges(c: Config, state: State): { start: number; end: number }[] {
  const regions = state.memblock_type.get(0)!.regions;
  const pages = (start: number, end: number) => ({
    start: Math.ceil(start / c.PAGE_SIZE),
    end: Math.floor(end / c.PAGE_SIZE),
  });
  if (regions.length) return regions.map(({ base, size }) => pages(base, base + size));
  return state.iomem_resource.children
    .filter(({ name }) => name === 'System RAM')
    .map(({ start, end }) => pages(start, end + 1));
}

/** subsection_map_init: the sub-sections that boot memory touches; all of them if its ranges are unknown. */
function earlyMap(
  c: Config,
  ranges: readonly { start: number; end: number }[],
  nr: number,
): readonly number[] {
  const first = nr * c.PAGES_PER_SECTION;
  const last = first + c.PAGES_PER_SECTION;
  const masks = ranges
    .map(({ start, end }) => [Math.max(start, first), Math.min(end, last)] as const)
    .filter(([start, end]) => start < end)
    .map(([start, end]) => subsection_mask(c, start, end - start));
  const full = subsection_mask(c, first, c.PAGES_PER_SECTION);
  const map = full.map((_, i) => masks.reduce((word, mask) => word | mask[i]!, 0));
  return masks.length === 0 || map.every((word, i) => word === full[i]) ? full : Object.freeze(map);
}

/**
 * The entries of /sys/firmware/memmap for memory added after boot: those of the boot are numbered in the order of their
 * addresses, and later ones follow.
 */
export function addedEntries(map: readonly FirmwareMapEntry[]): FirmwareMapEntry[] {
  let highest = -1;
  return [...map]
    .sort((a, b) => a.id - b.id)
    .filter((entry) => {
      if (entry.start < highest) return true;
      highest = entry.start;
      return false;
    });
}

/** Memory that a driver has added, as its name in /proc/iomem shows. */
const driverManaged = (res: resource): resource[] =>
  res.flags & IORESOURCE_SYSRAM_DRIVER_MANAGED ? [res] : res.children.flatMap(driverManaged);

/**
 * Whether the machine's messages or directories show that a section was added after boot. Without the messages of the boot, arm64's
 * blocks that ACPI has memory devices for count as plugged: on that architecture alone, boot memory differs for who takes it
 * offline. Without /proc/iomem, memory of volatile devices counts as added by their drivers.
 */
function addedLater(
  { boot_ram, blocks, block_size = 0, firmware_map, iomem, cxl, dax = [] }: Machine,
  c: Config,
): (nr: number) => boolean {
  const touches = (start: number, size: number, nr: number): boolean =>
    start < (nr + 1) * c.SECTION_SIZE && start + size > nr * c.SECTION_SIZE;
  if (boot_ram) return (nr) => !boot_ram.some(({ start, size }) => touches(start, size, nr));
  if (c.arch === 'x86_64' && firmware_map && blocks) {
    const later = addedEntries(firmware_map);
    return (nr) => later.some(({ start, end }) => touches(start, end + 1 - start, nr));
  }
  const volatile = cxl?.regions.filter(({ type }) => type === 'ram') ?? [];
  const drivers = iomem ? [] : [...dax, ...volatile];
  const plugged = new Set(
    c.arch === 'arm64' ? blocks?.filter((block) => block.firmware_node).map(({ id }) => id) : [],
  );
  return (nr) =>
    plugged.has(Math.floor((nr * c.SECTION_SIZE) / block_size)) ||
    drivers.some(({ start, size }) => touches(start, size, nr));
}

/**
 * Sections of boot memory are early and online. Sections of a driver's memory, or of offline blocks, were hot-added.
 */
export function bootSections(
  machine: Machine,
  c: Config,
  state: State,
  nidOf: NodeOf,
  sections: readonly number[],
  offline: ReadonlySet<number>,
): void {
  const ranges = bootRanges(c, state);
  const present = SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP;
  const drivers = driverManaged(state.iomem_resource);
  const wasAdded = addedLater(machine, c);
  for (const nr of sections) {
    const start = nr * c.SECTION_SIZE;
    const late =
      offline.has(nr) ||
      wasAdded(nr) ||
      drivers.some((res) => res.start < start + c.SECTION_SIZE && res.end >= start);
    const online = offline.has(nr) ? 0 : SECTION_IS_ONLINE;
    const nid = nidOf(nr * c.SECTION_SIZE);
    const root = SECTION_NR_TO_ROOT(c, nr);
    if (!state.mem_section_root.has(root)) state.mem_section_root.set(root, { nid });
    state.mem_section.set(nr, {
      section_mem_map: present | online | (late ? 0 : SECTION_IS_EARLY),
      subsection_map: late
        ? subsection_mask(c, nr * c.PAGES_PER_SECTION, c.PAGES_PER_SECTION)
        : earlyMap(c, ranges, nr),
      nid,
    });
  }
}
