import { flush, synchronize } from '../hardware/tlb/sequence.ts';
import type { TlbiOp } from '../hardware/tlb/tlbi.ts';
import { DSB } from '../kernel/arch/arm64/include/asm/barrier.ts';
import * as tlbflush from '../kernel/arch/arm64/include/asm/tlbflush.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { mmu_steps } from '../kernel/mmu.ts';
import { change, operation } from '../kernel/ops.ts';
import type { State } from '../kernel/state.ts';
import type { Steps } from '../steps/step.ts';
import { type BatchForm, form } from './form.ts';

/** Barriers and invalidations, all in one step. */

const settled = operation({
  name: 'settled',
  obj: 'mmu',
  writes: true,
  run: (state: State): void => synchronize(state.mmu!),
});
const in_one = operation({
  name: 'in_one',
  obj: 'mmu',
  writes: true,
  run: (state: State, op: TlbiOp): void => flush(state.mmu!, op),
});

/** DSB ISHST; DSB ISH; ISB */
export function* SETTLE(): Steps<void> {
  yield* change(settled);
}

/** DSB ISHST; TLBI; DSB ISH; ISB, for each of `pages` pages. */
function* FLUSH_PAGES(va: number, pages: number, last_level: boolean): Steps<void> {
  yield* change(in_one, { by: 'va', va, pages, last_level, broadcast: true });
}

const { flush_tlb_all, flush_tlb_kernel_range } = tlbflush.v5_2;

/** The pages that flush_tlb_kernel_range() invalidates one by one; null if it flushes everything. */
function flushed_pages({ c }: Kernel, start: number, end: number): number | null {
  if (end - start > c.t.entries.at(-1)! * c.PAGE_SIZE) return null;
  return Math.max(Math.ceil((end - start) / c.PAGE_SIZE), 0);
}

/** `n` adjacent ranges of `size` bytes, each flushed as by flush_tlb_kernel_range(). */
export function* flush_ranges(k: Kernel, start: number, size: number, n: number): Steps<void> {
  const pages = flushed_pages(k, start, start + size);
  if (pages === null) yield* k.flush_tlb_all();
  else yield* FLUSH_PAGES(start, pages * n, true);
}

/** The releases' ways to invalidate walk caches, each with its form for adjacent tables. */
export const TABLE_FLUSHING = [
  {
    exact: { __flush_tlb_kernel_pgtable: tlbflush.v5_2.__flush_tlb_kernel_pgtable },
    *flush(va: number, pages: number): Steps<void> {
      yield* DSB('ishst');
      yield* change(mmu_steps.issue, { by: 'va', va, pages, last_level: false, broadcast: true });
      yield* DSB('ish');
    },
  },
  {
    exact: { __flush_tlb_kernel_pgtable: tlbflush.v5_4.__flush_tlb_kernel_pgtable },
    flush: (va: number, pages: number): Steps<void> => FLUSH_PAGES(va, pages, false),
  },
] as const;

export const forms: readonly BatchForm[] = [
  form({
    name: 'flush_tlb_all',
    exact: flush_tlb_all,
    *batch(this: Kernel): Steps<void> {
      yield* change(in_one, { by: 'all', last_level: false, broadcast: true });
    },
  }),
  form({
    name: 'flush_tlb_kernel_range',
    exact: flush_tlb_kernel_range,
    *batch(this: Kernel, start: number, end: number): Steps<void> {
      yield* flush_ranges(this, start, end - start, 1);
    },
  }),
  form({
    name: '__flush_tlb_kernel_pgtable',
    exact: tlbflush.v5_4.__flush_tlb_kernel_pgtable,
    *batch(this: Kernel, addr: number): Steps<void> {
      yield* FLUSH_PAGES(addr, 1, false);
    },
  }),
];
