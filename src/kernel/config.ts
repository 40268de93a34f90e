import type { Layout } from '../geometry/layout.ts';
import type { Translation } from '../geometry/translation.ts';

/**
 * Values that are fixed once a kernel has booted on a machine: geometry, build options, boot parameters. They are read
 * without a step, since nothing writes them. Sizes are in bytes unless the name says pages.
 */
export interface Config {
  readonly arch: 'arm64' | 'x86_64';
  readonly PAGE_SHIFT: number;
  readonly PAGE_SIZE: number;
  readonly SECTION_SIZE: number;
  readonly PAGES_PER_SECTION: number;
  readonly PAGES_PER_SUBSECTION: number;
  /** Memory may be added by sub-sections (v5.3); device memory takes whole sections otherwise. */
  readonly subsections: boolean;
  /** The number of sections whose mem_section SPARSEMEM_EXTREME allocates at once. */
  readonly SECTIONS_PER_ROOT: number;
  readonly MAX_PHYSMEM_BITS: number;
  readonly sections_per_block: number;
  readonly memory_block_size_bytes: number;
  readonly pageblock_nr_pages: number;
  /** Exclusive maximum of a buddy order. */
  readonly MAX_ORDER: number;
  readonly PMD_SIZE: number;
  /** Orders of the processor's huge pages, starting with a PMD's; struct pages store the index in this list. */
  readonly huge_page_orders: readonly number[];
  /** Zone names in order; a zone's index is its position here. */
  readonly zones: readonly string[];
  readonly ZONE_NORMAL: number;
  readonly ZONE_MOVABLE: number;
  /** There is a file memory/probe. */
  readonly ARCH_MEMORY_PROBE: boolean;
  /** Without it memory can be added, and neither taken offline nor removed. */
  readonly MEMORY_HOTREMOVE: boolean;
  /** -1 if the kernel has no ZONE_DEVICE, which depends on MEMORY_HOTREMOVE. */
  readonly ZONE_DEVICE: number;
  /** The machine has more than one node. */
  readonly many_nodes: boolean;
  /** NODES_SHIFT as a count. */
  readonly MAX_NUMNODES: number;
  readonly ARCH_KEEP_MEMBLOCK: boolean;
  readonly FIRMWARE_MEMMAP: boolean;
  /** The sizes of memblock's static arrays. */
  readonly INIT_MEMBLOCK_MEMORY_REGIONS: number;
  readonly INIT_MEMBLOCK_RESERVED_REGIONS: number;
  /** debugfs memblock prints node and flags. */
  readonly memblock_columns: boolean;
  /** Whether kstrtobool() takes `enable` and `disable`. */
  readonly KSTRTOBOOL_ENABLE: boolean;
  /** Names below /sys/module/memory_hotplug/parameters. */
  readonly parameters: readonly string[];
  /** Without it the DIMMs of the firmware's namespace have no driver. acpi_no_memhotplug does the same. */
  readonly ACPI_HOTPLUG_MEMORY: boolean;
  /** CONFIG_DEBUG_VM: reading a poisoned struct page is a BUG. */
  readonly DEBUG_VM: boolean;
  /**
   * CONFIG_DEBUG_VM_PGFLAGS: reading a flag of a poisoned struct page is a BUG as well. Without it the flags of a
   * poisoned page are all ones.
   */
  readonly DEBUG_VM_PGFLAGS: boolean;
  /** The model's own check, in any build: a struct page is initialised when it is used. */
  readonly report_uninitialised: boolean;
  /** x86: page attribute table in use, that is, no `nopat`. */
  readonly pat_enabled: boolean;
  /** The hypervisor whose balloon driver has registered an online_page_callback; null for none. */
  readonly hypervisor: 'hyperv' | 'xen' | null;
  /** The first and last physical address that the linear map can map. */
  readonly mappable_range: { readonly start: number; readonly end: number };
  /** Shape of the kernel's tables. */
  readonly t: Translation;
  /** Kernel addresses, as distances from 2^64; an end of 0 stands for 2^64. */
  readonly PAGE_OFFSET: number;
  readonly PAGE_END: number;
  readonly VMEMMAP_START: number;
  readonly VMEMMAP_END: number;
  readonly layout: Layout;
  /** Physical address of the kernel's root table. */
  readonly swapper_pg_dir: number;
  readonly pgprot: Pgprot;
  /** The release whose kernel_page_tables format this kernel uses. */
  readonly ptdump: string;
  /** arm64, the default: the linear map is read-only where the vmalloc region is. */
  readonly rodata_full: boolean;
  /**
   * arm64: rodata=full or debug_pagealloc: the linear map of hot-added memory consists of base pages without contiguous
   * hints.
   */
  readonly can_set_direct_map: boolean;
  /** debug_pagealloc=on: unmapping a vmalloc area flushes at once. */
  readonly debug_pagealloc: boolean;
  /** x86: which leaves besides base pages the linear map may have; 1 << PG_LEVEL_2M, 1 << PG_LEVEL_1G. */
  readonly page_size_mask: number;
  /** page_owner=on: sections have tables of struct page_ext. arm64 only, because vmalloc is not modelled elsewhere. */
  readonly page_ext: boolean;
  /** kernel_page_tables is built in; arm64 then has no huge vmaps, because ptdump could not walk them safely. */
  readonly PTDUMP_DEBUGFS: boolean;
  /** arm64, rodata=off: the root of the kernel's tables is written at its place. */
  readonly rodata_is_rw: boolean;
  /**
   * arm64: __create_pgd_mapping() leaves tables and leaves without the contiguous hint as they are (7.2.13).
   */
  readonly mapping_keeps_entries: boolean;
  /** arm64: flush_tlb_kernel_range() takes every page of which a part is in the range (7.2.13). */
  readonly flush_rounds_to_pages: boolean;
  /** A missing table page is -ENOMEM instead of a BUG (v7.1). */
  readonly pgtable_alloc_may_fail: boolean;
  readonly movable_node: boolean;
  /** No memory is added that ends above: mem= of x86 until v5.5; Infinity otherwise. */
  readonly max_mem_size: number;
  /** memory_hotplug.memmap_on_memory. */
  readonly memmap_on_memory: boolean;
  /** It is `force`: the memmap of a block may waste memory to fill whole pageblocks (v6.6+). */
  readonly memmap_on_memory_force: boolean;
  /** The order of huge pages that /proc/meminfo counts: default_hugepagesz. */
  readonly default_hugepage_order: number;
  /** Messages of pr_debug and dev_dbg reach the log for these source files (dyndbg). */
  readonly dyndbg: readonly string[];
}

/** Bits of kernel mappings as in a descriptor's attributes, including the MAIR indices. */
export interface Pgprot {
  readonly PAGE_KERNEL: number;
  /** A block of struct pages. */
  readonly PROT_SECT_NORMAL: number;
  /** The linear map of hot-added memory: pgprot_mhp(PAGE_KERNEL). */
  readonly MHP: number;
  /** The bits of every entry for a table of the kernel, besides those that make it one. */
  readonly TABLE: number;
  /** The bits that NO_EXEC_MAPPINGS adds to table entries. */
  readonly TABLE_NOEXEC: number;
  readonly MT_NORMAL: number;
  /** -1 in releases without it (before v5.10). */
  readonly MT_NORMAL_TAGGED: number;
}

/** Bytes of one struct page on every modelled configuration. */
export const SIZEOF_STRUCT_PAGE = 64;
/** Bytes of one mem_section without CONFIG_PAGE_EXTENSION (include/linux/mmzone.h). */
export const SIZEOF_MEM_SECTION = 16;
/** Bytes of a sub-section (SUBSECTION_SHIFT in include/linux/mmzone.h). */
export const SUBSECTION_SIZE = 2 * 1024 * 1024;
