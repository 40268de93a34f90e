import type { TlbiOp } from '../../../../../hardware/tlb/tlbi.ts';
import type { Steps } from '../../../../../steps/step.ts';
import type { Config } from '../../../../config.ts';
import type { Kernel } from '../../../../kernel.ts';
import { mmu_steps } from '../../../../mmu.ts';
import { change } from '../../../../ops.ts';
import { DSB, ISB } from './barrier.ts';

/** arch/arm64/include/asm/tlbflush.h: sequences of barriers and TLBIs. */

/** A TLBI, or a series of them, without barriers. */
export function* tlbi(op: TlbiOp): Steps<void> {
  yield* change(mmu_steps.issue, op);
}

/** TLBI VAALE1IS (last level) or VAAE1IS, one for each of `pages` pages. */
function* TLBI_VA(va: number, pages: number, last_level: boolean): Steps<void> {
  yield* tlbi({ by: 'va', va, pages, last_level, broadcast: true });
}

/** DSB ISHST; TLBI; DSB ISH; ISB */
function* flush_and_wait(op: TlbiOp): Steps<void> {
  yield* DSB('ishst');
  yield* tlbi(op);
  yield* DSB('ish');
  yield* ISB();
}

/** The pages that flush_tlb_kernel_range() invalidates one by one; null if it invalidates everything. */
export function pages_of_range(
  c: Config,
  start: number,
  end: number,
): { readonly va: number; readonly pages: number } | null {
  const { PAGE_SIZE } = c;
  const most = c.t.entries.at(-1)!;
  if (!c.flush_rounds_to_pages) {
    if (end - start > most * PAGE_SIZE) return null;
    return { va: start, pages: Math.max(Math.ceil((end - start) / PAGE_SIZE), 0) };
  }
  const va = Math.floor(start / PAGE_SIZE) * PAGE_SIZE;
  const pages = Math.ceil(end / PAGE_SIZE) - va / PAGE_SIZE;
  return pages >= most ? null : { va, pages };
}

export const v5_2 = {
  *flush_tlb_all(this: Kernel): Steps<void> {
    yield* flush_and_wait({ by: 'all', last_level: false, broadcast: true });
  },

  *local_flush_tlb_all(this: Kernel): Steps<void> {
    yield* DSB('nshst');
    yield* tlbi({ by: 'all', last_level: false, broadcast: false });
    yield* DSB('nsh');
    yield* ISB();
  },

  /**
   * Page by page, or everything if the range is longer than one table of PTEs maps (MAX_TLBI_OPS pages; a PMD is not).
   * An empty range leaves only the barriers (B99).
   */
  *flush_tlb_kernel_range(this: Kernel, start: number, end: number): Steps<void> {
    const { t, PAGE_SIZE } = this.c;
    if (end - start > t.entries.at(-1)! * PAGE_SIZE) {
      yield* this.flush_tlb_all();
      return;
    }
    const pages = Math.max(Math.ceil((end - start) / PAGE_SIZE), 0);
    yield* flush_and_wait({ by: 'va', va: start, pages, last_level: true, broadcast: true });
  },

  /**
   * Called after an entry that pointed to a table was cleared: invalidates walk caches as well. No ISB until v5.4
   * (B22).
   */
  *__flush_tlb_kernel_pgtable(this: Kernel, addr: number): Steps<void> {
    yield* DSB('ishst');
    yield* TLBI_VA(addr, 1, false);
    yield* DSB('ish');
  },
};

export const v5_4 = {
  *__flush_tlb_kernel_pgtable(this: Kernel, addr: number): Steps<void> {
    yield* flush_and_wait({ by: 'va', va: addr, pages: 1, last_level: false, broadcast: true });
  },
};

export const v7_2 = {
  /** 7.2.13: every page of which a part is in the range, and everything for MAX_DVM_OPS pages already. */
  *flush_tlb_kernel_range(this: Kernel, start: number, end: number): Steps<void> {
    const range = pages_of_range(this.c, start, end);
    if (range === null) yield* this.flush_tlb_all();
    else yield* flush_and_wait({ by: 'va', ...range, last_level: true, broadcast: true });
  },
};
