import { ImpossibleMachine } from '../errors/impossible-machine.ts';
import { BadLayout, customLayout, type Layout } from '../geometry/layout.ts';
import { layout } from '../geometry/layouts.ts';
import { hugePageOrders } from '../geometry/memmap.ts';
import { sharedTables } from '../geometry/shared-tables.ts';
import type { Arch } from '../geometry/sizes.ts';
import {
  MAX_X86_BLOCK_SIZE,
  maxOrder,
  maxPhysmemBits,
  memstartAlign,
  PAGE_SIZES,
  pmdOrder,
  pmdSize,
  VA_BITS,
  withoutLpa2,
} from '../geometry/sizes.ts';
import { NoSuchGeometry, type Translation, translation, vaText } from '../geometry/translation.ts';
import { kernel_pgprot } from '../kernel/arch/x86/include/asm/pgtable_types.ts';
import { MASK_1G, MASK_2M } from '../kernel/arch/x86/mm/init.ts';
import { probe_memory_block_size } from '../kernel/arch/x86/mm/init_64/arch_add_memory.ts';
import { type Config, SIZEOF_MEM_SECTION, SUBSECTION_SIZE } from '../kernel/config.ts';
import { memparse } from '../kernel/lib/cmdline.ts';
import { kstrtobool } from '../kernel/lib/kstrtox.ts';
import type { KernelOptions } from '../machines/kernel-options.ts';
import type { Machine } from '../machines/machine.ts';
import { parseSize } from '../machines/text/size.ts';
import type { Release } from '../releases/define.ts';
import { cmdlineWords, valueIn } from './options/cmdline-words.ts';
import { memoryHotplugParameters } from './options/parameters.ts';

/** acpi_parse_cfmws(): the power of two to which all CXL windows are aligned, in bytes; 0 without windows. */
function windowAlignment({ cxl }: Machine): number {
  let least = 0;
  for (const { start, size } of cxl?.windows ?? []) {
    const bits = BigInt(start) | BigInt(start + size);
    const align = Number(bits & -bits);
    if (align >= 2 ** 28) least = least === 0 ? align : Math.min(least, align);
  }
  return least;
}

/** Source files for which dynamic debug is switched on by dyndbg="file mm/x.c +p; …". */
function dyndbgFiles(words: readonly string[]): string[] {
  const value = words.find((word) => word.startsWith('dyndbg='))?.slice('dyndbg='.length) ?? '';
  return [...value.matchAll(/file\s+(\S+)\s+\+p/g)].map((match) => match[1]!);
}

const lastValue = (words: readonly string[], name: string): string | undefined =>
  words.findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);

/** default_hugepagesz=, if the processor has such pages, else a PMD. */
function defaultHugepageOrder(words: readonly string[], arch: Arch, pageSize: number): number {
  const orders = hugePageOrders(arch, pageSize);
  const size = parseSize(lastValue(words, 'default_hugepagesz') ?? '');
  return orders.find((order) => 2 ** order * pageSize === size) ?? orders[0]!;
}

const ramOf = (machine: Machine): readonly { start: number; size: number }[] => {
  if (machine.memblock)
    return machine.memblock.memory.map((r) => ({ start: r.start, size: r.end - r.start + 1 }));
  if (machine.ram) return machine.ram;
  return (machine.iomem ?? [])
    .filter((entry) => entry.depth === 0 && entry.name.startsWith('System RAM') && entry.end > 0)
    .map((entry) => ({ start: entry.start, size: entry.end - entry.start + 1 }));
};

/** The end of boot memory, which determines the size of an x86 memory block. */
const ramEnd = (machine: Machine): number => Math.max(0, ...ramOf(machine).map((r) => r.start + r.size));

/** The start of the lowest RAM in the firmware's map, NOMAP included: memblock_start_of_DRAM. */
const ramStart = (machine: Machine): number => {
  const starts = ramOf(machine).map((r) => r.start);
  return starts.length ? Math.min(...starts) : 0;
};

function linearRange(machine: Machine, sectionSize: number, map: Layout, physmemBits: number) {
  const maxPhys = 2 ** Math.min(physmemBits, 52) - 1;
  if (machine.arch === 'x86_64') return { start: 0, end: maxPhys };
  const align = memstartAlign(machine.page_size, sectionSize);
  const memstart = Math.floor((machine.memstart_addr ?? ramStart(machine)) / align) * align;
  return { start: memstart, end: Math.min(memstart + map.PAGE_END - map.PAGE_OFFSET - 1, maxPhys) };
}

/** Build and boot options besides the machine's own. */
export interface BuildOptions {
  /** Kernel addresses that replace the release's own: the real ones hide some races (docs/campaign.md). */
  readonly layout?: Layout;
  /** Without kernel_page_tables arm64 has huge vmaps. Built in by default. */
  readonly ptdump_debugfs?: boolean;
  /** CONFIG_DEBUG_VM_PGFLAGS. By default on if CONFIG_DEBUG_VM is on. */
  readonly debug_vm_pgflags?: boolean;
  /** Whoever uses a struct page before it is initialised is stopped. By default it uses what is there. */
  readonly report_uninitialised?: boolean;
  /** INIT_MEMBLOCK_REGIONS, from which the sizes of memblock's static arrays follow; 128 in every release. */
  readonly init_memblock_regions?: number;
}

/** @throws ImpossibleMachine if this release cannot be built with that shape */
function possibleLayout(t: Translation, release: Release, custom: Layout | undefined): Layout {
  try {
    return custom ? customLayout(t, custom.regions, custom.name) : layout(t, release.constants.layout);
  } catch (error) {
    if (!(error instanceof NoSuchGeometry || error instanceof BadLayout)) throw error;
    throw new ImpossibleMachine(`${release.name}: ${error.message}`);
  }
}

/** @throws ImpossibleMachine if vmalloc and vmemmap share a table other than the root */
function mustBeDisjoint(t: Translation, map: Layout, release: Release): void {
  const shared = sharedTables(t, map).find(
    ({ below, above }) => [below, above].includes('vmalloc') && [below, above].includes('vmemmap'),
  );
  if (!shared) return;
  throw new ImpossibleMachine(
    `${release.name}: ${shared.below} and ${shared.above} share a ${shared.level} table (${vaText(shared.start)}-${vaText(shared.end)}) in layout ${map.name}`,
  );
}

/**
 * Where the model keeps the root of the kernel's tables: the first page of RAM, where the image usually lies. x86: the
 * first page of all, which is never RAM; where no map says so, the last page of the RAM below 4G.
 */
function kernelImage(machine: Machine, pageSize: number): number {
  if (machine.arch === 'x86_64') {
    if (machine.iomem) return 0;
    const low = ramOf(machine).filter(({ start }) => start < 2 ** 32);
    const end = Math.max(pageSize, ...low.map(({ start, size }) => Math.min(start + size, 2 ** 32)));
    return Math.floor(end / pageSize) * pageSize - pageSize;
  }
  const shown = (machine.iomem ?? []).find((e) => e.depth === 0 && e.name === 'System RAM' && e.end > 0);
  return Math.ceil((shown?.start ?? ramStart(machine)) / pageSize) * pageSize;
}

/** The words that strtobool() accepts. */
const BOOLEAN = /^([yY1nN0]|on|off|On|Off|ON|OFF)/;

/**
 * rodata=full and nothing else, or an invalid word, where the build has full as its default. Where `on` means full
 * (7.2.13), `noalias` and `off` let the linear map consist of blocks; before, `on` and `off` did.
 */
function rodataFull(words: readonly string[], onIsFull: boolean, byDefault: boolean): boolean {
  const rodata = lastValue(words, 'rodata') ?? '';
  if (onIsFull) return rodata !== 'off' && rodata !== 'noalias';
  return rodata === 'full' || (byDefault && !BOOLEAN.test(rodata));
}

/**
 * arm64: KFENCE without a pool of the boot may be started later, and has to be able to change the mapping of any page
 * (arm64_kfence_can_set_direct_map()).
 */
function mayHavePool(words: readonly string[], built: KernelOptions): boolean {
  const interval = lastValue(words, 'kfence.sample_interval');
  const early = interval === undefined ? (built.KFENCE_SAMPLE_INTERVAL ?? 100) : Number(interval);
  return (built.KFENCE ?? false) && early === 0;
}

/** x86: the end of the memory that mem= allows, where that holds for hot-added memory, too. */
function memLimit(machine: Machine, words: readonly string[], limitsHotplug: boolean): number {
  const limit = memparse(lastValue(words, 'mem') ?? '').value;
  return machine.arch === 'x86_64' && limitsHotplug && limit > 0 ? limit : Number.POSITIVE_INFINITY;
}

/** x86: whether page table isolation is on. By default it depends on the processor: one that does not need it is assumed. */
const isIsolated = (words: readonly string[]): boolean => lastValue(words, 'pti') === 'on';

/** x86: every processor is assumed to have leaves of 1G. */
function pageSizeMask(words: readonly string[], debugPagealloc: boolean): number {
  if (debugPagealloc) return 0;
  const gb = words.findLast((word) => word === 'gbpages' || word === 'nogbpages') !== 'nogbpages';
  return MASK_2M | (gb ? MASK_1G : 0);
}

const hotremove = ({ arch, config }: Machine, { constants }: Release): boolean =>
  constants.MEMORY_HOTREMOVE[arch] && (config?.MEMORY_HOTREMOVE ?? true);

function zoneNames(machine: Machine, release: Release): readonly string[] {
  const seen = [...new Set((machine.zones ?? []).map((zone) => zone.name))];
  return seen.includes('Normal') && seen.includes('Movable')
    ? seen
    : [
        ...release.constants.zones[machine.arch],
        ...(hotremove(machine, release) && machine.config?.ZONE_DEVICE !== false ? ['Device'] : []),
      ];
}

/**
 * The configuration that is fixed once this release has booted on this machine.
 * @throws ImpossibleMachine when no such kernel could have been built or booted
 */
export function configure(machine: Machine, release: Release, options: BuildOptions = {}): Config {
  const { arch, page_size } = machine;
  if (!PAGE_SIZES[arch].includes(page_size))
    throw new ImpossibleMachine(`${arch} has no pages of ${page_size} bytes`);
  const words = cmdlineWords(machine.cmdline ?? '');
  const vaBits = machine.va_bits ?? 48;
  if (!VA_BITS[arch][page_size]!.includes(vaBits)) {
    throw new ImpossibleMachine(`${arch} with pages of ${page_size} bytes has no ${vaBits}-bit addresses`);
  }
  const constants = release.constants;
  if (arch === 'arm64' && !constants.LPA2 && !withoutLpa2(page_size, vaBits)) {
    throw new ImpossibleMachine(
      `${release.name} has no 52-bit addresses with pages of ${page_size} bytes (LPA2 came with v6.9)`,
    );
  }
  const sectionSize = 2 ** constants.SECTION_SIZE_BITS[arch](page_size);
  const built = machine.config ?? {};
  const bare = machine.guest === false && constants.bare_metal_blocks;
  const blockSize =
    machine.block_size ??
    (arch === 'arm64'
      ? sectionSize
      : probe_memory_block_size(
          sectionSize,
          ramEnd(machine),
          bare,
          constants.windows_advise_block_size ? windowAlignment(machine) : 0,
        ));
  if (blockSize % sectionSize !== 0) {
    throw new ImpossibleMachine(
      `${release.name} on ${arch} has sections of 0x${sectionSize.toString(16)}: a memory block cannot be 0x${blockSize.toString(16)}`,
    );
  }
  const largest = arch === 'arm64' ? sectionSize : MAX_X86_BLOCK_SIZE;
  if (blockSize > largest) {
    throw new ImpossibleMachine(
      `${arch} has no memory blocks of 0x${blockSize.toString(16)}: at most 0x${largest.toString(16)}`,
    );
  }
  const zones = zoneNames(machine, release);
  const physmemBits = maxPhysmemBits(arch, page_size, vaBits);
  const end = ramEnd(machine);
  if (end > 2 ** Math.min(physmemBits, 52)) {
    throw new ImpossibleMachine(`RAM ends at 0x${end.toString(16)}, past the 2^${physmemBits} of ${arch}`);
  }
  const t = translation(arch, page_size, vaBits);
  const map = possibleLayout(t, release, options.layout);
  if (release.constants.disjoint_layout) mustBeDisjoint(t, map, release);
  const mappableRange = linearRange(machine, sectionSize, map, physmemBits);
  if (arch === 'arm64' && end > mappableRange.end + 1) {
    throw new ImpossibleMachine(
      `RAM ends at 0x${end.toString(16)}: the linear map of layout ${map.name} holds 0x${mappableRange.start.toString(16)}-0x${mappableRange.end.toString(16)}`,
    );
  }
  const full =
    arch === 'arm64' &&
    rodataFull(words, constants.rodata_on_is_full, built.RODATA_FULL_DEFAULT_ENABLED ?? true);
  const memblockRegions = options.init_memblock_regions ?? 128;
  const efi = arch === 'arm64'; // CONFIG_EFI and CONFIG_ARM_GIC_V3_ITS, which distributions set
  const debugPagealloc = kstrtobool(valueIn(words, 'debug_pagealloc') ?? '', constants) === true;
  const mayBeOnMemory = constants.MHP_MEMMAP_ON_MEMORY && (built.MHP_MEMMAP_ON_MEMORY ?? true);
  const onMemory = (
    memoryHotplugParameters(words, constants).values.memmap_on_memory ??
    machine.params?.memmap_on_memory ??
    'N'
  ).trim();
  const forced = constants.MEMMAP_ON_MEMORY_FORCE && onMemory === 'force';
  return {
    arch,
    PAGE_SHIFT: Math.log2(page_size),
    PAGE_SIZE: page_size,
    SECTION_SIZE: sectionSize,
    PAGES_PER_SECTION: sectionSize / page_size,
    PAGES_PER_SUBSECTION: SUBSECTION_SIZE / page_size,
    subsections: constants.subsections,
    SECTIONS_PER_ROOT: page_size / SIZEOF_MEM_SECTION,
    MAX_PHYSMEM_BITS: physmemBits,
    sections_per_block: blockSize / sectionSize,
    memory_block_size_bytes: blockSize,
    pageblock_nr_pages: 2 ** pmdOrder(page_size),
    MAX_ORDER: maxOrder(page_size),
    PMD_SIZE: pmdSize(page_size),
    huge_page_orders: hugePageOrders(arch, page_size),
    zones,
    ARCH_MEMORY_PROBE: built.ARCH_MEMORY_PROBE ?? false,
    MEMORY_HOTREMOVE: hotremove(machine, release),
    ZONE_NORMAL: zones.indexOf('Normal'),
    ZONE_MOVABLE: zones.indexOf('Movable'),
    ZONE_DEVICE: zones.indexOf('Device'),
    many_nodes: (machine.nodes?.length ?? new Set(machine.ram?.map(({ nid }) => nid)).size) > 1,
    MAX_NUMNODES: 2 ** (built.NODES_SHIFT ?? (arch === 'arm64' ? 4 : 10)),
    ARCH_KEEP_MEMBLOCK: constants.ARCH_KEEP_MEMBLOCK[arch],
    INIT_MEMBLOCK_MEMORY_REGIONS: memblockRegions * (efi && constants.many_memory_regions ? 8 : 1),
    INIT_MEMBLOCK_RESERVED_REGIONS: memblockRegions + (efi ? constants.NR_CPUS + 1 : 0),
    FIRMWARE_MEMMAP: arch === 'x86_64',
    memblock_columns: constants.memblock_columns === 'range nid flags',
    KSTRTOBOOL_ENABLE: constants.KSTRTOBOOL_ENABLE,
    parameters: constants.memory_hotplug_parameters.filter(
      (name) => name !== 'memmap_on_memory' || mayBeOnMemory,
    ),
    ACPI_HOTPLUG_MEMORY: (built.ACPI_HOTPLUG_MEMORY ?? true) && !words.includes('acpi_no_memhotplug'),
    DEBUG_VM: built.DEBUG_VM ?? false,
    DEBUG_VM_PGFLAGS: options.debug_vm_pgflags ?? built.DEBUG_VM_PGFLAGS ?? built.DEBUG_VM ?? false,
    report_uninitialised: options.report_uninitialised ?? false,
    pat_enabled: arch === 'x86_64' && !words.includes('nopat'),
    hypervisor: machine.hypervisor ?? null,
    mappable_range: mappableRange,
    t,
    layout: map,
    PAGE_OFFSET: map.PAGE_OFFSET,
    PAGE_END: map.PAGE_END,
    VMEMMAP_START: map.VMEMMAP_START,
    VMEMMAP_END: map.VMEMMAP_END,
    swapper_pg_dir: machine.tables?.linear.root ?? kernelImage(machine, page_size),
    pgprot: arch === 'arm64' ? constants.pgprot : kernel_pgprot(isIsolated(words)),
    ptdump: constants.ptdump,
    debug_pagealloc: debugPagealloc,
    page_size_mask: arch === 'x86_64' ? pageSizeMask(words, debugPagealloc) : 0,
    page_ext: arch === 'arm64' && words.includes('page_owner=on'),
    PTDUMP_DEBUGFS: options.ptdump_debugfs ?? built.PTDUMP_DEBUGFS ?? true,
    rodata_full: full,
    can_set_direct_map: full || (arch === 'arm64' && (debugPagealloc || mayHavePool(words, built))),
    rodata_is_rw: (constants.rodata_is_rw ?? false) && lastValue(words, 'rodata') === 'off',
    mapping_keeps_entries: constants.mapping_keeps_entries ?? false,
    flush_rounds_to_pages: constants.flush_rounds_to_pages ?? false,
    pgtable_alloc_may_fail: constants.pgtable_alloc_may_fail,
    movable_node: words.includes('movable_node'),
    memmap_on_memory: mayBeOnMemory && (forced || kstrtobool(onMemory, constants) === true),
    memmap_on_memory_force: mayBeOnMemory && forced,
    default_hugepage_order: defaultHugepageOrder(words, arch, page_size),
    max_mem_size: memLimit(machine, words, constants.mem_limits_hotplug),
    dyndbg: dyndbgFiles(words),
  };
}
