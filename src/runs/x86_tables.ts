import { depthOf, entryIndex, type LevelName } from '../geometry/translation.ts';
import { type Descriptor, INVALID } from '../hardware/descriptor/descriptor.ts';
import { readEntry } from '../hardware/mmu.ts';
import { tableAt } from '../hardware/walks/walk.ts';
import { v5_2 as pgtable } from '../kernel/arch/x86/include/asm/pgtable.ts';
import { free_memmap } from '../kernel/arch/x86/mm/init_64/free_pages.ts';
import { locked, v5_2 as mapping } from '../kernel/arch/x86/mm/init_64/kernel_physical_mapping_init.ts';
import {
  free_table,
  v5_2 as removing,
  v6_1 as removing_v6_1,
} from '../kernel/arch/x86/mm/init_64/remove_pagetable.ts';
import {
  type EntryPointer,
  leaf_address,
  leaf_entry,
  none,
  pmd_leaf,
  present,
} from '../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { look, operation } from '../kernel/ops.ts';
import { PFN_DOWN, phys_to_virt } from '../kernel/pfn.ts';
import type { State } from '../kernel/state.ts';
import type { Steps } from '../steps/step.ts';
import { READ_RUN, WRITE_RUN } from './entries.ts';
import { type BatchForm, form } from './form.ts';

/** x86-64: the entries of one table by runs; the block of a section's memmap is removed without the walk to its entry. */

const { set_pte, pte_clear, set_pmd, pmd_clear } = pgtable;

/** Whether a table has no entries. */
function* is_empty(k: Kernel, level: LevelName, table: EntryPointer): Steps<boolean> {
  const entries = k.c.t.entries[depthOf(k.c.t, level)]!;
  const run = yield* READ_RUN(table, entries);
  return none(run) && run.n === entries;
}

/** The PMD entry that translates an address, and whether its table has no other; null without that table. */
const pmd_of = operation({
  name: 'pmd_of',
  obj: 'mmu',
  writes: false,
  run(state: State, addr: number): { pmdp: EntryPointer; pmd: Descriptor; only: boolean } | null {
    const m = state.mmu!;
    const depth = depthOf(m.t, 'PMD');
    const table = tableAt(m, depth, addr);
    if (table === null) return null;
    const pmdp = table + entryIndex(m.t, depth, addr) * 8;
    const used = m.words.in(table, m.t.entries[depth]!);
    return { pmdp, pmd: readEntry(m, pmdp), only: used.length === 1 && used[0]!.n === 1 };
  },
});

const { remove_pmd_table, remove_p4d_table, free_pmd_table, free_pud_table } = removing;

const blocks: readonly BatchForm[] = [
  ...[removing, removing_v6_1].map(({ remove_pud_table }) =>
    form({
      name: 'remove_pagetable',
      exact: removing.remove_pagetable,
      instead_of: { remove_p4d_table, remove_pud_table, remove_pmd_table, free_pmd_table, free_pud_table },
      *batch(start: number, end: number, direct: boolean, altmap) {
        const { PMD_SIZE } = this.c;
        const one = !direct && end - start === PMD_SIZE && start % PMD_SIZE === 0;
        const found = one ? yield* look(pmd_of, start) : null;
        if (!found || found.only || !present(this.c, found.pmd) || !pmd_leaf(this.c, found.pmd)) {
          yield* removing.remove_pagetable.call(this as never, start, end, direct, altmap);
          return;
        }
        yield* this.free_hugepage_table(PFN_DOWN(this.c, leaf_address(this.c, found.pmd)), altmap);
        yield* locked(this.pmd_clear(found.pmdp));
        yield* this.flush_tlb_all();
      },
    }),
  ),
];

export const forms: readonly BatchForm[] = [
  ...blocks,
  form({
    name: 'phys_pte_init',
    exact: mapping.phys_pte_init,
    instead_of: { set_pte },
    *batch(pte_page, paddr, paddr_end, prot) {
      const { PAGE_SIZE, PMD_SIZE, t } = this.c;
      const end = Math.min(paddr_end, (Math.floor(paddr / PMD_SIZE) + 1) * PMD_SIZE);
      let paddr_last = paddr_end;
      while (paddr < end) {
        const index = entryIndex(t, t.levels - 1, phys_to_virt(this.c, paddr));
        const run = yield* READ_RUN(pte_page + index * 8, Math.ceil((end - paddr) / PAGE_SIZE));
        if (none(run)) {
          yield* WRITE_RUN(pte_page + index * 8, run.n, leaf_entry(this.c, paddr, prot), PAGE_SIZE);
          paddr_last = paddr + run.n * PAGE_SIZE;
        }
        paddr += run.n * PAGE_SIZE;
      }
      return paddr_last;
    },
  }),
  form({
    name: 'remove_pte_table',
    exact: removing.remove_pte_table,
    instead_of: { set_pte, pte_clear },
    *batch(this: Kernel, pte_start: EntryPointer, addr: number, end: number, direct: boolean) {
      const { PAGE_SIZE, t } = this.c;
      let ptep = pte_start + entryIndex(t, t.levels - 1, addr) * 8;
      while (addr < end) {
        const run = yield* READ_RUN(ptep, Math.ceil((end - addr) / PAGE_SIZE));
        if (present(this.c, run)) {
          for (let i = 0; !direct && i < run.n; i++) {
            const pte = { addr: run.addr + i * run.stride, attr: run.attr };
            yield* free_memmap(this, PFN_DOWN(this.c, leaf_address(this.c, pte)), 0);
          }
          yield* WRITE_RUN(ptep, run.n, INVALID);
        }
        ptep += run.n * 8;
        addr += run.n * PAGE_SIZE;
      }
      yield* this.flush_tlb_all();
    },
  }),
  form({
    name: 'remove_pmd_table',
    exact: removing.remove_pmd_table,
    instead_of: { set_pmd, pmd_clear },
    *batch(this: Kernel, pmd_start: EntryPointer, addr: number, end: number, direct: boolean, altmap) {
      const { PMD_SIZE, PAGE_SIZE, t } = this.c;
      let pmdp = pmd_start + entryIndex(t, depthOf(t, 'PMD'), addr) * 8;
      while (addr < end) {
        const whole = addr % PMD_SIZE === 0 ? Math.floor((end - addr) / PMD_SIZE) : 0;
        const run = yield* READ_RUN(pmdp, Math.max(1, whole));
        const isLeaf = present(this.c, run) && pmd_leaf(this.c, run);
        const n = whole > 0 && (isLeaf || none(run)) ? run.n : 1;
        const next = Math.min(end, (Math.floor(addr / PMD_SIZE) + n) * PMD_SIZE);
        if (whole > 0 && isLeaf) {
          for (let i = 0; !direct && i < n; i++) {
            const pmd = { addr: run.addr + i * run.stride, attr: run.attr };
            yield* this.free_hugepage_table(leaf_address(this.c, pmd) / PAGE_SIZE, altmap);
          }
          yield* WRITE_RUN(pmdp, n, INVALID);
        } else if (!none(run))
          yield* removing.remove_pmd_table.call(this as never, pmd_start, addr, next, direct, altmap);
        addr = next;
        pmdp += n * 8;
      }
    },
  }),
  form({
    name: 'free_pte_table',
    exact: removing.free_pte_table,
    *batch(this: Kernel, pte_start: EntryPointer, pmd: EntryPointer) {
      if (yield* is_empty(this, 'PTE', pte_start)) yield* free_table(this, pmd, this.pmd_clear);
    },
  }),
  form({
    name: 'free_pmd_table',
    exact: removing.free_pmd_table,
    *batch(this: Kernel, pmd_start: EntryPointer, pud: EntryPointer) {
      if (yield* is_empty(this, 'PMD', pmd_start)) yield* free_table(this, pud, this.pud_clear);
    },
  }),
  form({
    name: 'free_pud_table',
    exact: removing.free_pud_table,
    *batch(this: Kernel, pud_start: EntryPointer, p4d: EntryPointer) {
      if (yield* is_empty(this, 'PUD', pud_start)) yield* free_table(this, p4d, this.p4d_clear);
    },
  }),
];
