import { is_folded } from '../../../../../geometry/blocks.ts';
import { depth_of, entry_size } from '../../../../../geometry/translation.ts';
import { INVALID } from '../../../../../hardware/descriptor.ts';
import type { WordRun } from '../../../../../hardware/words.ts';
import type { Steps } from '../../../../../steps/step.ts';
import {
  addr_end,
  type EntryPointer,
  leaf_address,
  none,
  pmd_leaf,
  pud_leaf,
  READ_ONCE,
  READ_RUN,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel, vmem_altmap } from '../../../../kernel.ts';
import { cont } from '../../include/asm/pgtable.ts';
import { before, check_present, entries, left, side_by_side } from './hotunplug_range.ts';

/** arch/arm64/mm/mmu.c: the first pass of a tear-down, the leaves (FACTS 2.7, 2.8). */

export const S0 = {
  /** Pass 1: clear the leaves of [addr, end); `sparse` frees what they map. */
  *unmap_hotplug_range(
    this: Kernel,
    addr: number,
    end: number,
    sparse: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    do {
      const next = addr_end(this.c.t, 'PGD', addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      const pgd = yield* READ_ONCE(pgdp);
      if (!none(pgd)) {
        yield* check_present(this, 'unmap_hotplug_range', pgd);
        yield* this.unmap_hotplug_p4d_range(pgdp, addr, next, sparse, altmap);
      }
      addr = next;
    } while (before(addr, end));
  },

  *unmap_hotplug_p4d_range(
    this: Kernel,
    pgdp: EntryPointer,
    addr: number,
    end: number,
    sparse: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    if (is_folded(this.c.t, 'P4D')) {
      yield* this.unmap_hotplug_pud_range(pgdp, addr, end, sparse, altmap);
      return;
    }
    do {
      const p4dp = yield* this.p4d_offset(pgdp, addr);
      const { run, next } = yield* entries(this, 'P4D', p4dp, addr, end);
      if (!none(run)) yield* this.unmap_hotplug_pud_range(p4dp, addr, next, sparse, altmap);
      addr = next;
    } while (before(addr, end));
  },

  *unmap_hotplug_pud_range(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    end: number,
    sparse: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    do {
      const pudp = yield* this.pud_offset(p4dp, addr);
      const all = yield* entries(this, 'PUD', pudp, addr, end);
      const { run } = all;
      let { next } = all;
      if (!none(run)) {
        yield* check_present(this, 'unmap_hotplug_pud_range', run);
        if (pud_leaf(this.c, run))
          yield* this.unmap_hotplug_leaf('PUD', pudp, run, addr, next, sparse, altmap);
        else {
          if (run.n > 1) next = addr_end(this.c.t, 'PUD', addr, end);
          yield* this.unmap_hotplug_pmd_range(pudp, addr, next, sparse, altmap);
        }
      }
      addr = next;
    } while (before(addr, end));
  },

  *unmap_hotplug_pmd_range(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    sparse: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    do {
      const pmdp = yield* this.pmd_offset(pudp, addr);
      const all = yield* entries(this, 'PMD', pmdp, addr, end);
      const { run } = all;
      let { next } = all;
      if (!none(run)) {
        yield* check_present(this, 'unmap_hotplug_pmd_range', run);
        if (pmd_leaf(this.c, run))
          yield* this.unmap_hotplug_leaf('PMD', pmdp, run, addr, next, sparse, altmap);
        else {
          if (!side_by_side(this, run)) next = addr_end(this.c.t, 'PMD', addr, end);
          yield* this.unmap_hotplug_pte_range(pmdp, addr, next, sparse, altmap);
        }
      }
      addr = next;
    } while (before(addr, end));
  },

  /** Under one PMD entry, or several whose tables lie side by side. */
  *unmap_hotplug_pte_range(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    sparse: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    const { t, PAGE_SIZE, run_limit } = this.c;
    const size = entry_size(t, t.levels - 2);
    const first = Math.floor(addr / size);
    do {
      const ptep = yield* this.pte_offset_kernel(pmdp + (Math.floor(addr / size) - first) * 8, addr);
      const run = yield* READ_RUN(
        ptep,
        Math.min(run_limit, Math.ceil(left(addr, end, PAGE_SIZE) / PAGE_SIZE)),
      );
      const next = addr + run.n * PAGE_SIZE;
      if (!none(run)) {
        yield* check_present(this, 'unmap_hotplug_pte_range', run);
        yield* this.unmap_hotplug_leaf('PTE', ptep, run, addr, next, sparse, altmap);
      }
      addr = next;
    } while (before(addr, end));
  },

  /** Clear, flush the range, free. A block goes as a whole, however little of it is in the range (B27). */
  *unmap_hotplug_leaf(
    this: Kernel,
    level: 'PTE' | 'PMD' | 'PUD',
    p: EntryPointer,
    run: WordRun,
    addr: number,
    next: number,
    sparse: boolean,
    _altmap: vmem_altmap | null,
  ): Steps<void> {
    if (run.n > 1 && cont(run)) {
      yield* this.unmap_hotplug_group(level, p, run, addr, next, sparse, _altmap);
      return;
    }
    yield* this.clear_leaf(level, p, run.n);
    yield* this.flush_tlb_kernel_range(addr, addr + (next - addr) / run.n, run.n);
    if (sparse) yield* this.free_hotplug_leaf(level, run, null);
  },

  /** Leaves one after the other. Of a contiguous group a CPU may cache all as long as one is left (B26). */
  *unmap_hotplug_group(
    this: Kernel,
    level: 'PTE' | 'PMD' | 'PUD',
    p: EntryPointer,
    run: WordRun,
    addr: number,
    next: number,
    sparse: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    const size = (next - addr) / run.n;
    for (let i = 0; i < run.n; i++) {
      const one = { ...run, pa: run.pa + i * 8, n: 1, addr: run.addr + i * run.stride };
      const at = addr + i * size;
      yield* this.unmap_hotplug_leaf(level, p + i * 8, one, at, at + size, sparse, altmap);
    }
  },

  *clear_leaf(this: Kernel, level: 'PTE' | 'PMD' | 'PUD', p: EntryPointer, n: number): Steps<void> {
    if (level === 'PTE') yield* this.set_pte(p, INVALID, n);
    else yield* this.set_pxd(p, INVALID, n);
  },

  /** What a leaf, or a run of them, mapped goes back to where it came from. */
  *free_hotplug_leaf(
    this: Kernel,
    level: 'PTE' | 'PMD' | 'PUD',
    run: WordRun,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    const size = entry_size(this.c.t, depth_of(this.c.t, level));
    if (run.n === 1 || run.stride === size) {
      yield* this.free_hotplug_page_range(leaf_address(this.c, run), run.n * size, altmap);
      return;
    }
    for (let i = 0; i < run.n; i++) {
      const entry = { addr: run.addr + i * run.stride, attr: run.attr };
      yield* this.free_hotplug_page_range(leaf_address(this.c, entry), size, altmap);
    }
  },
};

export const v5_7 = {
  /** A block needs one invalidation, anywhere in it: blocks go one by one. */
  *unmap_hotplug_leaf(
    this: Kernel,
    level: 'PTE' | 'PMD' | 'PUD',
    p: EntryPointer,
    run: WordRun,
    addr: number,
    next: number,
    free_mapped: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    if (run.n > 1 && (cont(run) || level !== 'PTE')) {
      yield* this.unmap_hotplug_group(level, p, run, addr, next, free_mapped, altmap);
      return;
    }
    yield* this.clear_leaf(level, p, run.n);
    yield* this.flush_tlb_kernel_range(addr, addr + this.c.PAGE_SIZE, run.n);
    if (free_mapped) yield* this.free_hotplug_leaf(level, run, altmap);
  },
};

/** 6.1.192, 6.12.117, v7.1 (48478b9f7913): the leaves of the linear map are flushed at once, after the last (B26). */
export const v6_1_192 = {
  *unmap_hotplug_range(
    this: Kernel,
    addr: number,
    end: number,
    free_mapped: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    if (!free_mapped && altmap) yield* this.WARN('unmap_hotplug_range');
    yield* S0.unmap_hotplug_range.call(this, addr, end, free_mapped, altmap);
    if (!free_mapped) yield* this.flush_tlb_kernel_range(addr, end);
  },

  *unmap_hotplug_leaf(
    this: Kernel,
    level: 'PTE' | 'PMD' | 'PUD',
    p: EntryPointer,
    run: WordRun,
    addr: number,
    next: number,
    free_mapped: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    if (!free_mapped) {
      yield* this.clear_leaf(level, p, run.n);
      return;
    }
    if (cont(run)) yield* this.WARN('unmap_hotplug_leaf');
    yield* v5_7.unmap_hotplug_leaf.call(this, level, p, run, addr, next, free_mapped, altmap);
  },
};
