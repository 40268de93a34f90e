import { ImpossibleMachine } from '../errors/impossible-machine.ts';
import { BadLayout, custom_layout, type Layout } from '../geometry/layout.ts';
import { layout } from '../geometry/layouts.ts';
import { huge_page_orders } from '../geometry/memmap.ts';
import { shared_tables } from '../geometry/shared-tables.ts';
import {
  MAX_X86_BLOCK_SIZE,
  max_order,
  max_physmem_bits,
  memstart_align,
  PAGE_SIZES,
  pmd_order,
  pmd_size,
  VA_BITS,
  without_lpa2,
} from '../geometry/sizes.ts';
import { NoSuchGeometry, type Translation, translation, va_text } from '../geometry/translation.ts';
import { probe_memory_block_size } from '../kernel/arch/x86/mm/init_64/arch_add_memory.ts';
import { type Config, SIZEOF_MEM_SECTION, SUBSECTION_SIZE } from '../kernel/config.ts';
import type { Machine } from '../machines/machine.ts';
import type { Release } from '../releases/define.ts';

/** Words of a kernel command line; a quoted value stays one word. */
export const cmdline_words = (cmdline: string): string[] => cmdline.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];

const TRUE = /^(y|yes|on|1|force)$/i;

/** Source files for which dynamic debug is switched on by dyndbg="file mm/x.c +p; …". */
function dyndbg_files(words: readonly string[]): string[] {
  const value = words.find((word) => word.startsWith('dyndbg='))?.slice('dyndbg='.length) ?? '';
  return [...value.matchAll(/file\s+(\S+)\s+\+p/g)].map((match) => match[1]!);
}

const last_value = (words: readonly string[], name: string): string | undefined =>
  words.findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);

const ram_of = (machine: Machine): readonly { start: number; size: number }[] => {
  if (machine.memblock)
    return machine.memblock.memory.map((r) => ({ start: r.start, size: r.end - r.start + 1 }));
  if (machine.ram) return machine.ram;
  return (machine.iomem ?? [])
    .filter((entry) => entry.depth === 0 && entry.name.startsWith('System RAM') && entry.end > 0)
    .map((entry) => ({ start: entry.start, size: entry.end - entry.start + 1 }));
};

/** End of boot memory, for the size of an x86 memory block. */
const ram_end = (machine: Machine): number => Math.max(0, ...ram_of(machine).map((r) => r.start + r.size));

/** Start of the lowest RAM the firmware named, NOMAP included: memblock_start_of_DRAM. */
const ram_start = (machine: Machine): number => {
  const starts = ram_of(machine).map((r) => r.start);
  return starts.length ? Math.min(...starts) : 0;
};

function linear_range(machine: Machine, section_size: number, map: Layout, physmem_bits: number) {
  const max_phys = 2 ** Math.min(physmem_bits, 52) - 1;
  if (machine.arch === 'x86_64') return { start: 0, end: max_phys };
  const align = memstart_align(machine.page_size, section_size);
  const memstart = Math.floor((machine.memstart_addr ?? ram_start(machine)) / align) * align;
  return { start: memstart, end: Math.min(memstart + map.PAGE_END - map.PAGE_OFFSET - 1, max_phys) };
}

/** What a kernel is built with or asked for beside the machine's own options. */
export interface BuildOptions {
  /** Kernel addresses other than the release's own: real ones hide some races (docs/campaign.md). */
  readonly layout?: Layout;
  /** Without kernel_page_tables arm64 has huge vmaps. Built in unless told otherwise. */
  readonly ptdump_debugfs?: boolean;
  /** CONFIG_DEBUG_VM_PGFLAGS. On with CONFIG_DEBUG_VM unless told otherwise. */
  readonly debug_vm_pgflags?: boolean;
  /** Regions that memblock's static arrays hold: 128 unless told otherwise. */
  readonly init_memblock_regions?: number;
}

/** @throws ImpossibleMachine when this release cannot be built with that shape */
function possible_layout(t: Translation, release: Release, custom: Layout | undefined): Layout {
  try {
    return custom ? custom_layout(t, custom.regions, custom.name) : layout(t, release.constants.layout);
  } catch (error) {
    if (!(error instanceof NoSuchGeometry || error instanceof BadLayout)) throw error;
    throw new ImpossibleMachine(`${release.name}: ${error.message}`);
  }
}

/** @throws ImpossibleMachine when vmalloc and vmemmap have a table other than the root in common */
function must_be_disjoint(t: Translation, map: Layout, release: Release): void {
  const shared = shared_tables(t, map).find(
    ({ below, above }) => [below, above].includes('vmalloc') && [below, above].includes('vmemmap'),
  );
  if (!shared) return;
  throw new ImpossibleMachine(
    `${release.name}: ${shared.below} and ${shared.above} share a ${shared.level} table (${va_text(shared.start)}-${va_text(shared.end)}) in layout ${map.name}`,
  );
}

/** Where the model keeps the root of the kernel's tables: the first page of RAM, where the image usually lies. */
function kernel_image(machine: Machine, page_size: number): number {
  const shown = (machine.iomem ?? []).find((e) => e.depth === 0 && e.name === 'System RAM' && e.end > 0);
  return Math.ceil((shown?.start ?? ram_start(machine)) / page_size) * page_size;
}

/** What strtobool() takes. */
const BOOLEAN = /^([yY1nN0]|on|off|On|Off|ON|OFF)/;

/** rodata=full is the default, also for a word that is none. Where on means full (7.1.5), noalias and off let the linear map be blocks; before, on and off did. */
function rodata_full(words: readonly string[], on_is_full: boolean): boolean {
  const rodata = last_value(words, 'rodata') ?? '';
  return on_is_full ? rodata !== 'off' && rodata !== 'noalias' : !BOOLEAN.test(rodata);
}

function zone_names(machine: Machine, release: Release): readonly string[] {
  const seen = [...new Set((machine.zones ?? []).map((zone) => zone.name))];
  return seen.includes('Normal') && seen.includes('Movable')
    ? seen
    : [...release.constants.zones[machine.arch], 'Device'];
}

/**
 * What is fixed once this release has booted on this machine.
 * @throws ImpossibleMachine when no such kernel could have been built or booted
 */
export function configure(machine: Machine, release: Release, options: BuildOptions = {}): Config {
  const { arch, page_size } = machine;
  if (!PAGE_SIZES[arch].includes(page_size))
    throw new ImpossibleMachine(`${arch} has no pages of ${page_size} bytes`);
  const words = cmdline_words(machine.cmdline ?? '');
  const va_bits = machine.va_bits ?? 48;
  if (!VA_BITS[arch][page_size]!.includes(va_bits)) {
    throw new ImpossibleMachine(`${arch} with pages of ${page_size} bytes has no ${va_bits}-bit addresses`);
  }
  const constants = release.constants;
  if (arch === 'arm64' && !constants.LPA2 && !without_lpa2(page_size, va_bits)) {
    throw new ImpossibleMachine(
      `${release.name} has no 52-bit addresses with pages of ${page_size} bytes (LPA2 came with v6.9)`,
    );
  }
  const section_size = 2 ** constants.SECTION_SIZE_BITS[arch](page_size);
  const hypervisor = arch === 'x86_64';
  const block_size =
    machine.block_size ??
    (arch === 'arm64' ? section_size : probe_memory_block_size(section_size, ram_end(machine), hypervisor));
  if (block_size % section_size !== 0) {
    throw new ImpossibleMachine(
      `${release.name} on ${arch} has sections of 0x${section_size.toString(16)}: a memory block cannot be 0x${block_size.toString(16)}`,
    );
  }
  const largest = arch === 'arm64' ? section_size : MAX_X86_BLOCK_SIZE;
  if (block_size > largest) {
    throw new ImpossibleMachine(
      `${arch} has no memory blocks of 0x${block_size.toString(16)}: at most 0x${largest.toString(16)}`,
    );
  }
  const zones = zone_names(machine, release);
  const physmem_bits = max_physmem_bits(arch, page_size, va_bits);
  const end = ram_end(machine);
  if (end > 2 ** Math.min(physmem_bits, 52)) {
    throw new ImpossibleMachine(`RAM ends at 0x${end.toString(16)}, past the 2^${physmem_bits} of ${arch}`);
  }
  const t = translation(arch, page_size, va_bits);
  const map = possible_layout(t, release, options.layout);
  if (release.constants.disjoint_layout) must_be_disjoint(t, map, release);
  const mappable_range = linear_range(machine, section_size, map, physmem_bits);
  if (arch === 'arm64' && end > mappable_range.end + 1) {
    throw new ImpossibleMachine(
      `RAM ends at 0x${end.toString(16)}: the linear map of layout ${map.name} holds 0x${mappable_range.start.toString(16)}-0x${mappable_range.end.toString(16)}`,
    );
  }
  // CONFIG_RODATA_FULL_DEFAULT_ENABLED
  const full = arch === 'arm64' && rodata_full(words, release.constants.rodata_on_is_full);
  const debug_pagealloc = words.includes('debug_pagealloc=on');
  const memmap_on_memory =
    last_value(words, 'memory_hotplug.memmap_on_memory') ?? machine.params?.memmap_on_memory;
  return {
    arch,
    PAGE_SHIFT: Math.log2(page_size),
    PAGE_SIZE: page_size,
    SECTION_SIZE: section_size,
    PAGES_PER_SECTION: section_size / page_size,
    PAGES_PER_SUBSECTION: SUBSECTION_SIZE / page_size,
    SECTIONS_PER_ROOT: page_size / SIZEOF_MEM_SECTION,
    MAX_PHYSMEM_BITS: physmem_bits,
    sections_per_block: block_size / section_size,
    memory_block_size_bytes: block_size,
    pageblock_nr_pages: 2 ** pmd_order(page_size),
    MAX_ORDER: max_order(page_size),
    PMD_SIZE: pmd_size(page_size),
    huge_page_orders: huge_page_orders(arch, page_size),
    zones,
    ZONE_NORMAL: zones.indexOf('Normal'),
    ZONE_MOVABLE: zones.indexOf('Movable'),
    ZONE_DEVICE: zones.indexOf('Device'),
    MAX_NUMNODES: arch === 'arm64' ? 16 : 1024,
    ARCH_KEEP_MEMBLOCK: constants.ARCH_KEEP_MEMBLOCK[arch],
    INIT_MEMBLOCK_REGIONS: options.init_memblock_regions ?? 128,
    FIRMWARE_MEMMAP: arch === 'x86_64',
    memblock_columns: constants.memblock_columns === 'range nid flags',
    parameters: constants.memory_hotplug_parameters,
    DEBUG_VM: machine.debug_vm ?? false,
    DEBUG_VM_PGFLAGS: options.debug_vm_pgflags ?? machine.debug_vm ?? false,
    pat_enabled: arch === 'x86_64' && !words.includes('nopat'),
    hypervisor: machine.hypervisor ?? null,
    mappable_range,
    t,
    layout: map,
    PAGE_OFFSET: map.PAGE_OFFSET,
    PAGE_END: map.PAGE_END,
    VMEMMAP_START: map.VMEMMAP_START,
    VMEMMAP_END: map.VMEMMAP_END,
    swapper_pg_dir: machine.tables?.linear.root ?? kernel_image(machine, page_size),
    pgprot: constants.pgprot,
    ptdump: constants.ptdump,
    debug_pagealloc,
    page_ext: arch === 'arm64' && words.includes('page_owner=on'),
    PTDUMP_DEBUGFS: options.ptdump_debugfs ?? true,
    rodata_full: full,
    can_set_direct_map: full || (arch === 'arm64' && debug_pagealloc),
    pgtable_alloc_may_fail: constants.pgtable_alloc_may_fail,
    movable_node: words.includes('movable_node'),
    memmap_on_memory: constants.MHP_MEMMAP_ON_MEMORY && TRUE.test((memmap_on_memory ?? '').trim()),
    dyndbg: dyndbg_files(words),
  };
}
