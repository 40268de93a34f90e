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

const { flush_tlb_all } = tlbflush.v5_2;

/** `n` adjacent ranges of `size` bytes, each flushed as by flush_tlb_kernel_range(). */
export function* flush_ranges(k: Kernel, start: number, size: number, n: number): Steps<void> {
  const first = tlbflush.pages_of_range(k.c, start, start + size);
  const last = tlbflush.pages_of_range(k.c, start + (n - 1) * size, start + n * size);
  if (first === null || last === null) yield* k.flush_tlb_all();
  else if (!k.c.flush_rounds_to_pages) yield* FLUSH_PAGES(first.va, first.pages * n, true);
  else yield* FLUSH_PAGES(first.va, (last.va - first.va) / k.c.PAGE_SIZE + last.pages, true);
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
  ...[tlbflush.v5_2, tlbflush.v7_2].map(({ flush_tlb_kernel_range: exact }) =>
    form({
      name: 'flush_tlb_kernel_range',
      exact,
      *batch(this: Kernel, start: number, end: number): Steps<void> {
        yield* flush_ranges(this, start, end - start, 1);
      },
    }),
  ),
  form({
    name: '__flush_tlb_kernel_pgtable',
    exact: tlbflush.v5_4.__flush_tlb_kernel_pgtable,
    *batch(this: Kernel, addr: number): Steps<void> {
      yield* FLUSH_PAGES(addr, 1, false);
    },
  }),
];
