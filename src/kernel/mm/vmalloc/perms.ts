import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { PFN_PHYS, phys_to_virt } from '../../pfn.ts';
import { VM, type vm_struct } from '../../state.ts';

/**
 * mm/vmalloc.c: areas of VM_FLUSH_RESET_PERMS, for whose pages the linear map's permissions are restored and
 * translations flushed before the pages are free (what is done after the removal is vm_reset_perms() in 7.2.13).
 */

/** The linear addresses of the area's pages, in order. */
export const linear_addresses = ({ c }: Kernel, { pages }: vm_struct): number[] =>
  pages.flatMap(({ pfn, nr_pages }) =>
    Array.from({ length: nr_pages }, (_, i) => phys_to_virt(c, PFN_PHYS(c, pfn + i))),
  );

/** The range to flush besides the areas that are purged. */
export interface FlushRange {
  readonly start: number;
  readonly end: number;
  /** Whether to flush even if no area is purged. */
  readonly flush_dmap: boolean;
}

export const v5_2 = {
  /** The range of the linear map that contains the area's pages. Thread-local. */
  *$direct_map_range(this: Kernel, _addr: number, area: vm_struct): Steps<FlushRange> {
    let start = Number.POSITIVE_INFINITY;
    let end = 0;
    for (const { pfn, nr_pages } of area.pages) {
      const first = phys_to_virt(this.c, PFN_PHYS(this.c, pfn));
      start = Math.min(start, first);
      end = Math.max(end, first + PFN_PHYS(this.c, nr_pages));
    }
    return { start, end, flush_dmap: area.pages.length > 0 };
  },

  /**
   * Without set_direct_map_*() the area itself is first made writable, and with it the linear map, which is flushed for
   * that.
   */
  *vm_remove_mappings(this: Kernel, addr: number, area: vm_struct, deallocate_pages: boolean): Steps<void> {
    if (area.flags & VM.FLUSH_RESET_PERMS) {
      const nr_pages = area.pages.reduce((sum, run) => sum + run.nr_pages, 0);
      yield* this.set_memory_nx(addr, nr_pages);
      yield* this.set_memory_rw(addr, nr_pages);
    }
    yield* v5_3.vm_remove_mappings.call(this, addr, area, deallocate_pages);
  },
};

export const v5_3 = {
  /**
   * Everything is flushed between the steps that make the pages invalid and valid again: no translation loaded before
   * outlives it, and none is loaded before the permissions are correct.
   */
  *vm_remove_mappings(this: Kernel, addr: number, area: vm_struct, deallocate_pages: boolean): Steps<void> {
    yield* this.remove_vm_area(addr);
    if (!(area.flags & VM.FLUSH_RESET_PERMS)) return;
    if (!deallocate_pages) {
      yield* this.vm_unmap_aliases();
      return;
    }
    const addresses = linear_addresses(this, area);
    const { start, end, flush_dmap } = yield* this.$direct_map_range(addr, area);
    for (const page of addresses) yield* this.set_direct_map_invalid_noflush(page);
    yield* this._vm_unmap_aliases(start, end, flush_dmap);
    for (const page of addresses) yield* this.set_direct_map_default_noflush(page);
  },
};
