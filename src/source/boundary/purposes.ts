import type { LevelName } from '../../geometry/translation.ts';

/**
 * What a page is for that the C allocates: the table of a level, or struct pages. The allocator is not told, but who
 * asks for it decides: the first of the running functions, from the innermost on, that is listed here.
 */
export const PURPOSES: Readonly<Record<string, LevelName | 'memmap' | 'copy'>> = {
  // arch/x86/mm/pgtable.c, until v6.12: a copy of the table that is to go
  pud_free_pmd_page: 'copy',
  // arch/x86/mm/init_64.c, with four levels
  phys_pmd_init: 'PTE',
  phys_pud_init: 'PMD',
  __kernel_physical_mapping_init: 'PUD',
  // arch/arm64/mm/mmu.c
  alloc_init_cont_pte: 'PTE',
  alloc_init_cont_pmd: 'PMD',
  alloc_init_pud: 'PUD',
  alloc_init_p4d: 'P4D',
  // mm/sparse-vmemmap.c
  vmemmap_alloc_block_buf: 'memmap',
  vmemmap_pmd_populate: 'PTE',
  vmemmap_pud_populate: 'PMD',
  vmemmap_p4d_populate: 'PUD',
  vmemmap_pgd_populate: 'P4D',
};

/** The same for pages that the C frees. */
export const FREED: Readonly<Record<string, 'table' | 'memmap'>> = {
  // arch/x86/mm/init_64.c
  free_pte_table: 'table',
  free_pmd_table: 'table',
  free_pud_table: 'table',
  free_hugepage_table: 'memmap',
  // arch/x86/mm/pgtable.c
  pmd_free_pte_page: 'table',
  pud_free_pmd_page: 'table',
  // 7.2.13
  free_vmemmap_pages: 'memmap',
  free_hotplug_pgtable_page: 'table',
  pte_free_kernel: 'table',
  pmd_free: 'table',
  unmap_hotplug_pte_range: 'memmap',
  unmap_hotplug_pmd_range: 'memmap',
  unmap_hotplug_pud_range: 'memmap',
  // x86-64, and V5 of arm64 memory hot-remove
  remove_pte_table: 'memmap',
  remove_pmd_table: 'memmap',
  remove_pud_table: 'memmap',
};

/** The entry of the first function of a chain that has one. */
export function firstOf<T>(table: Readonly<Record<string, T>>, chain: readonly string[]): T | undefined {
  const fn = chain.find((name) => Object.hasOwn(table, name));
  return fn === undefined ? undefined : table[fn];
}
