import type { Descriptor } from '../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../steps/step.ts';
import {
  type EntryPointer,
  leaf_entry,
  none,
  pmd_leaf,
  present,
  pud_leaf,
  READ_ONCE,
  table_page,
} from '../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../kernel.ts';
import { USE } from '../../../mm/page.ts';
import { change, lock, look, operation, unlock } from '../../../ops.ts';
import type { pgd, State } from '../../../state.ts';
import { _PAGE_PSE } from '../include/asm/pgtable_types.ts';
import { kernel_entries, PGD_LOCK } from './init_64/sync_global_pgds.ts';

/**
 * arch/x86/mm/pgtable.c: roots of processes; leaves of 2M and 1G in the vmalloc region, and freeing the tables that they
 * replace. The caller has unmapped and flushed what the tables mapped. MTRRs are taken to be uniform over a leaf.
 */

const PTRS_PER_PMD = 512;

/** A leaf is not set over a table. */
function* set_huge(
  k: Kernel,
  p: EntryPointer,
  phys: number,
  prot: number,
  leaf: (d: Descriptor) => boolean,
): Steps<number> {
  if (present(k.c, yield* READ_ONCE(p)) && !leaf(yield* READ_ONCE(p))) return 0;
  yield* k.set_pte(p, leaf_entry(k.c, phys, prot | _PAGE_PSE));
  return 1;
}

/** The kernel's half of a new root (clone_pgd_range). */
const clone_pgd_range = operation({
  name: 'clone_pgd_range',
  obj: 'mmu',
  writes: false,
  tell: () => ({ kind: 'does', what: 'clone_pgd_range(pgd, swapper_pg_dir)' }),
  run: (state: State): pgd['entries'] => kernel_entries(state),
});

const pgd_list_add = operation({
  name: 'pgd_list_add',
  obj: 'pgd_list',
  writes: true,
  tell: ([mm]) => ({ kind: 'does', what: `pgd_list_add(pgd of process ${mm})` }),
  run: (state: State, mm: number, entries: pgd['entries']): void => {
    state.pgd_list = [...(state.pgd_list ?? []), { mm, entries }];
  },
});

const pgd_list_del = operation({
  name: 'pgd_list_del',
  obj: 'pgd_list',
  writes: true,
  tell: ([mm]) => ({ kind: 'does', what: `pgd_list_del(pgd of process ${mm})` }),
  run: (state: State, mm: number): void => {
    state.pgd_list = (state.pgd_list ?? []).filter((one) => one.mm !== mm);
  },
});

export const v5_2 = {
  /** Only its kernel half is modelled, and it takes no page. */
  *pgd_alloc(this: Kernel, mm: number): Steps<void> {
    yield* lock(PGD_LOCK, 'spinlock');
    yield* this.pgd_ctor(mm);
    yield* unlock(PGD_LOCK, 'spinlock');
  },
  *pgd_ctor(this: Kernel, mm: number): Steps<void> {
    const entries = yield* look(clone_pgd_range);
    yield* change(pgd_list_add, mm, entries);
  },
  *pgd_free(this: Kernel, mm: number): Steps<void> {
    yield* this.pgd_dtor(mm);
  },
  *pgd_dtor(this: Kernel, mm: number): Steps<void> {
    yield* lock(PGD_LOCK, 'spinlock');
    yield* change(pgd_list_del, mm);
    yield* unlock(PGD_LOCK, 'spinlock');
  },

  /** Here and below: 1, or 0 if there is a table. */
  *pud_set_huge(this: Kernel, pudp: EntryPointer, phys: number, prot: number): Steps<number> {
    return yield* set_huge(this, pudp, phys, prot, (d) => pud_leaf(this.c, d));
  },
  *pmd_set_huge(this: Kernel, pmdp: EntryPointer, phys: number, prot: number): Steps<number> {
    return yield* set_huge(this, pmdp, phys, prot, (d) => pmd_leaf(this.c, d));
  },

  *pud_clear_huge(this: Kernel, pudp: EntryPointer): Steps<boolean> {
    if (!pud_leaf(this.c, yield* READ_ONCE(pudp))) return false;
    yield* this.pud_clear(pudp);
    return true;
  },
  *pmd_clear_huge(this: Kernel, pmdp: EntryPointer): Steps<boolean> {
    if (!pmd_leaf(this.c, yield* READ_ONCE(pmdp))) return false;
    yield* this.pmd_clear(pmdp);
    return true;
  },

  /**
   * The entries are copied to a page of their own and cleared before the table is unlinked; without memory for the page the
   * table stays. INVLPG of one address empties the paging-structure caches.
   */
  *pud_free_pmd_page(this: Kernel, pudp: EntryPointer, addr: number): Steps<boolean> {
    const pmd = table_page(this.c, yield* READ_ONCE(pudp));
    const pmd_sv = yield* this.$alloc_pages('pgtable', -1, 1, 1, 1, USE.UNMOVABLE);
    if (!pmd_sv) return false;
    const tables: Descriptor[] = [];
    for (let i = 0; i < PTRS_PER_PMD; i++) {
      const d = yield* READ_ONCE(pmd + i * 8);
      if (none(d)) continue;
      tables.push(d);
      yield* this.pmd_clear(pmd + i * 8);
    }
    yield* this.pud_clear(pudp);
    yield* this.flush_tlb_kernel_range(addr, addr + this.c.PAGE_SIZE - 1);
    for (const d of tables) yield* this.pte_free_kernel(table_page(this.c, d));
    yield* this.free_pages(pmd_sv.pfn, 1);
    yield* this.pmd_free(pmd);
    return true;
  },

  *pmd_free_pte_page(this: Kernel, pmdp: EntryPointer, addr: number): Steps<boolean> {
    const pte = table_page(this.c, yield* READ_ONCE(pmdp));
    yield* this.pmd_clear(pmdp);
    yield* this.flush_tlb_kernel_range(addr, addr + this.c.PAGE_SIZE - 1);
    yield* this.pte_free_kernel(pte);
    return true;
  },
};

/** 7.2.13: without the copy. */
export const v7_2 = {
  *pud_free_pmd_page(this: Kernel, pudp: EntryPointer, addr: number): Steps<boolean> {
    const pmd = table_page(this.c, yield* READ_ONCE(pudp));
    yield* this.pud_clear(pudp);
    yield* this.flush_tlb_kernel_range(addr, addr + this.c.PAGE_SIZE - 1);
    for (let i = 0; i < PTRS_PER_PMD; i++)
      if (!none(yield* READ_ONCE(pmd + i * 8)))
        yield* this.pte_free_kernel(table_page(this.c, yield* READ_ONCE(pmd + i * 8)));
    yield* this.pmd_free(pmd);
    return true;
  },
};
