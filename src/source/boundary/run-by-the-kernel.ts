/**
 * Functions that the kernel runs if C calls them: the C of the same name once more, unless it is not to come from C, and
 * around it the model keeps which struct pages there are. pfn_valid() is asked by vmap() about pages that all have
 * struct pages: one step.
 */
export const RUN_BY_THE_KERNEL: ReadonlySet<string> = new Set([
  'vmemmap_populate',
  'vmemmap_free',
  'pfn_valid',
]);
