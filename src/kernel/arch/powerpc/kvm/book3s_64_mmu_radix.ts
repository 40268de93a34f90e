import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';

/** arch/powerpc/kvm/book3s_64_mmu_radix.c */

export const v5_2 = {
  /** On the slow path: returns the pfn whose struct page is afterwards marked dirty and put, -1 for none. */
  *kvmppc_book3s_instantiate_page(this: Kernel, pfn: number): Steps<number> {
    if (!(yield* this.pfn_valid(pfn))) return -1;
    return (yield* this.PageReserved(pfn, 'kvmppc_book3s_instantiate_page')) ? -1 : pfn;
  },
};

export const pg_reserved = {
  *kvmppc_book3s_instantiate_page(this: Kernel, pfn: number): Steps<number> {
    if ((yield* this.pfn_to_online_page(pfn)) === null) return -1;
    return (yield* this.PageReserved(pfn, 'kvmppc_book3s_instantiate_page')) ? -1 : pfn;
  },
};

export const pg_reserved_zone_device = {
  *kvmppc_book3s_instantiate_page(this: Kernel, pfn: number): Steps<number> {
    if (!(yield* this.pfn_valid(pfn)) || (yield* this.is_zone_device_page(pfn))) return -1;
    return (yield* this.PageReserved(pfn, 'kvmppc_book3s_instantiate_page')) ? -1 : pfn;
  },
};
