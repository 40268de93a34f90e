import * as hotunplug_v5 from '../../kernel/arch/arm64/mm/mmu/hotunplug_v5.ts';
import { lacks_table } from '../../kernel/include/linux/mm/pgalloc.ts';
import {
  addr_end,
  type EntryPointer,
  leaf_entry,
  none,
  pgd_addr_end,
  READ_ONCE,
} from '../../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { get_online_mems, put_online_mems } from '../../kernel/locks.ts';
import { PTL } from '../../kernel/mm/memory/pgalloc.ts';
import * as vmalloc_unmap from '../../kernel/mm/vmalloc/unmap.ts';
import * as vmalloc from '../../kernel/mm/vmalloc/vmalloc.ts';
import { lock, unlock } from '../../kernel/ops.ts';
import { PFN_PHYS } from '../../kernel/pfn.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease, type Functions } from '../define.ts';
import { arm64_v5 } from './arm64-v5.ts';

/**
 * The four solutions for the conflict between vmalloc and memory hot-remove that are named in the mail threads of V5
 * and V6 of arm64 memory hot-remove, each on V5:
 * nothing else of V5 is mended (B10 to B13).
 */

/**
 * A table cannot be allocated under the page table lock. A walk under the lock reports the missing table; the lock is
 * dropped, and the walk continues from the same address with an allocated page.
 */
interface Supply {
  page: { readonly level: TableLevel; readonly phys: number } | null;
  wanted: TableLevel | null;
}
type TableLevel = 'P4D' | 'PUD' | 'PMD' | 'PTE';

/** The arguments of vmap_page_range_noflush(), and the progress of the mapping. */
interface Mapping {
  readonly prot: number;
  readonly pages: readonly number[];
  nr: number;
  readonly supply: Supply;
}

/** The entry for `addr` in the table of the level; null if the table is missing and no page is available for it. */
function* entry_of(
  k: Kernel,
  level: TableLevel,
  parentp: EntryPointer,
  addr: number,
  { supply }: Mapping,
): Steps<EntryPointer | null> {
  if (yield* lacks_table(k, level, parentp)) {
    if (supply.page?.level !== level) {
      supply.wanted = level;
      return null;
    }
    const populate = {
      P4D: k.pgd_populate,
      PUD: k.p4d_populate,
      PMD: k.pud_populate,
      PTE: k.pmd_populate_kernel,
    };
    yield* populate[level].call(k, parentp, supply.page.phys);
    supply.page = null;
  }
  const offset = { P4D: k.p4d_offset, PUD: k.pud_offset, PMD: k.pmd_offset, PTE: k.pte_offset_kernel };
  return yield* offset[level].call(k, parentp, addr);
}

function* map_ptes(
  k: Kernel,
  pmdp: EntryPointer,
  addr: number,
  end: number,
  mapping: Mapping,
): Steps<number> {
  let ptep = yield* entry_of(k, 'PTE', pmdp, addr, mapping);
  if (ptep === null) return -k.errno.ENOMEM;
  for (; addr !== end; addr += k.c.PAGE_SIZE, ptep += 8) {
    if (!none(yield* READ_ONCE(ptep))) {
      yield* k.WARN('vmap_pte_range');
      return -k.errno.EBUSY;
    }
    yield* k.set_pte(ptep, leaf_entry(k.c, PFN_PHYS(k.c, mapping.pages[mapping.nr]!), mapping.prot));
    mapping.nr++;
  }
  return 0;
}

const BELOW = { P4D: 'PUD', PUD: 'PMD', PMD: 'PTE' } as const;

function* map_level(
  k: Kernel,
  level: keyof typeof BELOW,
  parentp: EntryPointer,
  addr: number,
  end: number,
  mapping: Mapping,
): Steps<number> {
  let p = yield* entry_of(k, level, parentp, addr, mapping);
  if (p === null) return -k.errno.ENOMEM;
  const below = BELOW[level];
  for (let next = addr; addr !== end; addr = next, p += 8) {
    next = addr_end(k.c.t, level, addr, end);
    const failed =
      below === 'PTE'
        ? yield* map_ptes(k, p, addr, next, mapping)
        : yield* map_level(k, below, p, addr, next, mapping);
    if (failed) return -k.errno.ENOMEM;
  }
  return 0;
}

/** vmap_page_range_noflush() from the current position of the mapping. */
function* map_range(k: Kernel, start: number, end: number, mapping: Mapping): Steps<number> {
  for (let addr = start, next = addr; addr !== end; addr = next) {
    next = pgd_addr_end(k.c, addr, end);
    const pgdp = yield* k.pgd_offset_k(addr);
    const err = yield* map_level(k, 'P4D', pgdp, addr, next, mapping);
    if (err) return err;
  }
  return mapping.nr;
}

function* give_back(k: Kernel, supply: Supply): Steps<void> {
  const free = { P4D: k.p4d_free, PUD: k.pud_free, PMD: k.pmd_free, PTE: k.pte_free_kernel };
  if (supply.page) yield* free[supply.page.level].call(k, supply.page.phys);
  supply.page = null;
}

/** vmalloc walks and writes leaves under the page table lock. ioremap is unchanged. */
const locked: Functions = {
  *vmap_page_range_noflush(
    this: Kernel,
    start: number,
    end: number,
    prot: number,
    pages: readonly number[],
  ): Steps<number> {
    if (start >= end) yield* this.BUG('vmap_page_range_noflush');
    const supply: Supply = { page: null, wanted: null };
    const mapping: Mapping = { prot, pages, nr: 0, supply };
    let ret: number;
    for (;;) {
      supply.wanted = null;
      yield* lock(PTL, 'spinlock');
      ret = yield* map_range(this, start + mapping.nr * this.c.PAGE_SIZE, end, mapping);
      yield* unlock(PTL, 'spinlock');
      if (supply.wanted === null) break;
      yield* give_back(this, supply);
      const alloc = {
        P4D: this.p4d_alloc_one,
        PUD: this.pud_alloc_one,
        PMD: this.pmd_alloc_one,
        PTE: this.pte_alloc_one_kernel,
      };
      const phys = yield* alloc[supply.wanted as TableLevel].call(this, start);
      if (phys < 0) break;
      supply.page = { level: supply.wanted, phys };
    }
    yield* give_back(this, supply);
    return ret;
  },

  /** Without the lock, clearing the guard page's entry, which is empty, could write to a table that has been freed. */
  *vunmap_page_range(this: Kernel, addr: number, end: number): Steps<void> {
    yield* lock(PTL, 'spinlock');
    yield* vmalloc_unmap.v5_2.vunmap_page_range.call(this, addr, end);
    yield* unlock(PTL, 'spinlock');
  },
};

export const option_1 = defineRelease({
  name: 'option-1',
  base: arm64_v5,
  about: 'V5, and vmalloc under the page table lock',
  arch: { arm64: locked },
});

/** A caller inside a hotplug operation waits for itself (B98). */
function* without_hotplug<T>(body: Steps<T>): Steps<T> {
  yield* get_online_mems();
  const value = yield* body;
  yield* put_online_mems();
  return value;
}

export const option_2 = defineRelease({
  name: 'option-2',
  base: arm64_v5,
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
  base: arm64_v5,
  about: 'V5, but the tables of the memmap stay',
  arch: {
    arm64: {
      *free_pte_table(this: Kernel, ptep: EntryPointer, pmdp: EntryPointer, addr: number): Steps<void> {
        if (!in_vmemmap(this, addr)) yield* hotunplug_v5.arm64_v5.free_pte_table.call(this, ptep, pmdp, addr);
      },
      *free_pmd_table(this: Kernel, pmdp: EntryPointer, pudp: EntryPointer, addr: number): Steps<void> {
        if (!in_vmemmap(this, addr)) yield* hotunplug_v5.arm64_v5.free_pmd_table.call(this, pmdp, pudp, addr);
      },
      *free_pud_table(this: Kernel, pudp: EntryPointer, pgdp: EntryPointer, addr: number): Steps<void> {
        if (!in_vmemmap(this, addr)) yield* hotunplug_v5.arm64_v5.free_pud_table.call(this, pudp, pgdp, addr);
      },
    },
  },
});

export const option_4 = defineRelease({
  name: 'option-4',
  base: arm64_v5,
  about: 'V5, built only where vmalloc and vmemmap share no table but the root',
  constants: { disjoint_layout: true },
});

export const options = [option_1, option_2, option_3, option_4];
