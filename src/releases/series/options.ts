import { TABLE_BIT, VALID } from '../../hardware/descriptor.ts';
import * as hotunplug_v5 from '../../kernel/arch/arm64/mm/mmu/hotunplug_v5.ts';
import { type EntryPointer, table_entry } from '../../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { get_online_mems, put_online_mems } from '../../kernel/locks.ts';
import * as pgalloc from '../../kernel/mm/memory/pgalloc.ts';
import { PTL, type TableSupply } from '../../kernel/mm/memory/pgalloc.ts';
import * as vmalloc_map from '../../kernel/mm/vmalloc/map.ts';
import * as vmalloc_unmap from '../../kernel/mm/vmalloc/unmap.ts';
import * as vmalloc from '../../kernel/mm/vmalloc/vmalloc.ts';
import { lock, unlock } from '../../kernel/ops.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease, type Functions } from '../define.ts';
import { S1 } from './arm64-v5.ts';

/**
 * The four ways out of the conflict between vmalloc and memory hot-remove that the threads of V5 and V6 of arm64 memory hot-remove name, each on V5:
 * nothing else of V5 is mended (B10 to B13).
 */

/**
 * vmalloc walks and writes leaves under the page table lock. A table cannot be allocated there: the walk says what it lacks,
 * the lock is dropped, and the walk begins again, where it had come to, with a page in hand.
 */
const locked: Functions = {
  *vmap_page_range_noflush(
    this: Kernel,
    start: number,
    end: number,
    args: vmalloc_map.VmapArgs,
  ): Steps<number> {
    const supply: TableSupply = { page: null, wanted: null };
    const mine = { ...args, supply };
    let ret: number;
    for (;;) {
      supply.wanted = null;
      yield* lock(PTL, 'spinlock');
      const from = start + mine.nr * this.c.PAGE_SIZE;
      ret = yield* vmalloc_map.v5_2.vmap_page_range_noflush.call(this, from, end, mine);
      yield* unlock(PTL, 'spinlock');
      if (supply.wanted === null) break;
      yield* give_back(this, supply);
      const { phys } = yield* this.pgtable_alloc(supply.wanted, 1);
      if (phys < 0) break;
      supply.page = { level: supply.wanted, phys };
    }
    yield* give_back(this, supply);
    return ret;
  },

  *__pgtable_alloc(
    this: Kernel,
    level: 'P4D' | 'PUD' | 'PMD' | 'PTE',
    parentp: EntryPointer,
    supply: TableSupply | null,
  ): Steps<number> {
    // ioremap goes on as before
    if (!supply) return yield* pgalloc.v5_2.__pgtable_alloc.call(this, level, parentp, supply);
    if (supply.page?.level !== level) {
      supply.wanted = level;
      return -this.errno.ENOMEM;
    }
    yield* this.set_pxd(parentp, table_entry(this.c, supply.page.phys, VALID | TABLE_BIT));
    supply.page = null;
    return 0;
  },

  /** Clearing the guard page's entry, which is empty, would otherwise be a write to a table that may have gone. */
  *vunmap_page_range(this: Kernel, addr: number, end: number): Steps<void> {
    yield* lock(PTL, 'spinlock');
    yield* vmalloc_unmap.v5_2.vunmap_page_range.call(this, addr, end);
    yield* unlock(PTL, 'spinlock');
  },
};

function* give_back(k: Kernel, supply: TableSupply): Steps<void> {
  if (supply.page) yield* k.pgtable_free(supply.page.level, supply.page.phys);
  supply.page = null;
}

export const option_1 = defineRelease({
  name: 'option-1',
  base: S1,
  about: 'V5, and vmalloc under the page table lock',
  arch: { arm64: locked },
});

/** Whoever calls from inside a hotplug operation waits for himself (B98). */
function* without_hotplug<T>(body: Steps<T>): Steps<T> {
  yield* get_online_mems();
  const value = yield* body;
  yield* put_online_mems();
  return value;
}

export const option_2 = defineRelease({
  name: 'option-2',
  base: S1,
  about: 'V5, and vmalloc under the read side of mem_hotplug_lock',
  arch: {
    arm64: {
      *__vmalloc_node_range(
        this: Kernel,
        ...args: Parameters<typeof vmalloc.v5_2.__vmalloc_node_range>
      ): Steps<number> {
        return yield* without_hotplug(vmalloc.v5_2.__vmalloc_node_range.call(this, ...args));
      },
      *vfree(this: Kernel, addr: number): Steps<void> {
        yield* without_hotplug(vmalloc.v5_2.vfree.call(this, addr));
      },
      *vmap(this: Kernel, pages: readonly number[], prot: number): Steps<number> {
        return yield* without_hotplug(vmalloc.v5_2.vmap.call(this, pages, prot));
      },
      *vunmap(this: Kernel, addr: number): Steps<void> {
        yield* without_hotplug(vmalloc.v5_2.vunmap.call(this, addr));
      },
    },
  },
});

const in_vmemmap = ({ c }: Kernel, addr: number): boolean => addr >= c.VMEMMAP_START && addr < c.VMEMMAP_END;

/** What V6 does. */
export const option_3 = defineRelease({
  name: 'option-3',
  base: S1,
  about: 'V5, but the tables of the memmap stay',
  arch: {
    arm64: {
      *free_pte_table(this: Kernel, ptep: EntryPointer, pmdp: EntryPointer, addr: number): Steps<void> {
        if (!in_vmemmap(this, addr)) yield* hotunplug_v5.S1.free_pte_table.call(this, ptep, pmdp, addr);
      },
      *free_pmd_table(this: Kernel, pmdp: EntryPointer, pudp: EntryPointer, addr: number): Steps<void> {
        if (!in_vmemmap(this, addr)) yield* hotunplug_v5.S1.free_pmd_table.call(this, pmdp, pudp, addr);
      },
      *free_pud_table(this: Kernel, pudp: EntryPointer, pgdp: EntryPointer, addr: number): Steps<void> {
        if (!in_vmemmap(this, addr)) yield* hotunplug_v5.S1.free_pud_table.call(this, pudp, pgdp, addr);
      },
    },
  },
});

export const option_4 = defineRelease({
  name: 'option-4',
  base: S1,
  about: 'V5, built only where vmalloc and vmemmap share no table but the root',
  constants: { disjoint_layout: true },
});

export const options = [option_1, option_2, option_3, option_4];
