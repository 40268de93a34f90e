import { isFolded } from '../geometry/blocks.ts';
import { INVALID } from '../hardware/descriptor/descriptor.ts';
import type { WordRun } from '../hardware/memory/words.ts';
import { cont } from '../kernel/arch/arm64/include/asm/pgtable.ts';
import * as tlbflush from '../kernel/arch/arm64/include/asm/tlbflush.ts';
import * as free_hotplug from '../kernel/arch/arm64/mm/mmu/free_hotplug.ts';
import * as exact from '../kernel/arch/arm64/mm/mmu/unmap_hotplug_range.ts';
import { before } from '../kernel/arch/arm64/mm/mmu/unsigned.ts';
import {
  type EntryPointer,
  leaf_address,
  none,
  pgd_addr_end,
  pmd_addr_end,
  pmd_leaf,
  present,
  pud_addr_end,
  pud_leaf,
  READ_ONCE,
} from '../kernel/include/linux/pgtable.ts';
import type { Kernel, vmem_altmap } from '../kernel/kernel.ts';
import type { Steps } from '../steps/step.ts';
import { side_by_side } from './entries.ts';
import { type BatchForm, form } from './form.ts';
import { offsets, SETTING, type SetRun, set_entries } from './pgtable.ts';
import { alike, alike_ptes, size_of } from './range.ts';
import { flush_ranges } from './tlbflush.ts';

/** unmap_hotplug_range() by runs of leaves. */

type Level = 'PTE' | 'PMD' | 'PUD';

/** When leaves are invalidated: each leaf, each by one of its pages, or those of the linear map after the last. */
type Flush = 'leaf' | 'page' | 'last';

interface Pass {
  readonly k: Kernel;
  readonly set_run: SetRun;
  readonly flush: Flush;
  readonly free_mapped: boolean;
  readonly altmap: vmem_altmap | null;
}

/** Leaves one by one: a CPU may cache a whole contiguous group as long as one member is left. */
function one_by_one({ flush, free_mapped }: Pass, level: Level, run: WordRun): boolean {
  if (run.n === 1 || (flush === 'last' && !free_mapped)) return false;
  return cont(run) || (flush !== 'leaf' && level !== 'PTE');
}

/** A run of leaves that map [addr, next). */
function* leaves(
  pass: Pass,
  level: Level,
  p: EntryPointer,
  run: WordRun,
  addr: number,
  next: number,
): Steps<void> {
  const { k, set_run, flush, free_mapped } = pass;
  const size = (next - addr) / run.n;
  if (one_by_one(pass, level, run)) {
    for (let i = 0; i < run.n; i++) {
      const one = { ...run, pa: run.pa + i * 8, n: 1, addr: run.addr + i * run.stride };
      yield* leaves(pass, level, p + i * 8, one, addr + i * size, addr + (i + 1) * size);
    }
    return;
  }
  yield* set_entries(k, set_run, p, run.n, INVALID, 0);
  if (flush === 'last' && !free_mapped) return;
  if (flush === 'last' && cont(run) && level !== 'PUD')
    yield* k.WARN(`unmap_hotplug_${level.toLowerCase()}_range`);
  yield* flush_ranges(k, addr, flush === 'leaf' ? size : k.c.PAGE_SIZE, run.n);
  if (free_mapped) yield* free_leaves(pass, level, run);
}

/** Frees the pages that leaves mapped, adjacent ones together. */
function* free_leaves({ k, altmap }: Pass, level: Level, run: WordRun): Steps<void> {
  const size = size_of(k, level);
  if (run.n === 1 || run.stride === size) {
    yield* k.free_hotplug_page_range(leaf_address(k.c, run), run.n * size, altmap);
    return;
  }
  for (let i = 0; i < run.n; i++) {
    const leaf = { addr: run.addr + i * run.stride, attr: run.attr };
    yield* k.free_hotplug_page_range(leaf_address(k.c, leaf), size, altmap);
  }
}

/** Handles one PMD entry, or several whose tables are adjacent. */
function* pte_range(pass: Pass, pmdp: EntryPointer, addr: number, end: number): Steps<void> {
  const { k } = pass;
  const { PAGE_SIZE, PMD_SIZE } = k.c;
  const first = Math.floor(addr / PMD_SIZE);
  do {
    const ptep = yield* k.pte_offset_kernel(pmdp + (Math.floor(addr / PMD_SIZE) - first) * 8, addr);
    const run = yield* alike_ptes(k, ptep, addr, end);
    const next = addr + run.n * PAGE_SIZE;
    if (!none(run)) {
      if (!present(k.c, run)) yield* k.WARN('unmap_hotplug_pte_range');
      yield* leaves(pass, 'PTE', ptep, run, addr, next);
    }
    addr = next;
  } while (before(addr, end));
}

function* pmd_range(pass: Pass, pudp: EntryPointer, addr: number, end: number): Steps<void> {
  const { k } = pass;
  do {
    const pmdp = yield* k.pmd_offset(pudp, addr);
    const { run, next: all } = yield* alike(k, 'PMD', pmdp, addr, end);
    let next = all;
    if (!none(run)) {
      if (!present(k.c, run)) yield* k.WARN('unmap_hotplug_pmd_range');
      if (pmd_leaf(k.c, run)) yield* leaves(pass, 'PMD', pmdp, run, addr, next);
      else {
        if (!side_by_side(run, k.c.PAGE_SIZE)) next = pmd_addr_end(k.c, addr, end);
        yield* pte_range(pass, pmdp, addr, next);
      }
    }
    addr = next;
  } while (before(addr, end));
}

function* pud_range(pass: Pass, p4dp: EntryPointer, addr: number, end: number): Steps<void> {
  const { k } = pass;
  do {
    const pudp = yield* k.pud_offset(p4dp, addr);
    const { run, next: all } = yield* alike(k, 'PUD', pudp, addr, end);
    let next = all;
    if (!none(run)) {
      if (!present(k.c, run)) yield* k.WARN('unmap_hotplug_pud_range');
      if (pud_leaf(k.c, run)) yield* leaves(pass, 'PUD', pudp, run, addr, next);
      else {
        if (run.n > 1) next = pud_addr_end(k.c, addr, end);
        yield* pmd_range(pass, pudp, addr, next);
      }
    }
    addr = next;
  } while (before(addr, end));
}

function* p4d_range(pass: Pass, pgdp: EntryPointer, addr: number, end: number): Steps<void> {
  const { k } = pass;
  if (isFolded(k.c.t, 'P4D')) {
    yield* pud_range(pass, pgdp, addr, end);
    return;
  }
  do {
    const p4dp = yield* k.p4d_offset(pgdp, addr);
    const { run, next } = yield* alike(k, 'P4D', p4dp, addr, end);
    if (!none(run)) yield* pud_range(pass, p4dp, addr, next);
    addr = next;
  } while (before(addr, end));
}

const unmap_hotplug_range = (set_run: SetRun, flush: Flush) =>
  function* (
    this: Kernel,
    start: number,
    end: number,
    free_mapped: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    if (flush === 'last' && !free_mapped && altmap) yield* this.WARN('unmap_hotplug_range');
    const pass: Pass = { k: this, set_run, flush, free_mapped, altmap };
    let addr = start;
    do {
      const next = pgd_addr_end(this.c, addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      const pgd = yield* READ_ONCE(pgdp);
      if (!none(pgd)) {
        if (!present(this.c, pgd)) yield* this.WARN('unmap_hotplug_range');
        yield* p4d_range(pass, pgdp, addr, next);
      }
      addr = next;
    } while (before(addr, end));
    if (flush === 'last' && !free_mapped) yield* this.flush_tlb_kernel_range(start, end);
  };

const { unmap_hotplug_range: whole, ...below } = exact.arm64_v6;
const WAYS = [
  { flush: 'leaf', whole, functions: below },
  { flush: 'page', whole, functions: { ...below, ...exact.v5_7 } },
  {
    flush: 'last',
    whole: exact.v6_1_192.unmap_hotplug_range,
    functions: (({ unmap_hotplug_range: _, ...rest }) => ({ ...below, ...rest }))(exact.v6_1_192),
  },
] as const;

const { free_hotplug_page_range } = free_hotplug.v5_2;
/** The releases' flush_tlb_kernel_range(). */
const FLUSHES = [tlbflush.v5_2, tlbflush.v7_2].map(({ flush_tlb_kernel_range }) => ({
  flush_tlb_kernel_range,
}));

export const forms: readonly BatchForm[] = SETTING.flatMap(({ set_run, exact: setting }) =>
  WAYS.flatMap(({ flush, whole, functions }) =>
    FLUSHES.map((flushes) =>
      form({
        name: 'unmap_hotplug_range',
        exact: whole,
        batch: unmap_hotplug_range(set_run, flush),
        instead_of: {
          ...setting,
          ...offsets,
          ...functions,
          ...flushes,
          free_hotplug_page_range,
        },
      }),
    ),
  ),
);
