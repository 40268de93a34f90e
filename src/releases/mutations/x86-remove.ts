import { depthOf, entryIndex } from '../../geometry/translation.ts';
import {
  free_table,
  v5_2 as mapping,
  type RemovePagetable,
} from '../../kernel/arch/x86/mm/init_64/remove_pagetable.ts';
import { type EntryPointer, p4d_addr_end, present, READ_ONCE } from '../../kernel/include/linux/pgtable.ts';
import type { Kernel as AnyKernel, vmem_altmap } from '../../kernel/kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done } from '../../kernel/locks.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { v7_2 } from '../mainline/v7.2.ts';

/** The removal of tables of x86-64 without one of the things that protect it. */

type Kernel = AnyKernel & RemovePagetable;

/** A kernel that flushes nothing. */
const without_flush = (k: Kernel): Kernel => ({ ...k, *flush_tlb_all() {} });

/** B10b: the flush at the end is all that takes leaves from the TLBs. */
export const B10b_mutant = defineRelease({
  name: 'v7.2-B10b',
  base: v7_2,
  about: '7.2.13 whose removal of tables of x86-64 does not flush',
  arch: {
    x86_64: {
      *remove_pagetable(
        this: Kernel,
        start: number,
        end: number,
        direct: boolean,
        altmap: vmem_altmap | null,
      ): Steps<void> {
        yield* mapping.remove_pagetable.call(without_flush(this), start, end, direct, altmap);
      },
    },
  },
});

/** B25c: what is flushed before it is cleared comes back. */
export const B25c_mutant = defineRelease({
  name: 'v7.2-B25c',
  base: v7_2,
  about: '7.2.13 whose removal of tables of x86-64 flushes first',
  arch: {
    x86_64: {
      *remove_pagetable(
        this: Kernel,
        start: number,
        end: number,
        direct: boolean,
        altmap: vmem_altmap | null,
      ): Steps<void> {
        yield* this.flush_tlb_all();
        yield* mapping.remove_pagetable.call(without_flush(this), start, end, direct, altmap);
      },
    },
  },
});

/** B14b, B15b, B16b: a table of PUDs may be that of vmalloc, too, where KASLR puts both regions into one root entry. */
export const B14b_mutant = defineRelease({
  name: 'v7.2-B14b',
  base: v7_2,
  about: '7.2.13 that frees tables of PUDs of x86-64 with four levels, too',
  arch: {
    x86_64: {
      *remove_p4d_table(
        this: Kernel,
        p4d_start: EntryPointer,
        addr: number,
        end: number,
        altmap: vmem_altmap | null,
        direct: boolean,
      ): Steps<void> {
        let p4dp = p4d_start;
        if (this.c.t.levels === 5) p4dp += entryIndex(this.c.t, depthOf(this.c.t, 'P4D'), addr) * 8;
        for (let next = addr; addr < end; addr = next, p4dp += 8) {
          next = p4d_addr_end(this.c, addr, end);
          if (!present(this.c, yield* READ_ONCE(p4dp))) continue;
          const pud_base = yield* this.pud_offset(p4dp, 0);
          yield* this.remove_pud_table(pud_base, addr, next, altmap, direct);
          yield* this.free_pud_table(pud_base, p4dp);
        }
      },
    },
  },
});

/** B14c, B17b: nobody looks whether anything is left in a table. */
export const x86_B17b_mutant = defineRelease({
  name: 'v7.2-B17b',
  base: v7_2,
  about: '7.2.13 without the scan for entries that are left in a table of x86-64',
  arch: {
    x86_64: {
      *free_pte_table(this: Kernel, _: EntryPointer, pmd: EntryPointer): Steps<void> {
        yield* free_table(this, pmd, this.pmd_clear);
      },
      *free_pmd_table(this: Kernel, _: EntryPointer, pud: EntryPointer): Steps<void> {
        yield* free_table(this, pud, this.pud_clear);
      },
      *free_pud_table(this: Kernel, _: EntryPointer, p4d: EntryPointer): Steps<void> {
        yield* free_table(this, p4d, this.p4d_clear);
      },
    },
  },
});

/** B18b: entries are read again and again, under mem_hotplug_lock alone. */
export const B18b_mutant = defineRelease({
  name: 'v7.2-B18b',
  base: v7_2,
  about: '7.2.13 that gives up mem_hotplug_lock while it removes the linear map of x86-64',
  arch: {
    x86_64: {
      *kernel_physical_mapping_remove(this: Kernel, start: number, end: number): Steps<void> {
        yield* mem_hotplug_done();
        yield* mapping.kernel_physical_mapping_remove.call(this, start, end);
        yield* mem_hotplug_begin();
      },
    },
  },
});

/** B26b: what one invalidation of arm64 does for a contiguous group, it does on x86-64 for one page. */
export const B26b_mutant = defineRelease({
  name: 'v7.2-B26b',
  base: v7_2,
  about: '7.2.13 that executes one INVLPG on x86-64 for what sixteen entries map',
  arch: {
    x86_64: {
      *remove_pagetable(
        this: Kernel,
        start: number,
        end: number,
        direct: boolean,
        altmap: vmem_altmap | null,
      ): Steps<void> {
        yield* mapping.remove_pagetable.call(without_flush(this), start, end, direct, altmap);
        const { PAGE_SIZE } = this.c;
        for (let addr = start; addr < end; addr += 16 * PAGE_SIZE)
          yield* this.flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
      },
    },
  },
});
