import { is_folded } from '../../../geometry/blocks.ts';
import { depth_of, entry_index, entry_size, type LevelName } from '../../../geometry/translation.ts';
import { type Descriptor, INVALID } from '../../../hardware/descriptor.ts';
import type { WordRun } from '../../../hardware/words.ts';
import type { Steps } from '../../../steps/step.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';
import {
  addr_end,
  cont,
  type EntryPointer,
  leaf_address,
  none,
  pmd_leaf,
  present,
  pud_leaf,
  READ_ONCE,
  READ_RUN,
  table_page,
} from './pgtable.ts';

/**
 * arch/arm64/mm/mmu.c: taking down a range of the kernel's tables in two passes, leaves first (FACTS 2.7, 2.8). Addresses
 * compare as the kernel's unsigned ones do: a range that ends with the address space ends at 0 (B30).
 */

/** addr < end */
const before = (addr: number, end: number): boolean => end !== 0 && (addr === 0 || addr < end);

type UpperLevel = 'PMD' | 'PUD' | 'P4D' | 'PGD';

/** Bytes of the range left below this table of the level: the wrap has one entry's worth and no more. */
const left = (addr: number, end: number, size: number): number =>
  end === 0 ? size : Math.max(size, end - addr);

/** Whether a run of table entries points to tables side by side, so that their entries continue each other. */
const side_by_side = (k: Kernel, run: WordRun): boolean => run.n === 1 || run.stride === k.c.PAGE_SIZE;

/**
 * The entries of a level from `p` on that are alike, within the range: whole ones in one step, where runs are taken at all.
 */
function* entries(
  k: Kernel,
  level: LevelName,
  p: EntryPointer,
  addr: number,
  end: number,
): Steps<{ run: WordRun; next: number }> {
  const { t } = k.c;
  const size = entry_size(t, depth_of(t, level));
  const in_table = t.entries[depth_of(t, level)]! - entry_index(t, depth_of(t, level), addr);
  const whole = addr % size === 0 ? Math.floor(left(addr, end, size) / size) : 1;
  const limit = is_folded(t, level) ? 1 : Math.max(1, Math.min(k.c.run_limit, whole, in_table));
  const run = yield* READ_RUN(p, limit);
  const first_end = level === 'PTE' ? addr + size : addr_end(t, level, addr, end);
  return { run, next: run.n > 1 ? addr + run.n * size : first_end };
}

/** What both passes say of a table entry; a block where a table must be is none of theirs. */
function* check_present(k: Kernel, where: string, d: Descriptor): Steps<void> {
  if (!present(d)) yield* k.WARN(where);
}

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
        if (pud_leaf(this.c.t, run))
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
        if (pmd_leaf(this.c.t, run))
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

  /** Members of contiguous groups, one after the other: as long as one is left, a CPU may cache all of the group (B26). */
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

  /** Pass 2: free the tables of [addr, end) in which nothing is left. */
  *free_empty_tables(this: Kernel, addr: number, end: number, floor: number, ceiling: number): Steps<void> {
    do {
      const next = addr_end(this.c.t, 'PGD', addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      if (!none(yield* READ_ONCE(pgdp))) yield* this.free_empty_p4d_table(pgdp, addr, next, floor, ceiling);
      addr = next;
    } while (before(addr, end));
  },

  *free_empty_p4d_table(
    this: Kernel,
    pgdp: EntryPointer,
    addr: number,
    end: number,
    floor: number,
    ceiling: number,
  ): Steps<void> {
    const start = addr;
    if (is_folded(this.c.t, 'P4D')) {
      yield* this.free_empty_pud_table(pgdp, addr, end, floor, ceiling);
      return;
    }
    do {
      const next = addr_end(this.c.t, 'P4D', addr, end);
      const p4dp = yield* this.p4d_offset(pgdp, addr);
      if (!none(yield* READ_ONCE(p4dp))) yield* this.free_empty_pud_table(p4dp, addr, next, floor, ceiling);
      addr = next;
    } while (before(addr, end));
    yield* this.free_empty_table('PGD', 'P4D', pgdp, start, end, floor, ceiling);
  },

  *free_empty_pud_table(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    end: number,
    floor: number,
    ceiling: number,
  ): Steps<void> {
    const start = addr;
    do {
      const next = addr_end(this.c.t, 'PUD', addr, end);
      const pudp = yield* this.pud_offset(p4dp, addr);
      const pud = yield* READ_ONCE(pudp);
      if (!none(pud)) {
        if (!present(pud) || pud_leaf(this.c.t, pud)) yield* this.WARN('free_empty_pud_table');
        yield* this.free_empty_pmd_table(pudp, addr, next, floor, ceiling);
      }
      addr = next;
    } while (before(addr, end));
    yield* this.free_empty_table('P4D', 'PUD', p4dp, start, end, floor, ceiling);
  },

  *free_empty_pmd_table(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    floor: number,
    ceiling: number,
  ): Steps<void> {
    const start = addr;
    do {
      const pmdp = yield* this.pmd_offset(pudp, addr);
      const all = yield* entries(this, 'PMD', pmdp, addr, end);
      const { run } = all;
      let { next } = all;
      if (!none(run)) {
        if (!present(run) || pmd_leaf(this.c.t, run)) yield* this.WARN('free_empty_pmd_table');
        const together = side_by_side(this, run) && (yield* this.all_empty(run));
        if (run.n > 1 && !together) next = addr_end(this.c.t, 'PMD', addr, end);
        yield* this.free_empty_pte_table(pmdp, addr, next, floor, ceiling);
      }
      addr = next;
    } while (before(addr, end));
    yield* this.free_empty_table('PUD', 'PMD', pudp, start, end, floor, ceiling);
  },

  /** Whether several tables side by side hold nothing at all; of one table nothing is said here. */
  *all_empty(this: Kernel, run: WordRun): Steps<boolean> {
    if (run.n === 1) return false;
    const words = run.n * this.c.t.entries.at(-1)!;
    const inside = yield* READ_RUN(table_page(this, run), words);
    return none(inside) && inside.n === words;
  },

  /** One PTE table, or several empty ones side by side. */
  *free_empty_pte_table(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    floor: number,
    ceiling: number,
  ): Steps<void> {
    const { t, PAGE_SIZE, run_limit } = this.c;
    const start = addr;
    do {
      const ptep = yield* this.pte_offset_kernel(pmdp, addr);
      const run = yield* READ_RUN(
        ptep,
        Math.min(run_limit, Math.ceil(left(addr, end, PAGE_SIZE) / PAGE_SIZE)),
      );
      if (!none(run)) yield* this.WARN('free_empty_pte_table');
      addr += run.n * PAGE_SIZE;
    } while (before(addr, end));
    const tables = Math.max(1, Math.floor(left(start, end, 0) / entry_size(t, t.levels - 2)));
    yield* this.free_empty_table(
      t.name[t.levels - 2] as UpperLevel,
      'PTE',
      pmdp,
      start,
      end,
      floor,
      ceiling,
      tables,
    );
  },

  /**
   * Free the table under an entry, if all of it is empty. `tables` side by side are freed in one step. The mask of
   * the floor and ceiling is what the entry covers.
   */
  *free_empty_table(
    this: Kernel,
    parent: UpperLevel,
    level: 'P4D' | 'PUD' | 'PMD' | 'PTE',
    p: EntryPointer,
    start: number,
    end: number,
    floor: number,
    ceiling: number,
    tables = 1,
  ): Steps<void> {
    const { t } = this.c;
    if (is_folded(t, level)) return;
    const cover = entry_size(t, depth_of(t, parent));
    if (!(yield* this.pgtable_range_aligned(start, end, floor, ceiling, cover))) return;
    const table = table_page(this, yield* READ_ONCE(p));
    const words = t.entries[t.name.indexOf(level)]! * tables;
    for (let i = 0; i < words; ) {
      const run = yield* READ_RUN(table + i * 8, Math.min(this.c.run_limit, words - i));
      if (!none(run)) return;
      i += run.n;
    }
    yield* this.set_pxd(p, INVALID, tables);
    yield* this.__flush_tlb_kernel_pgtable(start, tables === 1 ? 1 : (tables * cover) / this.c.PAGE_SIZE);
    yield* this.free_hotplug_pgtable_page(level, table, tables);
  },

  /** V6 knew no floor and no ceiling. */
  *pgtable_range_aligned(
    this: Kernel,
    _start: number,
    _end: number,
    _floor: number,
    _ceiling: number,
    _size: number,
  ): Steps<boolean> {
    return true;
  },

  *__remove_pgd_mapping(this: Kernel, start: number, size: number): Steps<void> {
    const end = start + size;
    yield* this.unmap_hotplug_range(start, end, false, null);
    yield* this.free_empty_tables(start, end, this.c.PAGE_OFFSET, this.c.PAGE_END);
  },

  /** Option 3 of FACTS 6: the tables of the memmap stay. */
  *arch_vmemmap_free(this: Kernel, start: number, end: number, _altmap: vmem_altmap | null): Steps<void> {
    yield* this.unmap_hotplug_range(start, end, true, null);
  },
};

export const v5_7 = {
  /** A block needs one invalidation, anywhere in it. */
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
    if (run.n > 1 && cont(run)) {
      yield* this.unmap_hotplug_group(level, p, run, addr, next, free_mapped, altmap);
      return;
    }
    yield* this.clear_leaf(level, p, run.n);
    if (run.n === 1 || level === 'PTE')
      yield* this.flush_tlb_kernel_range(addr, addr + this.c.PAGE_SIZE, run.n);
    else yield* this.flush_tlb_kernel_range(addr, addr + (next - addr) / run.n, run.n);
    if (free_mapped) yield* this.free_hotplug_leaf(level, run, altmap);
  },

  /** A table is freed only if all it covers is inside the region: nobody else can then have an entry in it. */
  *pgtable_range_aligned(
    this: Kernel,
    start: number,
    end: number,
    floor: number,
    ceiling: number,
    size: number,
  ): Steps<boolean> {
    if (Math.floor(start / size) * size < floor) return false;
    let top = ceiling;
    if (top !== 0) {
      top = Math.floor(top / size) * size;
      if (top === 0) return false;
    }
    return !(end - 1 > top - 1);
  },

  /** Nothing came from the altmap, nothing goes back to it. */
  *arch_vmemmap_free(this: Kernel, start: number, end: number, _altmap: vmem_altmap | null): Steps<void> {
    yield* v5_10.arch_vmemmap_free.call(this, start, end, null);
  },
};

export const v5_10 = {
  /** With the altmap that arch_vmemmap_populate() has taken the memmap from (eee07935dbd6). */
  *arch_vmemmap_free(this: Kernel, start: number, end: number, altmap: vmem_altmap | null): Steps<void> {
    if (start < this.c.VMEMMAP_START || end > this.c.VMEMMAP_END) yield* this.WARN('vmemmap_free');
    yield* this.unmap_hotplug_range(start, end, true, altmap);
    yield* this.free_empty_tables(start, end, this.c.VMEMMAP_START, this.c.VMEMMAP_END);
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
