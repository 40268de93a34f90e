// V5 of arm64 memory hot-remove (May 2019, release arm64-v5) as its reviewer would have it: one pass that takes down leaves, each
// in the order clear, invalidate, free; then one that frees the tables left empty. All under init_mm's page table lock.
import {
  defineRelease,
  leaf_address,
  lock,
  none,
  pgd_addr_end,
  pmd_addr_end,
  pmd_leaf,
  pud_addr_end,
  pud_leaf,
  READ_ONCE,
  unlock,
} from 'mhp';

function* unmapPteRange(k, pmdp, start, end, sparseVmap) {
  const { PAGE_SIZE } = k.c;
  for (let addr = start; addr !== end; addr += PAGE_SIZE) {
    const ptep = yield* k.pte_offset_kernel(pmdp, addr);
    const pte = yield* READ_ONCE(ptep);
    if (none(pte)) continue;
    yield* k.pte_clear(ptep);
    yield* k.flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
    if (sparseVmap) yield* k.free_hotplug_page_range(leaf_address(k.c, pte), PAGE_SIZE, null);
  }
}

function* unmapPmdRange(k, pudp, start, end, sparseVmap) {
  for (let addr = start, next; addr !== end; addr = next) {
    next = pmd_addr_end(k.c, addr, end);
    const pmdp = yield* k.pmd_offset(pudp, addr);
    const pmd = yield* READ_ONCE(pmdp);
    if (none(pmd)) continue;
    if (!pmd_leaf(k.c, pmd)) {
      yield* unmapPteRange(k, pmdp, addr, next, sparseVmap);
      continue;
    }
    yield* k.pmd_clear(pmdp);
    yield* k.flush_tlb_kernel_range(addr, addr + k.c.PMD_SIZE);
    if (sparseVmap) yield* k.free_hotplug_page_range(leaf_address(k.c, pmd), k.c.PMD_SIZE, null);
  }
}

/** Of blocks this large there is no memmap: nothing is freed. */
function* unmapPudRange(k, pgdp, start, end, sparseVmap) {
  for (let addr = start, next; addr !== end; addr = next) {
    next = pud_addr_end(k.c, addr, end);
    const pudp = yield* k.pud_offset(pgdp, addr);
    const pud = yield* READ_ONCE(pudp);
    if (none(pud)) continue;
    if (!pud_leaf(k.c, pud)) {
      yield* unmapPmdRange(k, pudp, addr, next, sparseVmap);
      continue;
    }
    yield* k.pud_clear(pudp);
    yield* k.flush_tlb_kernel_range(addr, next);
  }
}

function* unmapRange(k, start, end, sparseVmap) {
  for (let addr = start, next; addr !== end; addr = next) {
    next = pgd_addr_end(k.c, addr, end);
    const pgdp = yield* k.pgd_offset_k(addr);
    if (!none(yield* READ_ONCE(pgdp))) yield* unmapPudRange(k, pgdp, addr, next, sparseVmap);
  }
}

function* freeEmptyPmd(k, pudp, start, end) {
  for (let addr = start, next; addr !== end; addr = next) {
    next = pmd_addr_end(k.c, addr, end);
    const pmdp = yield* k.pmd_offset(pudp, addr);
    const pmd = yield* READ_ONCE(pmdp);
    if (none(pmd) || pmd_leaf(k.c, pmd)) continue;
    yield* k.free_pte_table(yield* k.pte_offset_kernel(pmdp, 0), pmdp, addr);
  }
}

function* freeEmptyPud(k, pgdp, start, end) {
  for (let addr = start, next; addr !== end; addr = next) {
    next = pud_addr_end(k.c, addr, end);
    const pudp = yield* k.pud_offset(pgdp, addr);
    const pud = yield* READ_ONCE(pudp);
    if (none(pud) || pud_leaf(k.c, pud)) continue;
    yield* freeEmptyPmd(k, pudp, addr, next);
    yield* k.free_pmd_table(yield* k.pmd_offset(pudp, 0), pudp, addr);
  }
}

export function* freeEmpty(k, start, end) {
  for (let addr = start, next; addr !== end; addr = next) {
    next = pgd_addr_end(k.c, addr, end);
    const pgdp = yield* k.pgd_offset_k(addr);
    if (none(yield* READ_ONCE(pgdp))) continue;
    yield* freeEmptyPud(k, pgdp, addr, next);
    yield* k.free_pud_table(yield* k.pud_offset(pgdp, 0), pgdp, addr);
  }
}

export default defineRelease({
  name: 'two-passes',
  base: 'arm64-v5',
  about: 'V5, but leaves first and then tables, clear, invalidate, free',
  'arch/arm64': {
    *remove_pagetable(start, end, sparseVmap) {
      yield* lock('init_mm.page_table_lock', 'spinlock');
      yield* unmapRange(this, start, end, sparseVmap);
      yield* freeEmpty(this, start, end);
      yield* unlock('init_mm.page_table_lock', 'spinlock');
    },
  },
});
