import { depthOf, entrySize } from '../../../../../geometry/translation.ts';
import { isTable } from '../../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import {
  type EntryPointer,
  leaf_entry,
  pmd_leaf,
  present,
  pud_leaf,
  READ_ONCE,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { lock, unlock } from '../../../../ops.ts';
import { mk_sect_prot } from '../../include/asm/pgtable.ts';

/**
 * arch/arm64/mm/mmu.c: blocks in the vmalloc region, and freeing the tables that they replace. The caller has unmapped
 * and flushed the leaves; walkers without a lock may still read the tables (B21).
 */

/** The address of the page that holds an entry. */
const page_of = (k: Kernel, p: EntryPointer): number => Math.floor(p / k.c.PAGE_SIZE) * k.c.PAGE_SIZE;

const pud_table = (k: Kernel, d: { attr: number; addr: number }): boolean =>
  k.c.PAGE_SHIFT === 16 || k.c.t.levels < 3 || isTable(d);

function* VM_WARN_ON(k: Kernel, where: string): Steps<void> {
  if (k.c.DEBUG_VM) yield* k.WARN(where);
}

export const v5_2 = {
  /**
   * Sets a block unless the live entry differs in more than may change: then the entry silently stays, and 0 is
   * returned.
   */
  *pud_set_huge(this: Kernel, pudp: EntryPointer, phys: number, prot: number): Steps<number> {
    const new_pud = leaf_entry(this.c, phys, mk_sect_prot(prot));
    if (!(yield* this.pgattr_change_is_safe(yield* READ_ONCE(pudp), new_pud))) return 0;
    yield* this.set_pud(pudp, new_pud);
    return 1;
  },
  *pmd_set_huge(this: Kernel, pmdp: EntryPointer, phys: number, prot: number): Steps<number> {
    const new_pmd = leaf_entry(this.c, phys, mk_sect_prot(prot));
    if (!(yield* this.pgattr_change_is_safe(yield* READ_ONCE(pmdp), new_pmd))) return 0;
    yield* this.set_pmd(pmdp, new_pmd);
    return 1;
  },

  /** Never if kernel_page_tables is built in: software walks cannot cope with tables that are freed (7ba36eccb3f8). */
  *arch_ioremap_pud_supported(this: Kernel): Steps<boolean> {
    return this.c.PAGE_SHIFT === 12 && !this.c.PTDUMP_DEBUGFS;
  },
  *arch_ioremap_pmd_supported(this: Kernel): Steps<boolean> {
    return !this.c.PTDUMP_DEBUGFS;
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

  /** True: a block may be set here, or would not replace anything better. */
  *pmd_free_pte_page(this: Kernel, pmdp: EntryPointer, addr: number): Steps<boolean> {
    if (!isTable(yield* READ_ONCE(pmdp))) {
      yield* VM_WARN_ON(this, 'pmd_free_pte_page');
      return true;
    }
    const table = page_of(this, yield* this.pte_offset_kernel(pmdp, addr));
    yield* this.pmd_clear(pmdp);
    yield* this.__flush_tlb_kernel_pgtable(addr);
    yield* this.pte_free_kernel(table);
    return true;
  },

  /** Checks every entry, even those without a table: a warning for each (B40). */
  *pud_free_pmd_page(this: Kernel, pudp: EntryPointer, addr: number): Steps<boolean> {
    if (!pud_table(this, yield* READ_ONCE(pudp))) {
      yield* VM_WARN_ON(this, 'pud_free_pmd_page');
      return true;
    }
    const { t } = this.c;
    const table = page_of(this, yield* this.pmd_offset(pudp, addr));
    for (let i = 0; i < t.entries[depthOf(t, 'PMD')]!; i++) {
      yield* this.pmd_free_pte_page(table + i * 8, addr + i * entrySize(t, depthOf(t, 'PMD')));
    }
    yield* this.pud_clear(pudp);
    yield* this.__flush_tlb_kernel_pgtable(addr);
    yield* this.pmd_free(table);
    return true;
  },

  /** Blocks of this size do not exist. */
  *p4d_free_pud_page(this: Kernel, _p4dp: EntryPointer, _addr: number): Steps<boolean> {
    return false;
  },
};

/** 6.1.192, 6.12.117: entries without a table are left alone. */
export const v6_1_192 = {
  *pud_free_pmd_page(this: Kernel, pudp: EntryPointer, addr: number): Steps<boolean> {
    if (!pud_table(this, yield* READ_ONCE(pudp))) {
      yield* VM_WARN_ON(this, 'pud_free_pmd_page');
      return true;
    }
    const { t } = this.c;
    const table = page_of(this, yield* this.pmd_offset(pudp, addr));
    for (let i = 0; i < t.entries[depthOf(t, 'PMD')]!; i++) {
      const pmdp = table + i * 8;
      if (present(this.c, yield* READ_ONCE(pmdp)))
        yield* this.pmd_free_pte_page(pmdp, addr + i * entrySize(t, depthOf(t, 'PMD')));
    }
    yield* this.pud_clear(pudp);
    yield* this.__flush_tlb_kernel_pgtable(addr);
    yield* this.pmd_free(table);
    return true;
  },
};

/**
 * Waits until a walk of ptdump that may have read the table has ended. The kernel skips the lock while no ptdump runs,
 * as a static key tells.
 */
function* wait_for_ptdump(): Steps<void> {
  yield* lock('init_mm.mmap_lock', 'rwsem', 'read');
  yield* unlock('init_mm.mmap_lock', 'rwsem', 'read');
}

/** Blocks even with kernel_page_tables. */
const with_ptdump = {
  *arch_ioremap_pud_supported(this: Kernel): Steps<boolean> {
    return this.c.PAGE_SHIFT === 12;
  },
  *arch_ioremap_pmd_supported(this: Kernel): Steps<boolean> {
    return true;
  },
};

/** 7.1.5: a table of PMDs is unlinked before the tables in it, and waits for ptdump. */
export const v7_1 = {
  ...with_ptdump,

  *pmd_free_pte_page(this: Kernel, pmdp: EntryPointer, addr: number): Steps<boolean> {
    if (!isTable(yield* READ_ONCE(pmdp))) {
      yield* VM_WARN_ON(this, 'pmd_free_pte_page');
      return true;
    }
    const table = page_of(this, yield* this.pte_offset_kernel(pmdp, addr));
    yield* this.pmd_clear(pmdp);
    yield* this.__flush_tlb_kernel_pgtable(addr);
    yield* wait_for_ptdump();
    yield* this.pte_free_kernel(table);
    return true;
  },

  *pud_free_pmd_page(this: Kernel, pudp: EntryPointer, addr: number): Steps<boolean> {
    if (!pud_table(this, yield* READ_ONCE(pudp))) {
      yield* VM_WARN_ON(this, 'pud_free_pmd_page');
      return true;
    }
    const { t } = this.c;
    const size = entrySize(t, depthOf(t, 'PMD'));
    const table = page_of(this, yield* this.pmd_offset(pudp, addr));
    yield* this.pud_clear(pudp);
    yield* this.__flush_tlb_kernel_pgtable(addr);
    yield* wait_for_ptdump();
    for (let i = 0; i < t.entries[depthOf(t, 'PMD')]!; i++) {
      // no other thread can reach the table any more
      if (present(this.c, yield* READ_ONCE(table + i * 8)))
        yield* v5_2.pmd_free_pte_page.call(this, table + i * 8, addr + i * size);
    }
    yield* this.pmd_free(table);
    return true;
  },
};

/** 7.2.13: nothing waits here, since ioremap_try_huge_pmd() excludes ptdump. */
export const v7_2 = {
  ...with_ptdump,
  pmd_free_pte_page: v5_2.pmd_free_pte_page,
  pud_free_pmd_page: v6_1_192.pud_free_pmd_page,
};
