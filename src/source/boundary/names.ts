import { type Bundle, isBefore } from '../bundle.ts';

/** Until v5.12: functions of mm/vmalloc.c and mm/ioremap.c that have another name in the model. */
const UNTIL_5_12: Readonly<Record<string, string>> = {
  map_kernel_range_noflush: 'vmap_page_range_noflush',
  unmap_kernel_range_noflush: 'vunmap_page_range',
};

/** Since v5.13, all of mm/vmalloc.c: vmap_pte_range() is of ioremap() from then on. */
const SINCE_5_13: Readonly<Record<string, string>> = {
  vmap_pte_range: 'ioremap_pte_range',
  vmap_range_noflush: 'ioremap_page_range',
  vmap_pages_pte_range: 'vmap_pte_range',
  vmap_small_pages_range_noflush: 'vmap_page_range_noflush',
  __vunmap_range_noflush: 'vunmap_page_range',
};

/** Parts of functions that the model does not split. */
const PART_OF: Readonly<Record<string, string>> = {
  clear_subsection_map: 'section_deactivate',
  pageunmap_range: 'memunmap_pages',
};

/**
 * The model's name of a function that the kernel has renamed or split, and that has one name in the model. A warning
 * names the model's, as scenarios do.
 */
export const modelName = (c: string, bundle: Bundle): string =>
  (isBefore(bundle, 5, 13) ? UNTIL_5_12 : SINCE_5_13)[c] ?? PART_OF[c] ?? c;
