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

function* unmap_pte_range(k, pmdp, start, end, sparse_vmap) {
  const { PAGE_SIZE } = k.c;
  for (let addr = start; addr !== end; addr += PAGE_SIZE) {
    const ptep = yield* k.pte_offset_kernel(pmdp, addr);
    const pte = yield* READ_ONCE(ptep);
    if (none(pte)) continue;
    yield* k.pte_clear(ptep);
    yield* k.flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
    if (sparse_vmap) yield* k.free_hotplug_page_range(leaf_address(k.c, pte), PAGE_SIZE, null);
  }
}

function* unmap_pmd_range(k, pudp, start, end, sparse_vmap) {
  for (let addr = start, next; addr !== end; addr = next) {
    next = pmd_addr_end(k.c, addr, end);
    const pmdp = yield* k.pmd_offset(pudp, addr);
    const pmd = yield* READ_ONCE(pmdp);
    if (none(pmd)) continue;
    if (!pmd_leaf(k.c, pmd)) {
      yield* unmap_pte_range(k, pmdp, addr, next, sparse_vmap);
      continue;
    }
    yield* k.pmd_clear(pmdp);
    yield* k.flush_tlb_kernel_range(addr, addr + k.c.PMD_SIZE);
    if (sparse_vmap) yield* k.free_hotplug_page_range(leaf_address(k.c, pmd), k.c.PMD_SIZE, null);
  }
}

/** Of blocks this large there is no memmap: nothing is freed. */
function* unmap_pud_range(k, pgdp, start, end, sparse_vmap) {
  for (let addr = start, next; addr !== end; addr = next) {
    next = pud_addr_end(k.c, addr, end);
    const pudp = yield* k.pud_offset(pgdp, addr);
    const pud = yield* READ_ONCE(pudp);
    if (none(pud)) continue;
    if (!pud_leaf(k.c, pud)) {
      yield* unmap_pmd_range(k, pudp, addr, next, sparse_vmap);
      continue;
    }
    yield* k.pud_clear(pudp);
    yield* k.flush_tlb_kernel_range(addr, next);
  }
}

function* unmap_range(k, start, end, sparse_vmap) {
  for (let addr = start, next; addr !== end; addr = next) {
    next = pgd_addr_end(k.c, addr, end);
    const pgdp = yield* k.pgd_offset_k(addr);
    if (!none(yield* READ_ONCE(pgdp))) yield* unmap_pud_range(k, pgdp, addr, next, sparse_vmap);
  }
}

function* free_empty_pmd(k, pudp, start, end) {
  for (let addr = start, next; addr !== end; addr = next) {
    next = pmd_addr_end(k.c, addr, end);
    const pmdp = yield* k.pmd_offset(pudp, addr);
    const pmd = yield* READ_ONCE(pmdp);
    if (none(pmd) || pmd_leaf(k.c, pmd)) continue;
    yield* k.free_pte_table(yield* k.pte_offset_kernel(pmdp, 0), pmdp, addr);
  }
}

function* free_empty_pud(k, pgdp, start, end) {
  for (let addr = start, next; addr !== end; addr = next) {
    next = pud_addr_end(k.c, addr, end);
    const pudp = yield* k.pud_offset(pgdp, addr);
    const pud = yield* READ_ONCE(pudp);
    if (none(pud) || pud_leaf(k.c, pud)) continue;
    yield* free_empty_pmd(k, pudp, addr, next);
    yield* k.free_pmd_table(yield* k.pmd_offset(pudp, 0), pudp, addr);
  }
}

export function* free_empty(k, start, end) {
  for (let addr = start, next; addr !== end; addr = next) {
    next = pgd_addr_end(k.c, addr, end);
    const pgdp = yield* k.pgd_offset_k(addr);
    if (none(yield* READ_ONCE(pgdp))) continue;
    yield* free_empty_pud(k, pgdp, addr, next);
    yield* k.free_pud_table(yield* k.pud_offset(pgdp, 0), pgdp, addr);
  }
}

export default defineRelease({
  name: 'two-passes',
  base: 'arm64-v5',
  about: 'V5, but leaves first and then tables, clear, invalidate, free',
  'arch/arm64': {
    *remove_pagetable(start, end, sparse_vmap) {
      yield* lock('init_mm.page_table_lock', 'spinlock');
      yield* unmap_range(this, start, end, sparse_vmap);
      yield* free_empty(this, start, end);
      yield* unlock('init_mm.page_table_lock', 'spinlock');
    },
  },
});
