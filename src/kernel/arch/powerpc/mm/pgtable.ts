import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';

/** arch/powerpc/mm/pgtable.c */

export const v5_2 = {
  /** The page whose caches a new user mapping must keep coherent, -1 for none. */
  *maybe_pte_to_page(this: Kernel, pfn: number): Steps<number> {
    if (!(yield* this.pfn_valid(pfn))) return -1;
    return (yield* this.PageReserved(pfn, 'maybe_pte_to_page')) ? -1 : pfn;
  },
};

export const pg_reserved = {
  *maybe_pte_to_page(this: Kernel, pfn: number): Steps<number> {
    if ((yield* this.pfn_to_online_page(pfn)) === null) return -1;
    return (yield* this.PageReserved(pfn, 'maybe_pte_to_page')) ? -1 : pfn;
  },
};

export const pg_reserved_zone_device = {
  *maybe_pte_to_page(this: Kernel, pfn: number): Steps<number> {
    if (!(yield* this.pfn_valid(pfn)) || (yield* this.is_zone_device_page(pfn))) return -1;
    return (yield* this.PageReserved(pfn, 'maybe_pte_to_page')) ? -1 : pfn;
  },
};
