import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { PFN_PHYS } from '../../../pfn.ts';

/** arch/x86/kvm/mmu.c: whether the guest gets a page as MMIO, that is, uncached. */

const SYSTEM_RAM = 'System RAM';

function* no_firmware_ram(k: Kernel, pfn: number): Steps<boolean> {
  return !(yield* k.e820__mapped_raw_any(PFN_PHYS(k.c, pfn), PFN_PHYS(k.c, pfn + 1) - 1, SYSTEM_RAM));
}

function* host_uncached(k: Kernel, pfn: number): Steps<boolean> {
  return !k.c.pat_enabled || (yield* k.pat_pfn_immune_to_uc_mtrr(pfn));
}

export const v5_2 = {
  *kvm_is_mmio_pfn(this: Kernel, pfn: number): Steps<boolean> {
    if (!(yield* this.pfn_valid(pfn))) return yield* no_firmware_ram(this, pfn);
    if (yield* this.is_zero_pfn(pfn)) return false;
    if (!(yield* this.PageReserved(pfn, 'kvm_is_mmio_pfn'))) return false;
    return yield* host_uncached(this, pfn);
  },
};

export const pg_reserved = {
  /** The memory type is only checked for pages that are not online (B87). */
  *kvm_is_mmio_pfn(this: Kernel, pfn: number): Steps<boolean> {
    if ((yield* this.pfn_to_online_page(pfn)) !== null) {
      if (yield* this.is_zero_pfn(pfn)) return false;
      return yield* this.PageReserved(pfn, 'kvm_is_mmio_pfn');
    }
    if (yield* this.pfn_valid(pfn)) return yield* host_uncached(this, pfn);
    return yield* no_firmware_ram(this, pfn);
  },
};

export const B87_cure = {
  /** The memory type is checked for every page with a memmap, as before. */
  *kvm_is_mmio_pfn(this: Kernel, pfn: number): Steps<boolean> {
    if (!(yield* pg_reserved.kvm_is_mmio_pfn.call(this, pfn))) return false;
    return !(yield* this.pfn_valid(pfn)) || (yield* host_uncached(this, pfn));
  },
};
