import { depthOf } from '../geometry/translation.ts';
import { INVALID } from '../hardware/descriptor/descriptor.ts';
import * as free_hotplug from '../kernel/arch/arm64/mm/mmu/free_hotplug.ts';
import { arm64_v5 } from '../kernel/arch/arm64/mm/mmu/hotunplug_v5.ts';
import {
  type EntryPointer,
  leaf_address,
  none,
  present,
  READ_ONCE,
  table_page,
} from '../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Steps } from '../steps/step.ts';
import { READ_RUN } from './entries.ts';
import { type BatchForm, form } from './form.ts';
import { SETTING } from './pgtable.ts';

/** The effects of V5's remove_pagetable() on the entries of one table, by runs. */

const { free_hotplug_page_range } = free_hotplug.v5_2;

/** Whether a table still has entries; if so, nothing more is done with it. */
function* is_used(k: Kernel, level: 'PTE' | 'PMD' | 'PUD', table: EntryPointer): Steps<boolean> {
  const entries = k.c.t.entries[depthOf(k.c.t, level)]!;
  const run = yield* READ_RUN(table, entries);
  return !none(run) || run.n < entries;
}

const removing: readonly BatchForm[] = SETTING.map(({ set_run, exact: { set_pte, pte_clear } }) =>
  form({
    name: 'remove_pte_table',
    exact: arm64_v5.remove_pte_table,
    instead_of: { set_pte: set_pte!, pte_clear: pte_clear!, free_hotplug_page_range },
    *batch(this: Kernel, pmdp: EntryPointer, start: number, end: number, sparse_vmap: boolean) {
      const { PAGE_SIZE } = this.c;
      for (let addr = start; end !== 0 && addr < end; ) {
        const ptep = yield* this.pte_offset_kernel(pmdp, addr);
        const run = yield* READ_RUN(ptep, Math.ceil((end - addr) / PAGE_SIZE));
        if (!none(run)) {
          if (!present(this.c, run)) yield* this.WARN('remove_pte_table');
          const together = run.n === 1 || run.stride === PAGE_SIZE;
          for (let i = 0; sparse_vmap && i < run.n; i += together ? run.n : 1) {
            const phys = leaf_address(this.c, { addr: run.addr + i * run.stride, attr: run.attr });
            yield* this.free_hotplug_page_range(phys, (together ? run.n : 1) * PAGE_SIZE, null);
          }
          yield* set_run(ptep, run.n, INVALID, 0);
        }
        addr += run.n * PAGE_SIZE;
      }
      yield* this.flush_tlb_kernel_range(start, end);
    },
  }),
);

/** The rest of free_pXd_table() once the table is known to be empty. */
function* free_table(
  k: Kernel,
  p: EntryPointer,
  addr: number,
  clear: (this: Kernel, p: EntryPointer) => Steps<void>,
): Steps<void> {
  const page = table_page(k.c, yield* READ_ONCE(p));
  yield* clear.call(k, p);
  yield* k.__flush_tlb_kernel_pgtable(addr);
  yield* k.free_hotplug_pgtable_page(page);
}

export const forms: readonly BatchForm[] = [
  ...removing,
  form({
    name: 'free_pte_table',
    exact: arm64_v5.free_pte_table,
    *batch(this: Kernel, ptep: EntryPointer, pmdp: EntryPointer, addr: number) {
      if (!(yield* is_used(this, 'PTE', ptep))) yield* free_table(this, pmdp, addr, this.pmd_clear);
    },
  }),
  form({
    name: 'free_pmd_table',
    exact: arm64_v5.free_pmd_table,
    *batch(this: Kernel, pmdp: EntryPointer, pudp: EntryPointer, addr: number) {
      if (this.c.t.levels <= 2 || (yield* is_used(this, 'PMD', pmdp))) return;
      yield* free_table(this, pudp, addr, this.pud_clear);
    },
  }),
  form({
    name: 'free_pud_table',
    exact: arm64_v5.free_pud_table,
    *batch(this: Kernel, pudp: EntryPointer, pgdp: EntryPointer, addr: number) {
      if (this.c.t.levels <= 3 || (yield* is_used(this, 'PUD', pudp))) return;
      yield* free_table(this, pgdp, addr, this.pgd_clear);
    },
  }),
];
