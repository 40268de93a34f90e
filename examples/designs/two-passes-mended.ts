// two-passes.js after the checker has had its say: the tables of the memmap stay (B14, B15, B16); a range ends where it ends,
// also inside a page (B29); what nobody frees is invalidated when all of it is cleared, contiguous groups with it (B26).
import {
  defineRelease,
  type Kernel,
  leaf_address,
  lock,
  none,
  pgd_addr_end,
  pmd_addr_end,
  pmd_leaf,
  pud_addr_end,
  pud_leaf,
  READ_ONCE,
  type Steps,
  unlock,
} from 'mhp';
import { freeEmpty } from './two-passes.js';

/** What a leaf of the memmap maps goes back once no CPU can reach it. */
function* flushAndFree(k: Kernel, addr: number, phys: number, size: number): Steps<void> {
  yield* k.flush_tlb_kernel_range(addr, addr + size);
  yield* k.free_hotplug_page_range(phys, size, null);
}

function* unmapPteRange(
  k: Kernel,
  pmdp: number,
  start: number,
  end: number,
  sparseVmap: boolean,
): Steps<void> {
  const { PAGE_SIZE } = k.c;
  for (let addr = start; addr !== end; addr = Math.min(addr + PAGE_SIZE, end)) {
    const ptep = yield* k.pte_offset_kernel(pmdp, addr);
    const pte = yield* READ_ONCE(ptep);
    if (none(pte)) continue;
    yield* k.pte_clear(ptep);
    if (sparseVmap) yield* flushAndFree(k, addr, leaf_address(k.c, pte), PAGE_SIZE);
  }
}

function* unmapPmdRange(
  k: Kernel,
  pudp: number,
  start: number,
  end: number,
  sparseVmap: boolean,
): Steps<void> {
  for (let addr = start, next = start; addr !== end; addr = next) {
    next = pmd_addr_end(k.c, addr, end);
    const pmdp = yield* k.pmd_offset(pudp, addr);
    const pmd = yield* READ_ONCE(pmdp);
    if (none(pmd)) continue;
    if (!pmd_leaf(k.c, pmd)) {
      yield* unmapPteRange(k, pmdp, addr, next, sparseVmap);
      continue;
    }
    yield* k.pmd_clear(pmdp);
    if (sparseVmap) yield* flushAndFree(k, addr, leaf_address(k.c, pmd), k.c.PMD_SIZE);
  }
}

function* unmapPudRange(
  k: Kernel,
  pgdp: number,
  start: number,
  end: number,
  sparseVmap: boolean,
): Steps<void> {
  for (let addr = start, next = start; addr !== end; addr = next) {
    next = pud_addr_end(k.c, addr, end);
    const pudp = yield* k.pud_offset(pgdp, addr);
    const pud = yield* READ_ONCE(pudp);
    if (none(pud)) continue;
    if (pud_leaf(k.c, pud)) yield* k.pud_clear(pudp);
    else yield* unmapPmdRange(k, pudp, addr, next, sparseVmap);
  }
}

function* unmapRange(k: Kernel, start: number, end: number, sparseVmap: boolean): Steps<void> {
  for (let addr = start, next = start; addr !== end; addr = next) {
    next = pgd_addr_end(k.c, addr, end);
    const pgdp = yield* k.pgd_offset_k(addr);
    if (!none(yield* READ_ONCE(pgdp))) yield* unmapPudRange(k, pgdp, addr, next, sparseVmap);
  }
}

export default defineRelease({
  name: 'mended',
  base: 'arm64-v5',
  about: 'two passes, and no second one over the memmap',
  'arch/arm64': {
    *remove_pagetable(start, end, sparseVmap) {
      yield* lock('init_mm.page_table_lock', 'spinlock');
      yield* unmapRange(this, start, end, sparseVmap);
      if (!sparseVmap) {
        yield* this.flush_tlb_kernel_range(start, end);
        yield* freeEmpty(this, start, end);
      }
      yield* unlock('init_mm.page_table_lock', 'spinlock');
    },
  },
});
