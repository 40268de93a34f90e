/**
 * Functions of the bundle that C does not call directly. The call goes to the model's kernel, which runs the C of that
 * name or, if it is not to come from C, its own function, and keeps which struct pages there are. pfn_valid(), which
 * vmap() asks of pages that all have struct pages, is one step.
 */
export const RUN_BY_THE_KERNEL: ReadonlySet<string> = new Set([
  'vmemmap_populate',
  'vmemmap_free',
  'pfn_valid',
  // looks at all zones and memory groups
  'auto_movable_zone_for_pfn',
  '__add_pages',
  '__remove_pages',
  'sparse_add_section',
  'sparse_remove_section',
]);
