import { vaText } from '../../../geometry/translation.ts';
import type { Steps } from '../../../steps/step.ts';
import { leaf_address, READ_ONCE } from '../../include/linux/pgtable.ts';
import type { Kernel } from '../../kernel.ts';
import { pr_warn } from '../../ops.ts';
import { PFN_DOWN } from '../../pfn.ts';
import { VM } from '../../state.ts';
import { USE } from '../page.ts';
import type { PageRange } from '../page_alloc/alloc_pages.ts';
import { GFP, warn_alloc_text } from '../page_alloc/warn_alloc.ts';

/** mm/vmalloc.c: the functions for callers. Addresses are distances from 2^64; NULL is 0. */

const NULL = 0;

/** The pfns of runs of pages, one by one. */
export const pfns = (runs: readonly PageRange[]): number[] =>
  runs.flatMap(({ pfn, nr_pages }) => Array.from({ length: nr_pages }, (_, i) => pfn + i));

export const v5_2 = {
  *map_vm_area(this: Kernel, addr: number, prot: number, pages: readonly number[]): Steps<number> {
    const err = yield* this.vmap_page_range(addr, addr + pages.length * this.c.PAGE_SIZE, prot, pages);
    return err > 0 ? 0 : err;
  },

  /** False if there is no such area, or if it is being removed. */
  *remove_vm_area(this: Kernel, addr: number): Steps<boolean> {
    const va = yield* this.find_vmap_area(addr);
    if (!va?.vm) return false;
    yield* this.$set_vm_struct(va.va_start, null);
    yield* this.free_unmap_vmap_area(va.va_start, va.va_end);
    return true;
  },

  /** The pages are freed before any TLB is invalidated, except for areas with VM_FLUSH_RESET_PERMS. */
  *__vunmap(this: Kernel, addr: number, deallocate_pages: boolean): Steps<void> {
    if (addr === NULL) return;
    if (addr % this.c.PAGE_SIZE !== 0) {
      yield* this.WARN(this.$bad_address_in(), `Trying to vfree() bad address (${vaText(addr)})`, {
        message: 'Trying to vfree() bad address',
        va: addr,
      });
      return;
    }
    const va = yield* this.find_vmap_area(addr);
    if (!va?.vm) {
      yield* this.WARN(this.$no_vm_area_in(), `Trying to vfree() nonexistent vm area (${vaText(addr)})`, {
        message: 'Trying to vfree() nonexistent vm area',
        va: addr,
      });
      return;
    }
    yield* this.vm_remove_mappings(addr, va.vm, deallocate_pages);
    if (!deallocate_pages) return;
    for (const { pfn, nr_pages } of va.vm.pages) yield* this.free_pages(pfn, nr_pages);
  },

  /** The functions that warn of an address that vfree() cannot free. */
  $bad_address_in(this: Kernel): string {
    return '__vunmap';
  },

  $no_vm_area_in(this: Kernel): string {
    return '__vunmap';
  },

  /** Numbers of bytes; the whole has the guard page. */
  *$no_pages_for_area(this: Kernel, allocated: number, size: number): Steps<void> {
    const text = `vmalloc: allocation failure, allocated ${allocated} of ${size} bytes`;
    yield* pr_warn(yield* warn_alloc_text(GFP.KERNEL, text));
  },

  *$no_area(this: Kernel, size: number): Steps<void> {
    yield* pr_warn(yield* warn_alloc_text(GFP.KERNEL, `vmalloc: allocation failure: ${size} bytes`));
  },

  /** Allocates and maps pages for an area; if either fails, both are undone. */
  *__vmalloc_area_node(this: Kernel, addr: number, nr_pages: number, prot: number): Steps<number> {
    const runs: PageRange[] = [];
    let left = nr_pages;
    while (left > 0) {
      const found = yield* this.$alloc_pages('vmalloc', -1, 1, 1, 1, USE.UNMOVABLE);
      if (!found) break;
      runs.push(found);
      left--;
    }
    yield* this.$set_vm_struct(addr, { flags: VM.ALLOC, pages: runs });
    if (left === 0 && (yield* this.map_vm_area(addr, prot, pfns(runs))) === 0) return addr;
    const { PAGE_SIZE } = this.c;
    yield* this.$no_pages_for_area((nr_pages - left) * PAGE_SIZE, (nr_pages + 1) * PAGE_SIZE);
    yield* this.__vunmap(addr, true);
    return NULL;
  },

  *__vmalloc_node_range(
    this: Kernel,
    size: number,
    align: number,
    start: number,
    end: number,
    prot: number,
  ): Steps<number> {
    const area = yield* this.__get_vm_area_node(size, align, VM.ALLOC, start, end);
    if (area === null) {
      yield* this.$no_area(size);
      return NULL;
    }
    return yield* this.__vmalloc_area_node(area, Math.ceil(size / this.c.PAGE_SIZE), prot);
  },

  *vmalloc(this: Kernel, size: number): Steps<number> {
    const { VMALLOC_START, VMALLOC_END } = this.c.layout;
    return yield* this.__vmalloc_node_range(size, 1, VMALLOC_START, VMALLOC_END, this.c.pgprot.PAGE_KERNEL);
  },

  *vfree(this: Kernel, addr: number): Steps<void> {
    yield* this.__vunmap(addr, true);
  },

  /** Maps pages that the caller owns. */
  *vmap(this: Kernel, pages: readonly number[], prot: number): Steps<number> {
    const { VMALLOC_START, VMALLOC_END } = this.c.layout;
    const size = pages.length * this.c.PAGE_SIZE;
    const area = yield* this.__get_vm_area_node(size, 1, VM.MAP, VMALLOC_START, VMALLOC_END);
    if (area === null) return NULL;
    if ((yield* this.map_vm_area(area, prot, pages)) === 0) return area;
    yield* this.__vunmap(area, false);
    return NULL;
  },

  *vunmap(this: Kernel, addr: number): Steps<void> {
    yield* this.__vunmap(addr, false);
  },

  /** The pfn of the page to which an address of an area is mapped. */
  *vmalloc_to_pfn(this: Kernel, addr: number): Steps<number> {
    const pgdp = yield* this.pgd_offset_k(addr);
    const p4dp = yield* this.p4d_offset(pgdp, addr);
    const pudp = yield* this.pud_offset(p4dp, addr);
    const pmdp = yield* this.pmd_offset(pudp, addr);
    const pte = yield* READ_ONCE(yield* this.pte_offset_kernel(pmdp, addr));
    return PFN_DOWN(this.c, leaf_address(this.c, pte));
  },
};

/** v5.15 at the latest */
export const v6_1 = {
  *$no_pages_for_area(this: Kernel, allocated: number, _size: number): Steps<void> {
    const text = `vmalloc error: size ${allocated}, page order 0, failed to allocate pages`;
    yield* pr_warn(yield* warn_alloc_text(GFP.KERNEL, text));
  },

  *$no_area(this: Kernel, size: number): Steps<void> {
    const text = `vmalloc error: size ${size}, vm_struct allocation failed`;
    yield* pr_warn(yield* warn_alloc_text(GFP.KERNEL, text));
  },
};

/** v6.6 at the latest */
export const v6_6 = {
  $bad_address_in(this: Kernel): string {
    return 'remove_vm_area';
  },

  $no_vm_area_in(this: Kernel): string {
    return 'vfree';
  },

  *$no_pages_for_area(this: Kernel, allocated: number, _size: number): Steps<void> {
    const text = `vmalloc error: size ${allocated}, failed to allocate pages`;
    yield* pr_warn(yield* warn_alloc_text(GFP.KERNEL, text));
  },
};
