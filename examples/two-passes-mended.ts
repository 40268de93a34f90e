// two-passes.js after the checker has had its say: the tables of the memmap stay (B14, B15, B16); a range ends where it ends,
// also inside a page (B29); what nobody frees is invalidated when all of it is cleared, contiguous groups with it (B26).
import { defineRelease, INVALID, type Kernel, leaf_address, lock, none, type Steps, unlock } from 'mhp';
import { BELOW, entries, free_empty, is_leaf, offset, size_of } from './two-passes.js';

function* unmap_range(
  k: Kernel,
  level: 'PGD' | 'PUD' | 'PMD' | 'PTE',
  parentp: number,
  start: number,
  end: number,
  sparse_vmap: boolean,
): Steps<void> {
  const size = size_of(k, level);
  for (let addr = start, next: number; addr !== end; addr = next) {
    const p = yield* offset(k, level, parentp, addr);
    const found = yield* entries(k, level, p, addr, end);
    const { run } = found;
    next = Math.min(found.next, end);
    if (none(run)) continue;
    if (!is_leaf(k, level, run)) {
      yield* unmap_range(k, BELOW[level], p, addr, next, sparse_vmap);
      continue;
    }
    yield* k.set_pxd(p, INVALID, run.n);
    if (!sparse_vmap) continue;
    yield* k.flush_tlb_kernel_range(addr, addr + size, run.n);
    for (let i = 0; i < run.n; i++) {
      const phys = leaf_address(k.c, { addr: run.addr + i * run.stride, attr: run.attr });
      yield* k.free_hotplug_page_range(phys, size, null);
    }
  }
}

export default defineRelease({
  name: 'mended',
  base: 'arm64-v5',
  about: 'two passes, and no second one over the memmap',
  'arch/arm64': {
    *remove_pagetable(start, end, sparse_vmap) {
      yield* lock('init_mm.page_table_lock', 'spinlock');
      yield* unmap_range(this, 'PGD', 0, start, end, sparse_vmap);
      if (!sparse_vmap) {
        yield* this.flush_tlb_kernel_range(start, end);
        yield* free_empty(this, 'PGD', 0, start, end);
      }
      yield* unlock('init_mm.page_table_lock', 'spinlock');
    },
  },
});
