/** arch/arm64/include/asm/fixmap.h: slots for table pages. FIX_PGD is set_swapper_pgd's own. */
export const FIX = { PTE: 0, PMD: 1, PUD: 2, P4D: 3 } as const;
