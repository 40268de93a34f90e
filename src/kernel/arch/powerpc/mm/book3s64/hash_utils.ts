import type { Steps } from '../../../../../steps/step.ts';
import type { Kernel } from '../../../../kernel.ts';
import { PG_arch_1 } from '../../../../mm/page.ts';

/** arch/powerpc/mm/book3s64/hash_utils.c: the instruction cache is flushed on the first execution. */

/** No execute, in a hash page table entry. */
export const HPTE_R_N = 4;
/** Instruction storage interrupt. */
export const TRAP_ISI = 0x400;

function* lazy_icache(k: Kernel, pp: number, pfn: number, trap: number): Steps<number> {
  if (yield* k.$test_page_flag(pfn, PG_arch_1, 'hash_page_do_lazy_icache')) return pp;
  if (yield* k.PageReserved(pfn, 'hash_page_do_lazy_icache')) return pp;
  if (trap !== TRAP_ISI) return pp | HPTE_R_N;
  yield* k.$set_page_flag(pfn, 1, PG_arch_1, 'hash_page_do_lazy_icache');
  return pp;
}

export const v5_2 = {
  /**
   * The protection bits to use. A page that was never executed is flushed on the first attempt to execute it; until
   * then it is not executable.
   */
  *hash_page_do_lazy_icache(this: Kernel, pp: number, pfn: number, trap: number): Steps<number> {
    return (yield* this.pfn_valid(pfn)) ? yield* lazy_icache(this, pp, pfn, trap) : pp;
  },
};

export const pg_reserved = {
  *hash_page_do_lazy_icache(this: Kernel, pp: number, pfn: number, trap: number): Steps<number> {
    if ((yield* this.pfn_to_online_page(pfn)) === null) return pp;
    return yield* lazy_icache(this, pp, pfn, trap);
  },
};

export const pg_reserved_zone_device = {
  *hash_page_do_lazy_icache(this: Kernel, pp: number, pfn: number, trap: number): Steps<number> {
    if (!(yield* this.pfn_valid(pfn)) || (yield* this.is_zone_device_page(pfn))) return pp;
    return yield* lazy_icache(this, pp, pfn, trap);
  },
};
