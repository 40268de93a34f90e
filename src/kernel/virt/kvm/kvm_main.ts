import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { PG_dirty } from '../../mm/page.ts';

/** virt/kvm/kvm_main.c: pages whose references KVM does not count and that it does not mark dirty. */

export const v5_2 = {
  *kvm_is_reserved_pfn(this: Kernel, pfn: number): Steps<boolean> {
    if (yield* this.pfn_valid(pfn)) return yield* this.PageReserved(pfn, 'kvm_is_reserved_pfn');
    return true;
  },

  /** True if a reference is dropped. */
  *kvm_release_pfn_clean(this: Kernel, pfn: number): Steps<boolean> {
    return !(yield* this.kvm_is_reserved_pfn(pfn));
  },

  *kvm_set_pfn_dirty(this: Kernel, pfn: number): Steps<void> {
    if (yield* this.kvm_is_reserved_pfn(pfn)) return;
    if (!(yield* this.PageReserved(pfn, 'kvm_set_pfn_dirty')))
      yield* this.$set_page_flag(pfn, 1, PG_dirty, 'kvm_set_pfn_dirty');
  },
};

export const v5_4 = {
  /** Device pages are counted like any others, and so is the zero page (a78986aae9b2, read in 5.4.214). */
  *kvm_is_reserved_pfn(this: Kernel, pfn: number): Steps<boolean> {
    if (!(yield* this.pfn_valid(pfn))) return true;
    if (!(yield* this.PageReserved(pfn, 'kvm_is_reserved_pfn'))) return false;
    if (yield* this.is_zero_pfn(pfn)) return false;
    return !(yield* this.kvm_is_zone_device_pfn(pfn));
  },

  /** The reference count about which it warns always exists: the model's device pages are in use. */
  *kvm_is_zone_device_pfn(this: Kernel, pfn: number): Steps<boolean> {
    return (yield* this.pfn_valid(pfn)) && (yield* this.is_zone_device_page(pfn));
  },

  *kvm_set_pfn_dirty(this: Kernel, pfn: number): Steps<void> {
    if ((yield* this.kvm_is_reserved_pfn(pfn)) || (yield* this.kvm_is_zone_device_pfn(pfn))) return;
    yield* this.$set_page_flag(pfn, 1, PG_dirty, 'kvm_set_pfn_dirty');
  },
};

export const pg_reserved = {
  *kvm_is_reserved_pfn(this: Kernel, pfn: number): Steps<boolean> {
    if ((yield* this.pfn_to_online_page(pfn)) === null) return true;
    return yield* this.PageReserved(pfn, 'kvm_is_reserved_pfn');
  },
};
