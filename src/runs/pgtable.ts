import { type Descriptor, isValid } from '../hardware/descriptor/descriptor.ts';
import { DSB, ISB } from '../kernel/arch/arm64/include/asm/barrier.ts';
import * as pgalloc from '../kernel/arch/arm64/include/asm/pgalloc.ts';
import * as pgtable from '../kernel/arch/arm64/include/asm/pgtable.ts';
import * as root from '../kernel/arch/arm64/mm/mmu/set_swapper_pgd.ts';
import type { EntryPointer } from '../kernel/include/linux/pgtable.ts';
import type { Kernel, KernelFunctions } from '../kernel/kernel.ts';
import { lock, unlock } from '../kernel/ops.ts';
import type { Steps } from '../steps/step.ts';
import { INSTALL_RUN, WRITE_RUN } from './entries.ts';
import { type BatchForm, form } from './form.ts';
import { SETTLE } from './tlbflush.ts';

/** arm64's entries; several are set at a time. */

/** Sets `n` adjacent entries whose output addresses ascend by `stride`, as set_pte() sets one. */
export type SetRun = (p: EntryPointer, n: number, d: Descriptor, stride: number) => Steps<void>;

function* set_run_v5_2(p: EntryPointer, n: number, d: Descriptor, stride: number): Steps<void> {
  yield* WRITE_RUN(p, n, d, stride);
  if (isValid(d)) yield* DSB('ishst');
}

export function* set_run_v5_3(p: EntryPointer, n: number, d: Descriptor, stride: number): Steps<void> {
  if (isValid(d)) yield* INSTALL_RUN(p, n, d, stride);
  else yield* WRITE_RUN(p, n, d, stride);
}

const { v5_2, v5_3 } = pgtable;
const { set_swapper_pgd } = root.v5_2;
const { set_pgd } = v5_2;
const { pte_clear, pmd_clear, pud_clear, p4d_clear, pgd_clear } = v5_2;
const { pgd_offset_k, p4d_offset, pud_offset, pmd_offset, pte_offset_kernel } = v5_2;
const { set_pte, set_pmd, set_pud, set_p4d } = v5_2;

/** The releases' ways to write the root. */
const ROOTS = [root.v5_2, root.v6_12];

/** The functions that find entries; no release changes them. */
export const offsets = { pgd_offset_k, p4d_offset, pud_offset, pmd_offset, pte_offset_kernel };
/** The functions that put a table under an entry, or remove it. */
export const populates = pgalloc.v5_2;

/** The releases' ways to set entries, each with all functions that belong to it. */
export const SETTING: readonly { readonly set_run: SetRun; readonly exact: Partial<KernelFunctions> }[] = [
  {
    set_run: set_run_v5_2,
    exact: { set_pte, set_pmd, set_pud, set_p4d },
  },
  { set_run: set_run_v5_3, exact: v5_3 },
  { set_run: set_run_v5_3, exact: { ...v5_3, ...pgtable.v6_12, ...root.v6_12 } },
].map(({ set_run, exact }) => ({
  set_run,
  exact: {
    set_pgd,
    set_swapper_pgd,
    pte_clear,
    pmd_clear,
    pud_clear,
    p4d_clear,
    pgd_clear,
    ...exact,
  },
}));

/** Root entries are set one by one, those of other tables as by set_pte(). */
export function* set_entries(
  k: Kernel,
  set_run: SetRun,
  p: EntryPointer,
  n: number,
  d: Descriptor,
  stride: number,
): Steps<void> {
  if (p < k.c.swapper_pg_dir || p >= k.c.swapper_pg_dir + k.c.PAGE_SIZE) {
    yield* set_run(p, n, d, stride);
    return;
  }
  if (k.c.rodata_is_rw) {
    yield* WRITE_RUN(p, n, d, stride);
    yield* DSB('ishst');
    yield* ISB();
    return;
  }
  yield* lock('swapper_pgdir_lock', 'spinlock');
  yield* WRITE_RUN(p, n, d, stride);
  yield* SETTLE();
  yield* unlock('swapper_pgdir_lock', 'spinlock');
}

function* set_one(k: Kernel, p: EntryPointer, d: Descriptor): Steps<void> {
  yield* set_entries(k, set_run_v5_3, p, 1, d, 0);
}

/** The function that sets an entry of a level of v5.3 and later: the write and its barriers in one step. */
const setters = (name: 'set_pmd' | 'set_pud' | 'set_p4d'): readonly BatchForm[] =>
  ROOTS.map((instead_of) =>
    form({
      name,
      exact: v5_3[name],
      *batch(this: Kernel, p: EntryPointer, d: Descriptor): Steps<void> {
        yield* set_one(this, p, d);
      },
      instead_of,
    }),
  );

export const forms: readonly BatchForm[] = [
  form({
    name: 'set_pte',
    exact: v5_3.set_pte,
    *batch(this: Kernel, ptep: EntryPointer, pte: Descriptor): Steps<void> {
      yield* set_run_v5_3(ptep, 1, pte, 0);
    },
  }),
  ...setters('set_pmd'),
  ...setters('set_pud'),
  ...setters('set_p4d'),
  form({
    name: 'set_p4d',
    exact: pgtable.v6_12.set_p4d,
    *batch(this: Kernel, p4dp: EntryPointer, p4d: Descriptor): Steps<void> {
      yield* set_one(this, p4dp, p4d);
      if (isValid(p4d)) return;
      yield* DSB('ishst');
      yield* ISB();
    },
    instead_of: root.v6_12,
  }),
  ...ROOTS.map(({ set_swapper_pgd: exact }) =>
    form({
      name: 'set_swapper_pgd',
      exact,
      *batch(this: Kernel, pgdp: EntryPointer, pgd: Descriptor): Steps<void> {
        yield* set_entries(this, set_run_v5_3, pgdp, 1, pgd, 0);
      },
    }),
  ),
];
