import type { LevelName } from '../../geometry/translation.ts';
import type { Steps } from '../../steps/step.ts';
import type { mm_walk, mm_walk_ops } from '../include/linux/pagewalk.ts';
import { type EntryPointer, pmd_leaf, pud_leaf, READ_ONCE } from '../include/linux/pgtable.ts';
import type { PtdumpNote } from '../include/linux/ptdump.ts';
import type { Kernel } from '../kernel.ts';
import { get_online_mems, put_online_mems } from '../locks.ts';
import { lock, unlock } from '../ops.ts';

/** mm/ptdump.c */

const ptdump_ops: mm_walk_ops = {
  pgd_entry: 'ptdump_pgd_entry',
  p4d_entry: 'ptdump_p4d_entry',
  pud_entry: 'ptdump_pud_entry',
  pmd_entry: 'ptdump_pmd_entry',
  pte_entry: 'ptdump_pte_entry',
  pte_hole: 'ptdump_hole',
};

/** The generic walker, under init_mm's mmap lock. */
export const v5_7 = {
  /** No leaves at this level and the next. */
  *ptdump_pgd_entry(
    this: Kernel,
    pgdp: EntryPointer,
    _addr: number,
    _next: number,
    _walk: mm_walk,
  ): Steps<void> {
    yield* READ_ONCE(pgdp);
  },
  *ptdump_p4d_entry(
    this: Kernel,
    p4dp: EntryPointer,
    _addr: number,
    _next: number,
    _walk: mm_walk,
  ): Steps<void> {
    yield* READ_ONCE(p4dp);
  },
  *ptdump_pud_entry(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    next: number,
    walk: mm_walk,
  ): Steps<void> {
    const val = yield* READ_ONCE(pudp);
    if (!pud_leaf(this.c, val)) return;
    walk.private.push({ addr, end: next, level: 'PUD', attr: val.attr });
    walk.action = 'ACTION_CONTINUE';
  },
  *ptdump_pmd_entry(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    next: number,
    walk: mm_walk,
  ): Steps<void> {
    const val = yield* READ_ONCE(pmdp);
    if (!pmd_leaf(this.c, val)) return;
    walk.private.push({ addr, end: next, level: 'PMD', attr: val.attr });
    walk.action = 'ACTION_CONTINUE';
  },
  *ptdump_pte_entry(
    this: Kernel,
    ptep: EntryPointer,
    addr: number,
    next: number,
    walk: mm_walk,
  ): Steps<void> {
    const { attr } = yield* READ_ONCE(ptep);
    walk.private.push({ addr, end: next, level: 'PTE', attr });
  },
  /** Nothing is mapped by an entry of the level. */
  *ptdump_hole(this: Kernel, addr: number, next: number, level: LevelName, walk: mm_walk): Steps<void> {
    walk.private.push({ addr, end: next, level, attr: 0 });
  },

  *ptdump_walk_pgd(this: Kernel, start: number, end: number): Steps<PtdumpNote[]> {
    yield* lock('init_mm.mmap_lock', 'rwsem', 'read');
    const notes: PtdumpNote[] = [];
    yield* this.walk_page_range_novma(start, end, ptdump_ops, notes);
    yield* unlock('init_mm.mmap_lock', 'rwsem', 'read');
    return notes;
  },
};

export const v6_6 = {
  /** The caller excludes hotplug, or not. */
  *ptdump_walk_pgd(this: Kernel, start: number, end: number): Steps<PtdumpNote[]> {
    yield* lock('init_mm.mmap_lock', 'rwsem');
    const notes: PtdumpNote[] = [];
    yield* this.walk_page_range_novma(start, end, ptdump_ops, notes);
    yield* unlock('init_mm.mmap_lock', 'rwsem');
    return notes;
  },
};

/** 6.1.192, 6.12.117 (2025), 6.17.0: the hotplug lock for all walks. */
export const v6_1_192 = {
  *ptdump_walk_pgd(this: Kernel, start: number, end: number): Steps<PtdumpNote[]> {
    yield* get_online_mems();
    yield* lock('init_mm.mmap_lock', 'rwsem');
    const notes: PtdumpNote[] = [];
    yield* this.walk_page_range_novma(start, end, ptdump_ops, notes);
    yield* unlock('init_mm.mmap_lock', 'rwsem');
    yield* put_online_mems();
    return notes;
  },
};
