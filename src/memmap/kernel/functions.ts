import type { ERRNO } from '../../steps/errno.ts';
import type { Steps } from '../../steps/step.ts';
import type { MemConfig } from './config.ts';
import type { BootmemType } from './world.ts';

/** A run of struct page pointers as get_user_pages() returns them to its caller. */
export interface PointerRun {
  readonly first: number;
  readonly n: number;
}

/**
 * Functions on struct page pointers, by kernel name. These are the declarations, as in a header; the files of this
 * folder define the functions, and src/memmap/releases selects the definition for each release. A pointer is a number
 * (see config.ts); an order means a power of two of pages. Functions that a release lacks are not called on it.
 */
export interface MemFunctions {
  // include/asm-generic/memory_model.h
  __pfn_to_page(pfn: number): Steps<number>;
  __page_to_pfn(page: number): Steps<number>;

  // include/linux/mmzone.h, mm/memory_hotplug.c
  pfn_valid(pfn: number): Steps<boolean>;
  pfn_valid_within(pfn: number): Steps<boolean>;
  /** 0 for NULL. */
  pfn_to_online_page(pfn: number): Steps<number>;

  // mm/internal.h, include/linux/mm.h
  mem_map_offset(base: number, offset: number): Steps<number>;
  mem_map_next(iter: number, base: number, offset: number): Steps<number>;
  nth_page(page: number, n: number): Steps<number>;

  // arch/*/mm/hugetlbpage.c before v5.8, mm/hugetlb.c, mm/memory.c
  $hugepagesz(size: number): Steps<number>;
  setup_hugepagesz(size: number): Steps<number>;
  hugepage_setup_sz(size: number): Steps<number>;
  hugepagesz_setup(size: number): Steps<number>;
  hugetlb_add_hstate(size: number): Steps<void>;
  gather_bootmem_prealloc(page: number, order: number): Steps<boolean>;
  prep_compound_page(page: number, order: number): Steps<void>;
  prep_compound_huge_page(page: number, order: number): Steps<boolean>;
  prep_compound_gigantic_page(page: number, order: number): Steps<boolean>;
  hugetlb_folio_init_tail_vmemmap(page: number, order: number): Steps<void>;
  hugetlb_no_page(page: number, order: number): Steps<void>;
  /** Bytes before v5.2, pages from there on. */
  clear_huge_page(page: number, size: number): Steps<void>;
  clear_gigantic_page(page: number, size: number): Steps<void>;
  folio_zero_user(page: number, nr_pages: number): Steps<void>;
  hugetlb_cow(dst: number, src: number, order: number): Steps<void>;
  copy_huge_page(dst: number, src: number, pages_per_huge_page: number): Steps<void>;
  copy_gigantic_page(dst: number, src: number, pages_per_huge_page: number): Steps<void>;
  copy_user_huge_page(dst: number, src: number, nr: number): Steps<void>;
  copy_user_gigantic_page(dst: number, src: number, nr: number): Steps<void>;
  copy_user_large_folio(dst: number, src: number, nr: number): Steps<void>;
  follow_hugetlb_page(page: number, pfn_offset: number, remainder: number): Steps<PointerRun[]>;
  update_and_free_page(page: number, order: number): Steps<void>;
  destroy_compound_page(page: number, order: number): Steps<void>;
  destroy_compound_gigantic_page(page: number, order: number): Steps<void>;

  // mm/memory_hotplug.c
  __remove_section(nr: number): Steps<number>;

  // mm/sparse.c
  sparse_remove_one_section(nr: number): Steps<void>;
  memory_present(nr: number, nid: number): Steps<void>;
  sparse_add_section(nid: number, pfn: number, nr_pages: number): Steps<number>;
  section_activate(pfn: number, nr_pages: number): Steps<number>;
  $section_start_memmap(nr: number, pfn: number, memmap: number): Steps<number>;
  populate_section_memmap(pfn: number, nr_pages: number): Steps<number>;
  section_deactivate(pfn: number, nr_pages: number): Steps<void>;
  depopulate_section_memmap(pfn: number, nr_pages: number): Steps<void>;
  free_map_bootmem(nr: number, memmap: number): Steps<void>;
  $free_usage(nr: number): Steps<void>;
  $kfree_usage(nr: number): Steps<void>;
  free_pages(addr: number): Steps<void>;
  vmemmap_free(pfn: number, nr_pages: number): Steps<void>;

  // mm/bootmem_info.c, mm/memory_hotplug.c, mm/sparse.c
  $usemaps_go_with_pgdat(): boolean;
  check_usemap_section_nr(nid: number, nr: number): Steps<void>;
  register_page_bootmem_info_node(nid: number): Steps<void>;
  get_page_bootmem(info: number, key: string, type: BootmemType): Steps<void>;
  put_page_bootmem(key: string): Steps<void>;
  $free_bootmem_memmap(nr: number, memmap: number): Steps<void>;
}

/**
 * A kernel whose struct pages are addresses. It is separate from the hotplug kernel, whose struct pages are values
 * without an address: 2.6.27 on ppc64 is no hotplug release of the model, and has neither its zones nor its page
 * tables.
 */
export interface MemKernel extends MemFunctions {
  readonly c: MemConfig;
  readonly errno: typeof ERRNO;
  readonly release: string;
}
