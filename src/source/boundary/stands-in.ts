/**
 * Functions of headers that are externals here, although the compiled files have them: they only keep the page type and
 * the statistics of table pages, or look for the section of a page.
 */
export const STANDS_IN: ReadonlySet<string> = new Set([
  '__pagetable_ctor',
  'pagetable_dtor',
  'ptdesc_pmd_pts_init',
  'pfn_valid',
  'pgtable_pmd_page_dtor',
  'pagetable_pmd_dtor',
  'pagetable_free',
  // inline in 5.10 for x86-64
  '__raw_spin_unlock',
  // arch/x86/mm: ranges that are mapped, which only boot looks at, and the marks of the unused parts of a block of the memmap
  'add_pfn_range_mapped',
  'vmemmap_pmd_is_unused',
  'vmemmap_use_sub_pmd',
  'vmemmap_use_new_sub_pmd',
]);
