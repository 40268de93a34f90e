import type { WordRun } from '../hardware/words.ts';
import * as hotunplug from '../kernel/arch/arm64/hotunplug.ts';
import * as arm64_mmu from '../kernel/arch/arm64/mmu.ts';
import * as table_pages from '../kernel/arch/arm64/table_pages.ts';
import type { Kernel, vmem_altmap } from '../kernel/kernel.ts';
import type { Steps } from '../steps/step.ts';
import { defineRelease } from './define.ts';
import { S0 } from './S0.ts';
import { v5_2 } from './v5.2.ts';
import { v5_4 } from './v5.4.ts';
import { v7_2 } from './v7.2.ts';

/** Kernels with one thing wrong that no release ever had: what the catalogue lists as mutations. */

/** B80: a vetoed offline forgets to undo the isolation. */
export const B80_mutant = defineRelease({
  name: 'v5.4-B80',
  base: v5_4,
  about: '5.4.195 without undo_isolate_page_range',
  functions: {
    *undo_isolate_page_range(this: Kernel, _zone: number, _start: number, _end: number): Steps<void> {},
  },
});

/** get_order() of include/asm-generic: of bytes. */
const get_order = (size: number, page_size: number): number =>
  Math.max(0, Math.ceil(Math.log2(size / page_size)));

/** B33b: v5.2 as seed 000 wanted to have it, with memory hot-remove and with it a vmemmap_free that frees. */
export const B33b = defineRelease({
  name: 'v5.2-S0',
  base: v5_2,
  about: 'arm64 hot-remove V6 (seed 000) on 5.2.1',
  arch: { arm64: { ...arm64_mmu.S0, ...hotunplug.S0 } },
});

/** B36: destructors for tables that have had no constructor. */
export const B36_mutant = defineRelease({
  name: 'S0-B36',
  base: S0,
  about: 'arm64 hot-remove V2: the destructor is called',
  arch: { arm64: { destroy_hotplug_table: table_pages.v7_1.destroy_hotplug_table } },
});

/** B36, the other way round: what mainline was between the constructor and the fix of hot-remove. */
export const B36b_mutant = defineRelease({
  name: 'v7.2-B36b',
  base: v7_2,
  about: '7.1.5 without pagetable_dtor() in free_hotplug_pgtable_page()',
  arch: { arm64: { destroy_hotplug_table: table_pages.v5_2.destroy_hotplug_table } },
});

const free_order = (k: Kernel, phys: number, order: number): Steps<void> =>
  table_pages.v5_2.free_hotplug_page_range.call(k, phys, 2 ** order * k.c.PAGE_SIZE, null);

/** Entry by entry, as the kernel frees what leaves map. */
const one_by_one = {
  *free_hotplug_leaf(
    this: Kernel,
    level: 'PTE' | 'PMD' | 'PUD',
    run: WordRun,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    for (let i = 0; i < run.n; i++) {
      const entry = { ...run, n: 1, addr: run.addr + i * run.stride };
      yield* hotunplug.S0.free_hotplug_leaf.call(this, level, entry, altmap);
    }
  },
};

/** B38: an order where a size is wanted. */
export const B38_mutant = defineRelease({
  name: 'S0-B38',
  base: S0,
  about: 'seed 000 with free_hotplug_page_range(page, get_order(size))',
  arch: {
    arm64: {
      ...one_by_one,
      *free_hotplug_page_range(
        this: Kernel,
        phys: number,
        size: number,
        _altmap: vmem_altmap | null,
      ): Steps<void> {
        const { PAGE_SIZE } = this.c;
        yield* free_order(this, phys, get_order(get_order(size, PAGE_SIZE), PAGE_SIZE));
      },
    },
  },
});

/** B38: pages where an order is wanted. */
export const B38b_mutant = defineRelease({
  name: 'S0-B38b',
  base: S0,
  about: 'seed 000 with free_pages(addr, get_order(size) >> PAGE_SHIFT)',
  arch: {
    arm64: {
      ...one_by_one,
      *free_hotplug_page_range(
        this: Kernel,
        phys: number,
        size: number,
        _altmap: vmem_altmap | null,
      ): Steps<void> {
        yield* free_order(this, phys, get_order(size, this.c.PAGE_SIZE) >> this.c.PAGE_SHIFT);
      },
    },
  },
});
