// V5 of arm64 memory hot-remove (May 2019, release arm64-v5) as its reviewer would have it: one pass that takes down leaves, each
// in the order clear, invalidate, free; then one that frees the tables left empty. All under init_mm's page table lock.
import {
  addr_end,
  defineRelease,
  depth_of,
  entry_size,
  INVALID,
  leaf_address,
  lock,
  none,
  pmd_leaf,
  pud_leaf,
  READ_ONCE,
  READ_RUN,
  unlock,
} from 'mhp';

export const BELOW = { PGD: 'PUD', PUD: 'PMD', PMD: 'PTE' };

/** The entry for `addr` in the table that `parentp` points to. A level that this machine lacks is its parent. */
export function offset(k, level, parentp, addr) {
  if (level === 'PGD') return k.pgd_offset_k(addr);
  if (level === 'PUD') return k.pud_offset(parentp, addr);
  return level === 'PMD' ? k.pmd_offset(parentp, addr) : k.pte_offset_kernel(parentp, addr);
}

export function is_leaf({ c }, level, entry) {
  if (level === 'PUD') return pud_leaf(c, entry);
  return level === 'PTE' || (level === 'PMD' && pmd_leaf(c, entry));
}

/** The entries from `p` on that are alike: PTEs by the run where nobody could tell, others one by one. */
export function* entries(k, level, p, addr, end) {
  if (level !== 'PTE')
    return { run: { ...(yield* READ_ONCE(p)), n: 1, stride: 0 }, next: addr_end(k.c.t, level, addr, end) };
  const { PAGE_SIZE, run_limit } = k.c;
  const run = yield* READ_RUN(p, Math.min(run_limit, Math.ceil((end - addr) / PAGE_SIZE)));
  return { run, next: addr + run.n * PAGE_SIZE };
}

export const size_of = (k, level) => entry_size(k.c.t, depth_of(k.c.t, level));

/** Clear, invalidate, free. */
function* unmap_leaves(k, level, p, run, addr, sparse_vmap) {
  const size = size_of(k, level);
  yield* k.set_pxd(p, INVALID, run.n);
  yield* k.flush_tlb_kernel_range(addr, addr + size, run.n);
  for (let i = 0; sparse_vmap && i < run.n; i++) {
    const phys = leaf_address(k.c, { addr: run.addr + i * run.stride, attr: run.attr });
    yield* k.free_hotplug_page_range(phys, size, null);
  }
}

function* unmap_range(k, level, parentp, start, end, sparse_vmap) {
  for (let addr = start; addr !== end; ) {
    const p = yield* offset(k, level, parentp, addr);
    const { run, next } = yield* entries(k, level, p, addr, end);
    if (!none(run)) {
      if (is_leaf(k, level, run)) yield* unmap_leaves(k, level, p, run, addr, sparse_vmap);
      else yield* unmap_range(k, BELOW[level], p, addr, next, sparse_vmap);
    }
    addr = next;
  }
}

export function* free_empty(k, level, parentp, start, end) {
  for (let addr = start, next; addr !== end; addr = next) {
    next = addr_end(k.c.t, level, addr, end);
    const p = yield* offset(k, level, parentp, addr);
    const entry = yield* READ_ONCE(p);
    if (none(entry) || is_leaf(k, level, entry)) continue;
    if (level !== 'PMD') yield* free_empty(k, BELOW[level], p, addr, next);
    const base = yield* offset(k, BELOW[level], p, 0);
    if (level === 'PMD') yield* k.free_pte_table(base, p, addr);
    else if (level === 'PUD') yield* k.free_pmd_table(base, p, addr);
    else yield* k.free_pud_table(base, p, addr);
  }
}

export default defineRelease({
  name: 'two-passes',
  base: 'arm64-v5',
  about: 'V5, but leaves first and then tables, clear, invalidate, free',
  'arch/arm64': {
    *remove_pagetable(start, end, sparse_vmap) {
      yield* lock('init_mm.page_table_lock', 'spinlock');
      yield* unmap_range(this, 'PGD', 0, start, end, sparse_vmap);
      yield* free_empty(this, 'PGD', 0, start, end);
      yield* unlock('init_mm.page_table_lock', 'spinlock');
    },
  },
});
