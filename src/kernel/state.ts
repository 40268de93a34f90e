import type { LevelName } from '../geometry/translation.ts';
import { Runs } from '../hardware/memory/runs.ts';
import type { Mmu } from '../hardware/mmu.ts';
import type { Value } from '../steps/step.ts';
import type { vmem_altmap } from './kernel.ts';
import type { Page } from './mm/page.ts';
import { NO_PAGE } from './mm/page.ts';

/**
 * The shared state of a kernel: tables of plain objects named by table and key, and a few structures that are protected
 * as a whole. Field names are the kernel's. Objects refer to each other only by key, so a copy of the state is a copy
 * of its data.
 */

export const MEM_ONLINE = 1;
export const MEM_GOING_OFFLINE = 2;
export const MEM_OFFLINE = 4;
export const MEM_GOING_ONLINE = 8;
export const MEM_CANCEL_ONLINE = 16;
export const MEM_CANCEL_OFFLINE = 32;

export const MMOP_OFFLINE = 0;
export const MMOP_ONLINE = 1;
export const MMOP_ONLINE_KERNEL = 2;
export const MMOP_ONLINE_MOVABLE = 3;

export const NUMA_NO_NODE = -1;

/** Bits of section_mem_map (include/linux/mmzone.h). */
export const SECTION_MARKED_PRESENT = 1;
export const SECTION_HAS_MEM_MAP = 2;
export const SECTION_IS_ONLINE = 4;
export const SECTION_IS_EARLY = 8;
export const SECTION_TAINT_ZONE_DEVICE = 16;

/** The kernel's global variables; one object, key 0. */
export interface Vars {
  mhp_default_online_type: number;
  online_policy: number;
  auto_movable_ratio: number;
  auto_movable_numa_aware: boolean;
  max_pfn: number;
  policy_zone: number;
  system_state: 'booting' | 'running';
  totalram_pages: number;
  /** /proc/meminfo HardwareCorrupted, in pages. */
  num_poisoned_pages: number;
  /** /proc/vmstat nr_memmap_pages; below 0 if more was counted off than on (B120). */
  nr_memmap_pages: number;
  /** Memory block devices of which a look-up holds a reference, by block id, one for each reference. */
  block_references: readonly number[];
  next_mgid: number;
  /** Armed by notifier-error-inject: action → errno (negative), 0 or absent if not armed. */
  notifier_error: Readonly<Record<string, number>>;
  /** Armed by fault injection: allocation site → number of allocations that will fail. */
  fail_alloc: Readonly<Record<string, number>>;
  /** The number of allocations at a site that still succeed before those fail. */
  fail_after: Readonly<Record<string, number>>;
  nr_vmemmap_pages: number;
  /** NR_PAGETABLE, as counted by the constructors and destructors of the kernel's own tables. */
  nr_page_table_pages: number;
  /** Places of WARN_ON_ONCE that have fired. */
  warned: readonly string[];
  /** Number of the next directory in /sys/firmware/memmap. */
  map_entries_nr: number;
  /** The instances that the driver kmem was told to take, whether they exist or not. */
  kmem_ids: readonly string[];
  /** The same of the driver device_dax. */
  device_dax_ids: readonly string[];
}

export interface pglist_data {
  node_id: number;
  node_start_pfn: number;
  node_spanned_pages: number;
  node_present_pages: number;
  /** node_states[N_ONLINE], [N_MEMORY], [N_NORMAL_MEMORY]. */
  online: boolean;
  n_memory: boolean;
  n_normal_memory: boolean;
  /** Whether the node device exists in sysfs. */
  registered: boolean;
  cpus: readonly number[];
  distance: readonly number[];
  /** The links nodeN/memoryX that exist in sysfs, by block id. */
  links: Runs<boolean>;
  /** The number of memory blocks whose nid is this node. */
  nr_blocks: number;
}

/** Key: nid * 8 + zone index. */
export interface zone {
  name: string;
  zone_start_pfn: number;
  spanned_pages: number;
  present_pages: number;
  present_early_pages: number;
  managed_pages: number;
  cma_pages: number;
  nr_isolate_pageblock: number;
  /** span_seqlock: odd while a writer is inside. */
  span_seq: number;
  /** The number of pages on the lists of all CPUs; and whether zone_pcp_disable() keeps the lists empty. */
  pcp_count: number;
  pcp_disabled: boolean;
}

export interface mem_section {
  section_mem_map: number;
  /**
   * One bit per sub-section, 32 per word; null if usage is not allocated, empty while the pointer refers to a freed
   * one. Never modified in place.
   */
  subsection_map: readonly number[] | null;
  nid: number;
}

/**
 * mem_section[root], SPARSEMEM_EXTREME: a page of SECTIONS_PER_ROOT sections, all zero until they are added; never
 * freed.
 */
export interface mem_section_root {
  /** The node for which the first of them was added. */
  readonly nid: number;
}

export interface memory_block {
  start_section_nr: number;
  /** v5.2..v5.4: sections of the block that are present. */
  section_count: number;
  state: number;
  online_type: number;
  nid: number;
  /** v5.15+: key of the zone, -1 for NULL. */
  zone: number;
  /** Key of its memory group, 0 for NULL. */
  group: number;
  nr_vmemmap_pages: number;
  nr_hwpoison: number;
  /** struct device. */
  offline: boolean;
  /** Links memoryX/nodeN that exist in sysfs. */
  links: readonly number[];
}

/** v5.15+. */
export interface memory_group {
  nid: number;
  is_dynamic: boolean;
  /** Pages: s.max_pages or d.unit_pages. */
  pages: number;
  present_kernel_pages: number;
  present_movable_pages: number;
  nr_blocks: number;
}

/** struct dev_pagemap with its one range; `end` is inclusive as in struct range. */
export interface dev_pagemap {
  readonly type: 'fs_dax' | 'generic' | 'private';
  readonly start: number;
  readonly end: number;
  readonly nid: number;
  /** The struct pages lie in the range itself. */
  readonly altmap: vmem_altmap | null;
  /** The order of its compound pages (since v5.17), which device-dax chooses. */
  vmemmap_shift: number;
  /** Whether it is in pgmap_array. */
  mapped: boolean;
}

/** An info block on the medium, 4K into a namespace. */
export interface nd_pfn_sb {
  /** The offset of the namespace in the region when the block was written. */
  readonly at: number;
  readonly signature: nd_pfn['kind'];
  /** That of the instance for which it was written. */
  readonly uuid: string;
  readonly mode: 'ram' | 'pmem';
  readonly align: number;
  readonly dataoff: number;
  readonly start_pad: number;
  readonly end_trunc: number;
  readonly npfns: number;
  /** The uuid of the namespace for which it was written. */
  readonly parent_uuid: string;
  /** PAGE_SIZE of the kernel that wrote it; absent before version 1.4 (v5.4). */
  readonly page_size?: number;
}

/** A label in the label area of the NVDIMM: it defines a namespace and survives boots. */
export interface nd_label {
  readonly uuid: string;
  readonly offset: number;
  readonly size: number;
}

/** A region of an NVDIMM; key: its number. */
export interface nd_region {
  start: number;
  readonly size: number;
  readonly nid: number;
  readonly target_node: number;
  align: number;
  enabled: boolean;
  /** ND_REGION_PAGEMAP, carved out of RAM by memmap=nn!ss: a raw namespace gets struct pages as well. */
  readonly pagemap: boolean;
  /** Number of its NVDIMM, nmemN. */
  readonly nmem: number;
  /** Whether the NVDIMM can hold labels. */
  readonly label_area: boolean;
  /** Null if the label area was never initialised: one namespace then spans the region. */
  labels: readonly nd_label[] | null;
  /** The info blocks on the medium. */
  media: readonly nd_pfn_sb[];
  /** The id of the namespace to be configured next; -1 for none. */
  ns_seed: number;
  /** Keys of the instances to be configured next; -1 for none. */
  btt_seed: number;
  pfn_seed: number;
  dax_seed: number;
}

/** Key: nd_namespace_key. */
export interface nd_namespace {
  readonly region: number;
  readonly id: number;
  /** nd_namespace_io: it has no label. */
  readonly io: boolean;
  /** The offset from the start of the region. */
  offset: number;
  size: number;
  /** '' for none. */
  uuid: string;
  force_raw: boolean;
  claim_class: 'none' | nd_pfn['kind'];
  /** Key of the instance that claims it; -1 for none. */
  claim: number;
  /** Whether nd_pmem is bound to it. */
  bound: boolean;
  /** Key of its dev_pagemap, 0 for none. */
  pgmap: number;
}

/** An instance that gives a namespace a personality: struct nd_pfn, nd_dax or nd_btt. Key: nd_pfn_key. */
export interface nd_pfn {
  readonly region: number;
  readonly kind: 'pfn' | 'dax' | 'btt';
  readonly id: number;
  mode: 'none' | 'ram' | 'pmem';
  align: number;
  /** '' for none. */
  uuid: string;
  /** Key of the namespace that it claims; -1 for none. */
  ndns: number;
  pfn_sb: nd_pfn_sb | null;
  /** Whether it is a device of the bus; until then it has no driver's name in messages. */
  registered: boolean;
  /** Whether nd_pmem or dax_pmem is bound to it. */
  bound: boolean;
  /** Key of its dev_pagemap, 0 for none. */
  pgmap: number;
}

export interface dev_dax_range {
  readonly start: number;
  readonly size: number;
}

/** A device-dax instance; key: that of its namespace. */
export interface dev_dax {
  readonly name: string;
  /** Its parts of the region, in the order of its pages; none before it has a size. */
  ranges: readonly dev_dax_range[];
  readonly align: number;
  readonly target_node: number;
  driver: 'none' | 'device_dax' | 'kmem';
  /** Keys of its dev_pagemaps, one for each range; none before device_dax makes them, but on a namespace. */
  pgmaps: readonly number[];
  /** kmem: the memory group, -1 for none; and whether the resource of each range exists. */
  mgid: number;
  res: readonly boolean[];
  /** IORESOURCE_DAX_KMEM of its region: kmem takes it, unless device_dax is given its id. */
  readonly kmem: boolean;
  /** Struct pages may lie on the memory itself when it becomes system RAM. */
  readonly memmap_on_memory: boolean;
}

/** A platform device "hmem" for memory that the firmware reserves for a purpose of its own. */
export interface hmem {
  readonly start: number;
  readonly size: number;
  readonly target_node: number;
}

/** The root decoder of a CXL window (CFMWS). */
export interface cxl_root_decoder {
  readonly start: number;
  readonly size: number;
  readonly target_node: number;
  readonly interleave_ways: number;
  readonly interleave_granularity: number;
}

/** A CXL region; size 0 until it has a place in its window. */
export interface cxl_region {
  readonly cxlrd: number;
  readonly mode: 'ram' | 'pmem';
  readonly interleave_ways: number;
  readonly interleave_granularity: number;
  start: number;
  size: number;
}

/** A virtio-mem device, and what its driver knows of it while it is bound. */
export interface virtio_mem {
  readonly addr: number;
  readonly region_size: number;
  readonly nid: number;
  readonly device_block_size: number;
  /** What the host asks for. */
  requested_size: number;
  /** What the device has plugged, with or without a driver. */
  plugged_size: number;
  /** Whether the driver is bound. */
  bound: boolean;
  /** Sub-block mode, else big block mode. */
  in_sbm: boolean;
  sb_size: number;
  /** The amount added to the kernel at once: a memory block or a big block. */
  unit_size: number;
  /** Its memory group, -1 before v5.15. */
  mgid: number;
  /** By number of the sub-block, counted from physical address 0. */
  readonly plugged: Runs<boolean>;
  /** The units that the driver has added to the kernel, by sub-block: others may add memory in the region. */
  readonly added: Runs<boolean>;
}

export interface acpi_physical_node {
  readonly block: number;
  put_online: boolean;
}

/** A memory device (PNP0C80) and acpi_memhotplug's data on it. */
export interface acpi_device {
  /** The device name, "PNP0C80:00". */
  name: string;
  start: number;
  length: number;
  /** Proximity domain as a node id, -1 when the device has no _PXM. */
  node: number;
  mgid: number;
  /** Whether the driver is bound. */
  attached: boolean;
  enabled: boolean;
  physical_node_list: readonly acpi_physical_node[];
}

export interface memblock_region {
  readonly base: number;
  readonly size: number;
  readonly nid: number;
  readonly flags: number;
}

export interface memblock_type {
  /** Exactly cnt regions. */
  regions: readonly memblock_region[];
  /** The slots after the last region that have been written; kept if other threads may read in between. */
  past: readonly memblock_region[];
  /** The capacity of the array. */
  max: number;
  /** Whether kmalloc() allocated the array: memblock_memory_in_slab, memblock_reserved_in_slab. */
  in_slab: boolean;
  /** The arrays before it, the oldest first, null when freed; kept if other threads may read in between. */
  outgrown: readonly (readonly memblock_region[] | null)[];
}

export const IORESOURCE_MEM = 1;
export const IORESOURCE_BUSY = 2;
const IORESOURCE_SYSRAM = 4;
export const IORESOURCE_SYSRAM_DRIVER_MANAGED = 8;
export const IORESOURCE_SYSRAM_MERGEABLE = 16;
export const IORESOURCE_SYSTEM_RAM = IORESOURCE_MEM | IORESOURCE_SYSRAM;

/** A node of the resource tree; `end` is inclusive as in the kernel, children are ascending and disjoint. */
export interface resource {
  name: string;
  start: number;
  end: number;
  flags: number;
  children: resource[];
}

/** /sys/firmware/memmap; `end` is inclusive as the file shows it. */
export interface firmware_map_entry {
  /** The name of its directory: increases, never reused. */
  readonly id: number;
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

/** include/linux/vmalloc.h: flags of an area. */
export const VM = { IOREMAP: 1, ALLOC: 2, MAP: 4, FLUSH_RESET_PERMS: 0x100 } as const;

/** struct vm_struct: the contents of an area of the vmalloc region. */
export interface vm_struct {
  /** Of {@link VM}. */
  readonly flags: number;
  /** The pages that vmalloc() allocated for it, as runs; vmap() and ioremap() own none. */
  readonly pages: readonly { readonly pfn: number; readonly nr_pages: number }[];
}

/** struct vmap_area. Addresses are distances from 2^64; the guard page is included. */
export interface vmap_area {
  readonly va_start: number;
  readonly va_end: number;
  /**
   * Null once it is unmapped: the area is then on the purge list, and its addresses are not free yet (VM_LAZY_FREE).
   */
  readonly vm: vm_struct | null;
}

/** x86 memory types as PAT tracks them (enum page_cache_mode). */
export const PCM = { NONE: -1, WB: 0, WC: 1, UC_MINUS: 2, UC: 3, WT: 4 } as const;

/**
 * struct rcu_head: the object that embeds it, and the name of the kernel function that the object will be passed to. Null:
 * the object is a usage, by the number of its section, and is freed.
 */
export interface rcu_head {
  readonly head: Value;
  readonly func: string | null;
}

/**
 * struct hv_hotadd_state: memory that the Hyper-V host has announced; the host backs only the covered part. Pfns, ends
 * exclusive.
 */
export interface hv_hotadd_state {
  readonly start_pfn: number;
  readonly end_pfn: number;
  readonly covered_start_pfn: number;
  readonly covered_end_pfn: number;
}

/** A table of struct page_ext; key: its section. Written in one step. */
export interface page_ext {
  /** The first page of a table from the buddy; -1 for one from vmalloc. */
  readonly pfn: number;
  readonly nr_pages: number;
  /** The address of a table from vmalloc; 0 for one from the buddy. */
  readonly addr: number;
}

/** struct hstate: the pools of one size; key: the order of its pages. Arrays are by node, never modified in place. */
export interface hstate {
  nr_huge_pages: number;
  free_huge_pages: number;
  surplus_huge_pages: number;
  /** Reserved for mappings that have not been touched. */
  resv_huge_pages: number;
  max_huge_pages: number;
  nr_huge_pages_node: readonly number[];
  free_huge_pages_node: readonly number[];
  surplus_huge_pages_node: readonly number[];
  next_nid_to_alloc: number;
  next_nid_to_free: number;
  /** The order of the pages into which `demote` divides; 0 if there is no smaller size. */
  demote_order: number;
}

export const new_hstate = (demote_order = 0): hstate => ({
  nr_huge_pages: 0,
  free_huge_pages: 0,
  surplus_huge_pages: 0,
  resv_huge_pages: 0,
  max_huge_pages: 0,
  nr_huge_pages_node: [],
  free_huge_pages_node: [],
  surplus_huge_pages_node: [],
  next_nid_to_alloc: 0,
  next_nid_to_free: 0,
  demote_order,
});

/** The entry of a program's page table for one page of its addresses; key: the number of that page. */
export interface user_pte {
  pfn: number;
  /** It is a migration entry. */
  migration: boolean;
}

/** What refers to a page of a program besides its mappings; key: its pfn. */
export interface user_page {
  readonly refs: number;
}

/** An array of pages that get_user_pages() has filled, by the name that a thread gave it. */
export interface page_array {
  readonly pfns: readonly number[];
}

/** struct compact_control; key: its zone. */
export interface compact_control {
  /** The pages that have been isolated. */
  migratepages: readonly number[];
}

/** The root of a process of x86-64: the entries of the kernel's half that are present, by index, ascending. */
export interface pgd {
  /** The number of the process; 1 was there when the machine had booted. */
  readonly mm: number;
  readonly entries: readonly { readonly index: number; readonly addr: number; readonly attr: number }[];
}

/** Objects accessed by table and key. */
export interface Tables {
  vars: Vars;
  pgdat: pglist_data;
  zone: zone;
  mem_section: mem_section;
  mem_section_root: mem_section_root;
  memory_block: memory_block;
  memory_group: memory_group;
  acpi_device: acpi_device;
  memblock_type: memblock_type;
  dev_pagemap: dev_pagemap;
  nd_region: nd_region;
  nd_namespace: nd_namespace;
  nd_pfn: nd_pfn;
  dev_dax: dev_dax;
  hmem: hmem;
  cxl_root_decoder: cxl_root_decoder;
  cxl_region: cxl_region;
  virtio_mem: virtio_mem;
  hstate: hstate;
  page_ext: page_ext;
  design: Design;
  user_pte: user_pte;
  user_page: user_page;
  page_array: page_array;
  compact_control: compact_control;
}

/** An object of a user's design, with fields of its own. */
export type Design = Record<string, Value>;

export type State = { readonly [T in keyof Tables]: Map<number, Tables[T]> } & {
  /** One entry per pfn that has a struct page. */
  readonly pages: Runs<Page>;
  readonly iomem_resource: resource;
  firmware_map: readonly firmware_map_entry[];
  /** Page tables and the translations that processors may hold; null before boot has made them. */
  mmu: Mmu | null;
  /** The physical page that each fixmap slot for table pages maps, by slot; 0 for none. */
  fixmap: readonly number[];
  /** vmap_area_root, by address. Addresses outside all areas are free. */
  vmap_areas: readonly vmap_area[];
  /** vmap_purge_list: va_start of unmapped areas, the last one first. */
  vmap_purge_list: readonly number[];
  /** The number of pages in the areas on it. */
  vmap_lazy_nr: number;
  /** Table pages allocated from and freed to the page allocator, by level. */
  table_pages: TablePageCounts;
  /** The level of each page that is a table, by pfn; the model's own, for these counts. */
  readonly table_level: Runs<LevelName | null>;
  /** x86-64: how many more struct pages of device memory share a page of memmap, by its pfn (get_page). */
  readonly vmemmap_refs: Runs<number>;
  /** x86-64, once it has booted: the roots of processes. */
  pgd_list?: readonly pgd[];
  /** x86-64: pages that a removal of tables has freed and not flushed yet; the model's own, for its monitors (B12b, B42b). */
  readonly unflushed: Runs<boolean>;
  /** memtype_rbroot: memory types of what is not System RAM, by pfn. */
  readonly memtype_rbroot: Runs<number>;
  /** The firmware's map at boot; hot-added memory is never added to it. */
  e820_table_firmware: readonly firmware_map_entry[];
  /** The pfn of the zero page; -1 if the model does not place it. */
  zero_pfn: number;
  /** dm_device.ha_region_list of hv_balloon. */
  ha_region_list: readonly hv_hotadd_state[];
  /** What was passed to call_rcu() and kfree_rcu() and waits for a grace period, the first first. */
  rcu_callbacks: readonly rcu_head[];
};

export type TablePageCounts = {
  readonly allocated: Readonly<Partial<Record<LevelName, number>>>;
  readonly freed: Readonly<Partial<Record<LevelName, number>>>;
};

export const nd_namespace_key = (region: number, id: number): number => region * 1024 + id;
export const nd_pfn_key = (region: number, kind: nd_pfn['kind'], id: number): number =>
  (region * 3 + ['pfn', 'dax', 'btt'].indexOf(kind)) * 1024 + id;

export const ZONES_PER_NODE = 8;

/** In place of a zone_key(), of pages that no zone spans any more. */
export const NO_ZONE = -1;

export const zone_key = (nid: number, index: number): number => nid * ZONES_PER_NODE + index;
export const zone_idx = (key: number): number => key % ZONES_PER_NODE;
export const zone_to_nid = (key: number): number => Math.floor(key / ZONES_PER_NODE);

export const MEMBLOCK_MEMORY = 0;
export const MEMBLOCK_RESERVED = 1;

export function empty_state(): State {
  return {
    vars: new Map(),
    pgdat: new Map(),
    zone: new Map(),
    mem_section: new Map(),
    mem_section_root: new Map(),
    memory_block: new Map(),
    memory_group: new Map(),
    acpi_device: new Map(),
    memblock_type: new Map(),
    dev_pagemap: new Map(),
    nd_region: new Map(),
    nd_namespace: new Map(),
    nd_pfn: new Map(),
    dev_dax: new Map(),
    hmem: new Map(),
    cxl_root_decoder: new Map(),
    cxl_region: new Map(),
    virtio_mem: new Map(),
    hstate: new Map(),
    page_ext: new Map(),
    design: new Map(),
    user_pte: new Map(),
    user_page: new Map(),
    page_array: new Map(),
    compact_control: new Map(),
    pages: new Runs<Page>(NO_PAGE),
    iomem_resource: {
      name: 'PCI mem',
      start: 0,
      end: Number.MAX_SAFE_INTEGER,
      flags: IORESOURCE_MEM,
      children: [],
    },
    firmware_map: [],
    mmu: null,
    fixmap: [0, 0, 0, 0],
    vmap_areas: [],
    vmap_purge_list: [],
    vmap_lazy_nr: 0,
    table_pages: { allocated: {}, freed: {} },
    table_level: new Runs<LevelName | null>(null),
    vmemmap_refs: new Runs<number>(0),
    unflushed: new Runs<boolean>(false),
    memtype_rbroot: new Runs<number>(PCM.NONE),
    e820_table_firmware: [],
    zero_pfn: -1,
    ha_region_list: [],
    rcu_callbacks: [],
  };
}
