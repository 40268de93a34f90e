import { AP_RDONLY, DBM, PXN, VALID } from '../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../steps/step.ts';
import { type EntryPointer, READ_ONCE } from '../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../kernel.ts';
import { linear_addresses } from '../../../mm/vmalloc/perms.ts';
import { VM, type vm_struct, type vmap_area } from '../../../state.ts';

/**
 * arch/arm64/mm/pageattr.c: permissions of the vmalloc region, and with rodata=full of the linear map of the same pages.
 * Entries are read and written without a lock.
 */

/** struct page_change_data: attributes as in Descriptor.attr. */
export interface PageChange {
  readonly set: number;
  readonly clear: number;
}

/** The kernel's PTE_WRITE is DBM, its PTE_RDONLY is AP[2]. */
const READ_ONLY = { set: AP_RDONLY, clear: DBM } as const;
const READ_WRITE = { set: DBM, clear: AP_RDONLY } as const;
const INVALID_PAGE = { set: 0, clear: VALID } as const;
const DEFAULT_PAGE = { set: VALID | DBM, clear: AP_RDONLY } as const;

function* change_page(k: Kernel, has_pages: boolean, addr: number, change: PageChange): Steps<number> {
  return has_pages ? yield* k.apply_to_page_range(addr, k.c.PAGE_SIZE, k.change_page_range, change) : 0;
}

function changeable(va: vmap_area | null, end: number): va is vmap_area & { readonly vm: vm_struct } {
  return va?.vm != null && end <= va.va_end && (va.vm.flags & VM.ALLOC) !== 0;
}

const follows = (k: Kernel, change: PageChange): boolean =>
  k.c.rodata_full && ((change.set | change.clear) & AP_RDONLY) !== 0;

export const v5_2 = {
  *change_page_range(
    this: Kernel,
    ptep: EntryPointer,
    _addr: number,
    { set, clear }: PageChange,
  ): Steps<number> {
    const { addr, attr } = yield* READ_ONCE(ptep);
    yield* this.set_pte(ptep, { addr, attr: (attr & ~clear) | set });
    return 0;
  },

  *__change_memory_common(this: Kernel, start: number, size: number, change: PageChange): Steps<number> {
    const ret = yield* this.apply_to_page_range(start, size, this.change_page_range, change);
    yield* this.flush_tlb_kernel_range(start, start + size);
    return ret;
  },

  /**
   * -EINVAL if the range is not inside one area of vmalloc(): only there no block has to be split. With rodata=full the
   * linear map of the whole area is changed as well.
   */
  *change_memory_common(this: Kernel, addr: number, numpages: number, change: PageChange): Steps<number> {
    const size = numpages * this.c.PAGE_SIZE;
    const va = yield* this.find_vmap_area(addr);
    if (!changeable(va, addr + size)) return -this.errno.EINVAL;
    if (numpages === 0) return 0;
    if (follows(this, change))
      for (const page of linear_addresses(this, va.vm))
        yield* this.__change_memory_common(page, this.c.PAGE_SIZE, change);
    yield* this.vm_unmap_aliases();
    return yield* this.__change_memory_common(addr, size, change);
  },

  *set_memory_ro(this: Kernel, addr: number, numpages: number): Steps<number> {
    return yield* this.change_memory_common(addr, numpages, READ_ONLY);
  },
  *set_memory_rw(this: Kernel, addr: number, numpages: number): Steps<number> {
    return yield* this.change_memory_common(addr, numpages, READ_WRITE);
  },
  *set_memory_nx(this: Kernel, addr: number, numpages: number): Steps<number> {
    return yield* this.change_memory_common(addr, numpages, { set: PXN, clear: 0 });
  },
  *set_memory_x(this: Kernel, addr: number, numpages: number): Steps<number> {
    return yield* this.change_memory_common(addr, numpages, { set: 0, clear: PXN });
  },
};

/** ARCH_HAS_SET_DIRECT_MAP. The page is named by its linear address. */
export const v5_3 = {
  *set_direct_map_invalid_noflush(this: Kernel, addr: number): Steps<number> {
    return yield* change_page(this, this.c.rodata_full, addr, INVALID_PAGE);
  },
  *set_direct_map_default_noflush(this: Kernel, addr: number): Steps<number> {
    return yield* change_page(this, this.c.rodata_full, addr, DEFAULT_PAGE);
  },
};

export const v6_18 = {
  /** A failure in the linear map ends the change. */
  *change_memory_common(this: Kernel, addr: number, numpages: number, change: PageChange): Steps<number> {
    const size = numpages * this.c.PAGE_SIZE;
    const va = yield* this.find_vmap_area(addr);
    if (!changeable(va, addr + size)) return -this.errno.EINVAL;
    if (numpages === 0) return 0;
    if (follows(this, change)) {
      for (const page of linear_addresses(this, va.vm)) {
        const ret = yield* this.__change_memory_common(page, this.c.PAGE_SIZE, change);
        if (ret) return ret;
      }
    }
    yield* this.vm_unmap_aliases();
    return yield* this.__change_memory_common(addr, size, change);
  },
};

export const v7_1 = {
  /** In the linear map only the pages in the range are changed; a failure there ends the change. */
  *change_memory_common(this: Kernel, addr: number, numpages: number, change: PageChange): Steps<number> {
    const { PAGE_SIZE } = this.c;
    const va = yield* this.find_vmap_area(addr);
    if (!changeable(va, addr + numpages * PAGE_SIZE)) return -this.errno.EINVAL;
    if (numpages === 0) return 0;
    if (follows(this, change)) {
      const idx = (addr - va.va_start) / PAGE_SIZE;
      for (const page of linear_addresses(this, va.vm).slice(idx, idx + numpages)) {
        const ret = yield* this.__change_memory_common(page, PAGE_SIZE, change);
        if (ret) return ret;
      }
    }
    yield* this.vm_unmap_aliases();
    return yield* this.__change_memory_common(addr, numpages * PAGE_SIZE, change);
  },
};

export const v6_1 = {
  /** Depends on can_set_direct_map(): also with debug_pagealloc. */
  *set_direct_map_invalid_noflush(this: Kernel, addr: number): Steps<number> {
    return yield* change_page(this, this.c.can_set_direct_map, addr, INVALID_PAGE);
  },
  *set_direct_map_default_noflush(this: Kernel, addr: number): Steps<number> {
    return yield* change_page(this, this.c.can_set_direct_map, addr, DEFAULT_PAGE);
  },
};
