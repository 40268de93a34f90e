/** The forms of tear-down whose functions are mutated, and their files. */

export interface Form {
  /** Name of the form in reports and in the names of mutants. */
  readonly name: string;
  /** The release of the form. */
  readonly release: string;
  readonly about: string;
  /** Only functions that the named release does not have; absent: all functions. */
  readonly beyond?: string;
}

export const forms: readonly Form[] = [
  { name: 'arm64-v5', release: 'arm64-v5', about: 'V5 of arm64 memory hot-remove, May 2019' },
  { name: 'arm64-v6', release: 'arm64-v6', about: 'V6 of arm64 memory hot-remove, June 2019' },
  { name: 'v5.7', release: 'v5.7', about: 'bbd6ec605c0f, "arm64/mm: Enable memory hot remove"' },
  { name: 'v6.1', release: 'v6.1', about: 'upstream with the leaves of the linear map flushed last' },
  { name: 'v7.2', release: 'v7.2', about: 'only the functions that v7.2 adds to v6.1', beyond: 'v6.1' },
];

/** The functions with which a tear-down begins; v7.2 first checks the range. */
export const ROOTS: readonly string[] = [
  'arch_remove_memory',
  'depopulate_section_memmap',
  'free_map_bootmem',
  '__remove_pgd_mapping',
  'can_unmap_without_split',
];

/** Functions in other files are called, but not mutated. */
export const FILES: readonly string[] = [
  'arch/arm64/include/asm/fixmap',
  'arch/arm64/include/asm/pgtable',
  'arch/arm64/include/asm/tlbflush',
  'arch/arm64/mm/mmu/arch_add_memory',
  'arch/arm64/mm/mmu/free_empty_tables',
  'arch/arm64/mm/mmu/free_hotplug',
  'arch/arm64/mm/mmu/hotunplug',
  'arch/arm64/mm/mmu/hotunplug_v5',
  'arch/arm64/mm/mmu/set_swapper_pgd',
  'arch/arm64/mm/mmu/split_leaf',
  'arch/arm64/mm/mmu/unmap_hotplug_range',
  'arch/arm64/mm/mmu/vmemmap',
  'include/linux/mm/pagetable',
  'mm/sparse-vmemmap/section_memmap',
].map((name) => `src/kernel/${name}.ts`);

/** Helpers that take steps; a mutation of such a step changes the call. */
export const STEPS: readonly string[] = ['READ_ONCE', 'WRITE_ONCE', 'XCHG', 'DSB', 'ISB', 'TLBI_VA'];
