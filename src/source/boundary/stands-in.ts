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
]);
