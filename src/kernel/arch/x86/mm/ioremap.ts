import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';

/** arch/x86/mm/ioremap.c: RAM may not be ioremapped, except reserved pages in it. */

export const v5_2 = {
  /** If the range contains an ordinary page of System RAM, ioremap is refused. */
  *__ioremap_check_ram(this: Kernel, start_pfn: number, nr_pages: number): Steps<boolean> {
    for (const ram of yield* this.walk_system_ram_range(start_pfn, nr_pages)) {
      for (let pfn = ram.start_pfn; pfn < ram.start_pfn + ram.nr_pages; pfn++) {
        if (yield* this.$ioremap_ordinary(pfn)) return true;
      }
    }
    return false;
  },

  *$ioremap_ordinary(this: Kernel, pfn: number): Steps<boolean> {
    if (!(yield* this.pfn_valid(pfn))) return false;
    return !(yield* this.PageReserved(pfn, '__ioremap_check_ram'));
  },
};

/** Every processor is assumed to have leaves of 1G. */
export const huge = {
  *arch_ioremap_pud_supported(this: Kernel): Steps<boolean> {
    return true;
  },
  *arch_ioremap_pmd_supported(this: Kernel): Steps<boolean> {
    return true;
  },
};

export const pg_reserved = {
  /** Offline memory may be remapped: nothing in its memmap forbids it. */
  *$ioremap_ordinary(this: Kernel, pfn: number): Steps<boolean> {
    if ((yield* this.pfn_to_online_page(pfn)) === null) return false;
    return !(yield* this.PageReserved(pfn, '__ioremap_check_ram'));
  },
};

export const pg_reserved_zone_device = {
  *$ioremap_ordinary(this: Kernel, pfn: number): Steps<boolean> {
    if (!(yield* this.pfn_valid(pfn)) || (yield* this.is_zone_device_page(pfn))) return false;
    return !(yield* this.PageReserved(pfn, '__ioremap_check_ram'));
  },
};
