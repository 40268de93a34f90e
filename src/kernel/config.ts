import type { Layout } from '../geometry/layout.ts';
import type { Translation } from '../geometry/translation.ts';

/**
 * What is fixed once a kernel has booted on a machine: geometry, build options, boot parameters. Read without a
 * step, since nothing writes it. Sizes are bytes unless the name says pages.
 */
export interface Config {
  readonly arch: 'arm64' | 'x86_64';
  readonly PAGE_SHIFT: number;
  readonly PAGE_SIZE: number;
  readonly SECTION_SIZE: number;
  readonly PAGES_PER_SECTION: number;
  readonly PAGES_PER_SUBSECTION: number;
  /** Sections of which SPARSEMEM_EXTREME allocates the mem_section at once. */
  readonly SECTIONS_PER_ROOT: number;
  readonly MAX_PHYSMEM_BITS: number;
  readonly sections_per_block: number;
  readonly memory_block_size_bytes: number;
  readonly pageblock_nr_pages: number;
  /** Exclusive maximum of a buddy order. */
  readonly MAX_ORDER: number;
  readonly PMD_SIZE: number;
  /** Orders of the huge pages that the processor has, the one of a PMD first: struct pages name them by place. */
  readonly huge_page_orders: readonly number[];
  /** Zone names in order; a zone's index is its place here. */
  readonly zones: readonly string[];
  readonly ZONE_NORMAL: number;
  readonly ZONE_MOVABLE: number;
  /** -1 when the kernel has no ZONE_DEVICE. */
  readonly ZONE_DEVICE: number;
  /** NODES_SHIFT as a count. */
  readonly MAX_NUMNODES: number;
  readonly ARCH_KEEP_MEMBLOCK: boolean;
  readonly FIRMWARE_MEMMAP: boolean;
  /** Room of the static arrays; INIT_MEMBLOCK_MEMORY_REGIONS of later releases. */
  readonly INIT_MEMBLOCK_REGIONS: number;
  /** debugfs memblock prints node and flags. */
  readonly memblock_columns: boolean;
  /** Names below /sys/module/memory_hotplug/parameters. */
  readonly parameters: readonly string[];
  /** Checks of CONFIG_DEBUG_VM: a poisoned struct page that is read is a BUG. */
  readonly DEBUG_VM: boolean;
  /** CONFIG_DEBUG_VM_PGFLAGS: so is reading one of its flags. Without it the flags of a poisoned page are all ones. */
  readonly DEBUG_VM_PGFLAGS: boolean;
  /** x86: page attribute table in use, that is, no `nopat`. */
  readonly pat_enabled: boolean;
  /** Whose balloon driver has registered an online_page_callback; null for none. */
  readonly hypervisor: 'hyperv' | 'xen' | null;
  /** First and last physical address that the linear map can hold. */
  readonly mappable_range: { readonly start: number; readonly end: number };
  /** Shape of the kernel's tables. */
  readonly t: Translation;
  /** Kernel addresses, as distances from 2^64; an end of 0 is the wrap. */
  readonly PAGE_OFFSET: number;
  readonly PAGE_END: number;
  readonly VMEMMAP_START: number;
  readonly VMEMMAP_END: number;
  readonly layout: Layout;
  /** Physical address of the kernel's root table. */
  readonly swapper_pg_dir: number;
  readonly pgprot: Pgprot;
  /** The release whose kernel_page_tables looks as this kernel's. */
  readonly ptdump: string;
  /** arm64, the default: what the vmalloc region may not write, the linear map may not either. */
  readonly rodata_full: boolean;
  /** arm64: rodata=full or debug_pagealloc: the linear map of hot-added memory is base pages without hints. */
  readonly can_set_direct_map: boolean;
  /** debug_pagealloc=on: unmapping a vmalloc area flushes at once. */
  readonly debug_pagealloc: boolean;
  /** page_owner=on: sections have tables of struct page_ext. arm64 only, for want of vmalloc elsewhere. */
  readonly page_ext: boolean;
  /** kernel_page_tables is built in: then there are no huge vmaps on arm64, for ptdump's sake. */
  readonly PTDUMP_DEBUGFS: boolean;
  /** A missing table page is -ENOMEM and no BUG (v7.1). */
  readonly pgtable_alloc_may_fail: boolean;
  readonly movable_node: boolean;
  /** memory_hotplug.memmap_on_memory. */
  readonly memmap_on_memory: boolean;
  /** Messages of pr_debug and dev_dbg reach the log for these source files (dyndbg). */
  readonly dyndbg: readonly string[];
}

/** Bits of kernel mappings as they stand in a descriptor's attributes, and the MAIR indices among them. */
export interface Pgprot {
  readonly PAGE_KERNEL: number;
  /** A block of struct pages. */
  readonly PROT_SECT_NORMAL: number;
  /** The linear map of hot-added memory: pgprot_mhp(PAGE_KERNEL). */
  readonly MHP: number;
  /** What NO_EXEC_MAPPINGS adds to table entries. */
  readonly TABLE_NOEXEC: number;
  readonly MT_NORMAL: number;
  /** -1 before there was one (v5.10). */
  readonly MT_NORMAL_TAGGED: number;
}

/** Bytes of one struct page on every modelled configuration. */
export const SIZEOF_STRUCT_PAGE = 64;
/** Bytes of one mem_section without CONFIG_PAGE_EXTENSION (include/linux/mmzone.h). */
export const SIZEOF_MEM_SECTION = 16;
/** Bytes of a sub-section (SUBSECTION_SHIFT in include/linux/mmzone.h). */
export const SUBSECTION_SIZE = 2 * 1024 * 1024;
