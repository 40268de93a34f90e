/**
 * Functions that the kernel has renamed or split, and that have one name in the model: the names in C by the model's. A
 * warning names the model's, as scenarios do.
 */
const NAMES: Readonly<Record<string, string>> = {
  // mm/vmalloc.c since v5.13; lib/ioremap.c before
  vmap_pte_range: 'ioremap_pte_range',
  vmap_range_noflush: 'ioremap_page_range',
  __vunmap_range_noflush: 'vunmap_page_range',
};

export const modelName = (c: string): string => NAMES[c] ?? c;
