import { flush } from '../../../../hardware/tlb/sequence.ts';
import type { TlbiOp } from '../../../../hardware/tlb/tlbi.ts';
import { invalidateEverywhere } from '../../../../hardware/tlb/x86.ts';
import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { change, operation } from '../../../ops.ts';
import type { State } from '../../../state.ts';

/**
 * arch/x86/mm/tlb.c: invalidation on all CPUs, by an interrupt that the caller waits for. No modelled thread has interrupts off
 * (litmus/x86.unmap+ipi+cli.yaml is about one that has), and INVLPGB (v6.15) is left out.
 */

/** on_each_cpu(): every CPU has done it when the caller goes on. */
const on_each_cpu = operation({
  name: 'on_each_cpu',
  obj: 'mmu',
  writes: true,
  tables: () => 'order',
  tell: ([op]) => ({ kind: 'tlbi', op }),
  run: (state: State, op: TlbiOp): void => flush(state.mmu!, op),
});

/** do_kernel_range_flush(), on every CPU: INVLPG for each page, which empties the paging-structure caches unless EFER.TCE is set. */
const do_kernel_range_flush = operation({
  name: 'do_kernel_range_flush',
  obj: 'mmu',
  writes: true,
  tables: () => 'order',
  tell: ([va, pages]) => ({ kind: 'tlbi', op: { by: 'va', va, pages, last_level: false, broadcast: true } }),
  run: (state: State, va: number, pages: number, tce: boolean): void => {
    const mmu = state.mmu!;
    for (let i = 0; i < pages; i++)
      invalidateEverywhere(mmu, { by: 'invlpg', va: va + i * 2 ** mmu.t.page_shift, tce });
  },
});

/** Pages; more are flushed by flush_tlb_all(). */
const tlb_single_page_flush_ceiling = 33;

/** flush_tlb_kernel_range() on processors with or without EFER.TCE. */
export function* flush_range(k: Kernel, start: number, end: number, tce: boolean): Steps<void> {
  const pages = Math.ceil((end - start) / k.c.PAGE_SIZE);
  if (pages > tlb_single_page_flush_ceiling) yield* k.flush_tlb_all();
  else yield* change(do_kernel_range_flush, start, pages, tce);
}

export const v5_2 = {
  /** CR4.PGE is flipped: everything goes, global translations included. */
  *flush_tlb_all(this: Kernel): Steps<void> {
    yield* change(on_each_cpu, { by: 'all', last_level: false, broadcast: true });
  },

  *flush_tlb_kernel_range(this: Kernel, start: number, end: number): Steps<void> {
    yield* flush_range(this, start, end, false);
  },
};
