import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';

/** drivers/vfio/vfio_iommu_type1.c: pfns that are pinned without a reference. */

const WHERE = 'is_invalid_reserved_pfn';

export const v5_2 = {
  /**
   * The head page decides. The kernel checks the tail again if the hugepage was split meanwhile, which does not happen
   * here.
   */
  *is_invalid_reserved_pfn(this: Kernel, pfn: number): Steps<boolean> {
    if (!(yield* this.pfn_valid(pfn))) return true;
    return yield* this.PageReserved(yield* this.compound_head(pfn, WHERE), WHERE);
  },
};

export const v5_5 = {
  /** PG_reserved is never set on part of a compound page, so the page itself is tested. */
  *is_invalid_reserved_pfn(this: Kernel, pfn: number): Steps<boolean> {
    if (!(yield* this.pfn_valid(pfn))) return true;
    return yield* this.PageReserved(pfn, WHERE);
  },
};

export const pg_reserved = {
  *is_invalid_reserved_pfn(this: Kernel, pfn: number): Steps<boolean> {
    if ((yield* this.pfn_to_online_page(pfn)) === null) return true;
    return yield* this.PageReserved(pfn, WHERE);
  },
};
