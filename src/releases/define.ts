import type { LayoutFamily } from '../geometry/layouts.ts';
import type { Arch } from '../geometry/sizes.ts';
import type { Config, Pgprot } from '../kernel/config.ts';
import type { Kernel, KernelFunctions, MemoryNotifier } from '../kernel/kernel.ts';
import { page_ext_callback } from '../kernel/mm/page_ext.ts';
import { ERRNO } from '../steps/errno.ts';
import { NEEDS_HOTREMOVE, WITHOUT_HOTREMOVE } from './without-hotremove.ts';

/** The functions that a release replaces, by kernel name. */
export type Functions = Partial<KernelFunctions>;

/** The numbers that differ between releases on one architecture. */
export interface ReleaseConstants {
  readonly SECTION_SIZE_BITS: Readonly<Record<Arch, (pageSize: number) => number>>;
  /** Zone names before ZONE_DEVICE, by architecture. */
  readonly zones: Readonly<Record<Arch, readonly string[]>>;
  readonly ARCH_KEEP_MEMBLOCK: Readonly<Record<Arch, boolean>>;
  /** ARCH_ENABLE_MEMORY_HOTREMOVE: arm64 from v5.7 on (bbd6ec605c0f). */
  readonly MEMORY_HOTREMOVE: Readonly<Record<Arch, boolean>>;
  /** Whether pfn_valid() is the architecture's: arm64's asks memblock, until v5.15. */
  readonly HAVE_ARCH_PFN_VALID: Readonly<Record<Arch, boolean>>;
  /** Format of a line of debugfs memblock. */
  readonly memblock_columns: 'range' | 'range nid flags';
  readonly MHP_MEMMAP_ON_MEMORY: boolean;
  /** Whether memory_hotplug.memmap_on_memory may be `force` (2d1f649c7c08, v6.6). */
  readonly MEMMAP_ON_MEMORY_FORCE: boolean;
  /** Whether kstrtobool() takes `enable` and `disable`: v6.14 does not, v6.17 does. */
  readonly KSTRTOBOOL_ENABLE: boolean;
  /** x86: whether mem= also bounds hot-added memory: until v5.5. */
  readonly mem_limits_hotplug: boolean;
  /** Whether kernelcore=mirror is ignored on a machine without mirrored memory: 6.12 does, 6.1 does not. */
  readonly ignores_missing_mirror: boolean;
  /**
   * Whose number decides how many threads share the work of hugepages=: nodes with memory (v6.9), processors (v6.15);
   * null for one thread.
   */
  readonly hugepages_threads: 'nodes' | 'cpus' | null;
  /** Whether memblock has given the struct pages when gigantic pages of hugepages= are allocated. */
  readonly memmap_before_hugetlb: boolean;
  /** x86: whether large bare metal has memory blocks of 2 GiB wherever its RAM ends (fe124c95df9e, v5.9). */
  readonly bare_metal_blocks: boolean;
  /** x86: whether the alignment of CXL windows bounds the size of memory blocks: 6.12 no, 7.2 yes. */
  readonly windows_advise_block_size: boolean;
  /**
   * arm64: whether memblock's static array of memory has room for eight times INIT_MEMBLOCK_REGIONS (CONFIG_EFI;
   * arch/arm64/include/asm/memory.h: 5.10.262 no, 6.1.192 yes).
   */
  readonly many_memory_regions: boolean;
  /** Whether memblock marks what a driver has added, and does not merge it with other memory: 5.10.262 no, 6.1.192 yes. */
  readonly memblock_driver_managed: boolean;
  /** arm64: the default of CONFIG_NR_CPUS. */
  readonly NR_CPUS: number;
  /** arm64: 52-bit addresses with 4K and 16K pages (v6.9+). */
  readonly LPA2: boolean;
  /**
   * How struct pages of holes in boot sections are initialised (src/boot/memory/holes.ts). `zone`: with the zone next to them,
   * and PG_reserved. Otherwise holes in a zone are initialised like RAM, and holes outside of all zones get node 0 and
   * the first zone, with PG_reserved (`reserved`) or zeroed (`zeroed`).
   */
  readonly holes: 'zone' | 'reserved' | 'zeroed';
  /** arm64: layout of the kernel's addresses (src/geometry/layouts.ts). */
  readonly layout: LayoutFamily;
  /** arm64: the release whose kernel_page_tables format this one uses. */
  readonly ptdump: string;
  /** arm64: bits of kernel mappings. */
  readonly pgprot: Pgprot;
  /** arm64: whether rodata=on also protects the linear alias, as full did before. */
  readonly rodata_on_is_full: boolean;
  /** arm64: whether a missing table page is -ENOMEM instead of a BUG. */
  readonly pgtable_alloc_may_fail: boolean;
  /** arm64: whether rodata=off has the root of the kernel's tables written at its place. */
  readonly rodata_is_rw?: boolean;
  /** arm64: whether mapping keeps tables, and leaves without the contiguous hint. */
  readonly mapping_keeps_entries?: boolean;
  /** arm64: whether flush_tlb_kernel_range() rounds to whole pages. */
  readonly flush_rounds_to_pages?: boolean;
  /** arm64: whether the kernel cannot be built if vmalloc and vmemmap share a table other than the root. */
  readonly disjoint_layout?: boolean;
  /** Whether memory may be added by sub-sections (v5.3); device memory takes whole sections otherwise. */
  readonly subsections: boolean;
  /** Names of the files below /sys/module/memory_hotplug/parameters. */
  readonly memory_hotplug_parameters: readonly string[];
}

export interface ReleaseDefinition {
  readonly name: string;
  /** The release on which this one is based; absent only for the first. */
  readonly base?: Release;
  /** A description in one line: the source tree that was read. */
  readonly about: string;
  readonly functions?: Functions;
  readonly arch?: Readonly<Partial<Record<Arch, Functions>>>;
  readonly constants?: Partial<ReleaseConstants>;
  readonly memory_chain?: Readonly<Partial<Record<Arch, readonly MemoryNotifier[]>>>;
}

/** A release is a table of functions: its base's functions, some of them replaced by its own. */
export interface Release {
  readonly name: string;
  readonly about: string;
  readonly base: string | null;
  readonly constants: ReleaseConstants;
  /** The names that this release itself replaces. */
  readonly own: readonly string[];
  functions(arch: Arch): KernelFunctions;
  memory_chain(arch: Arch): readonly MemoryNotifier[];
  /** The kernel that goes on where this release has booted: the kernel's own C in place of some functions. */
  booted?(k: Kernel): Kernel;
}

/**
 * Defines a release by the functions it replaces. Architecture functions take precedence over generic ones.
 * @throws Error if neither the base nor the definition gives the constants of a kernel
 */
export function defineRelease(definition: ReleaseDefinition): Release {
  const { base } = definition;
  const constants = { ...base?.constants, ...definition.constants } as ReleaseConstants;
  if (!constants.zones) throw new Error(`release ${definition.name}: no base and no constants`);
  // made when first needed: a run needs few of the releases
  let generic: Functions | undefined;
  const made = new Map<Arch, KernelFunctions>();
  const release: LayeredRelease = {
    name: definition.name,
    about: definition.about,
    base: base?.name ?? null,
    constants,
    own: [
      ...new Set([definition.functions ?? {}, ...Object.values(definition.arch ?? {})].flatMap(Object.keys)),
    ],
    get generic() {
      generic ??= layer(definition, 'generic');
      return generic;
    },
    specific: (arch) => layer(definition, arch),
    functions: (arch) => {
      const all = made.get(arch) ?? ({ ...release.generic, ...layer(definition, arch) } as KernelFunctions);
      made.set(arch, all);
      return all;
    },
    memory_chain: (arch) => definition.memory_chain?.[arch] ?? base?.memory_chain(arch) ?? [],
  };
  return release;
}

interface LayeredRelease extends Release {
  readonly generic: Functions;
  specific(arch: Arch): Functions;
}

function layer(definition: ReleaseDefinition, which: 'generic' | Arch): Functions {
  const base = definition.base as LayeredRelease | undefined;
  if (which === 'generic') return { ...base?.generic, ...definition.functions };
  return { ...base?.specific(which), ...definition.arch?.[which] };
}

/** A kernel of this release on a machine with this configuration. */
export function makeKernel(release: Release, config: Config): Kernel {
  const functions = { ...release.functions(config.arch) };
  if (!config.MEMORY_HOTREMOVE) {
    Object.assign(functions, WITHOUT_HOTREMOVE);
    for (const name of NEEDS_HOTREMOVE) Reflect.deleteProperty(functions, name);
  }
  return Object.freeze({
    ...functions,
    c: Object.freeze(config),
    errno: ERRNO,
    alone: false,
    release: release.name,
    memory_chain: [...release.memory_chain(config.arch), ...(config.page_ext ? [page_ext_callback] : [])],
  });
}
