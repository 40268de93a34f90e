import type { Steps } from '../../../steps/step.ts';
import { SIZEOF_STRUCT_PAGE } from '../../config.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';
import { add, alloc, change, exists, free, look, R, W } from '../../ops.ts';
import { hex, pfn_to_section_nr, section_nr_to_pfn } from '../../pfn.ts';
import { count_pages, fill_missing, nr_vmemmap, set_pages } from '../memmap.ts';
import { NO_PAGE } from '../page.ts';
import { vmem_altmap_alloc } from '../page_alloc/alloc_pages.ts';

/**
 * mm/sparse-vmemmap.c on x86-64, whose page tables are not modelled: the memory for the memmap of a range, section by
 * section. The struct pages of a section fill one PMD entry: a block of 2M, or base pages. The memmap of boot memory is
 * memblock's and has no record here.
 */

/** The base pages of a section's memmap that a range of pfns fills, as [first, end). */
function base_pages(k: Kernel, nr: number, pfn: number, nr_pages: number): [number, number] {
  const at = (pfn - section_nr_to_pfn(k.c, nr)) * SIZEOF_STRUCT_PAGE;
  return [at / k.c.PAGE_SIZE, (at + nr_pages * SIZEOF_STRUCT_PAGE) / k.c.PAGE_SIZE];
}

/** vmemmap_populate_basepages(): 0 or -ENOMEM with what was found before. */
function* populate_basepages(k: Kernel, nr: number, pfn: number, nr_pages: number, node: number) {
  const [first, end] = base_pages(k, nr, pfn, nr_pages);
  if (!(yield* exists('vmemmap_pmd', nr))) {
    const none: readonly number[] = Array(k.c.PMD_SIZE / k.c.PAGE_SIZE).fill(-1);
    yield* alloc('vmemmap_pmd', nr, { block: -1, of_altmap: false, pages: none });
  }
  const pages = [...(yield* R('vmemmap_pmd', nr, 'pages'))];
  let ret = 0;
  for (let i = first; i < end && ret === 0; i++) {
    if (pages[i] !== -1) continue;
    pages[i] = yield* k.vmemmap_alloc_block(k.c.PAGE_SIZE, node);
    if (pages[i] === -1) ret = -k.errno.ENOMEM;
  }
  yield* W('vmemmap_pmd', nr, 'pages', pages);
  return ret;
}

/** vmemmap_populate_hugepages() for one entry: base pages if there is no block, but none instead of an altmap's. */
function* populate_block(k: Kernel, nr: number, node: number, altmap: vmem_altmap | null): Steps<number> {
  const size = k.c.PMD_SIZE;
  const nr_pages = size / k.c.PAGE_SIZE;
  const block = altmap ? vmem_altmap_alloc(altmap, nr_pages) : yield* k.vmemmap_alloc_block(size, node);
  if (altmap && block < 0) return -k.errno.ENOMEM;
  if (block < 0)
    return yield* populate_basepages(k, nr, section_nr_to_pfn(k.c, nr), k.c.PAGES_PER_SECTION, node);
  if (altmap)
    yield* k.pr_debug(
      'mm/sparse-vmemmap.c',
      `altmap_alloc_block_buf: pfn: ${hex(block)} alloc: ${altmap.alloc} align: ${altmap.align} nr: ${hex(nr_pages)}`,
    );
  yield* alloc('vmemmap_pmd', nr, { block, of_altmap: altmap !== null, pages: [] });
  return 0;
}

/** A part of one section, or all of it. What is mapped already is used as it is. */
function* populate_section(
  k: Kernel,
  pfn: number,
  nr_pages: number,
  node: number,
  altmap: vmem_altmap | null,
): Steps<number> {
  const nr = pfn_to_section_nr(k.c, pfn);
  if (yield* exists('vmemmap_pmd', nr)) {
    if ((yield* R('vmemmap_pmd', nr, 'block')) >= 0) return 0;
    return yield* populate_basepages(k, nr, pfn, nr_pages, node);
  }
  const first = section_nr_to_pfn(k.c, nr);
  if ((yield* look(count_pages, first, first + k.c.PAGES_PER_SECTION)) > 0) return 0;
  if (nr_pages === k.c.PAGES_PER_SECTION) return yield* populate_block(k, nr, node, altmap);
  return yield* populate_basepages(k, nr, pfn, nr_pages, node);
}

/** Gives pages back to the altmap that the caller names, or to the page allocator. */
function* give_back(
  k: Kernel,
  pfn: number,
  nr_pages: number,
  of_altmap: boolean,
  altmap: vmem_altmap | null,
) {
  if (altmap) {
    altmap.alloc -= nr_pages;
    return;
  }
  yield* add('vars', 0, 'nr_vmemmap_pages', -nr_pages);
  if (!of_altmap) yield* k.free_pages(pfn, nr_pages);
}

/** A block is freed once none of its struct pages is in use. */
function* depopulate_section(k: Kernel, pfn: number, nr_pages: number, altmap: vmem_altmap | null) {
  const nr = pfn_to_section_nr(k.c, pfn);
  const there = yield* look(count_pages, pfn, pfn + nr_pages);
  yield* change(set_pages, pfn, pfn + nr_pages, NO_PAGE);
  if (!(yield* exists('vmemmap_pmd', nr))) {
    const lost = nr_vmemmap(k, there);
    if (altmap) altmap.alloc -= lost;
    else yield* add('vars', 0, 'nr_vmemmap_pages', -lost);
    return;
  }
  const block = yield* R('vmemmap_pmd', nr, 'block');
  const of_altmap = yield* R('vmemmap_pmd', nr, 'of_altmap');
  if (block >= 0) {
    const first = section_nr_to_pfn(k.c, nr);
    if ((yield* look(count_pages, first, first + k.c.PAGES_PER_SECTION)) > 0) return;
    yield* free('vmemmap_pmd', nr);
    return yield* give_back(k, block, k.c.PMD_SIZE / k.c.PAGE_SIZE, of_altmap, altmap);
  }
  const pages = [...(yield* R('vmemmap_pmd', nr, 'pages'))];
  const [first, end] = base_pages(k, nr, pfn, nr_pages);
  for (let i = first; i < end; ) {
    let n = 1;
    if (pages[i] !== -1) {
      while (i + n < end && pages[i + n] === pages[i]! + n) n++;
      yield* give_back(k, pages[i]!, n, of_altmap, altmap);
    }
    pages.fill(-1, i, i + n);
    i += n;
  }
  if (pages.every((page) => page === -1)) yield* free('vmemmap_pmd', nr);
  else yield* W('vmemmap_pmd', nr, 'pages', pages);
}

/** The parts of a range that lie in one section each: their first pfn and their length. */
function* parts(k: Kernel, pfn: number, nr_pages: number): Generator<[number, number]> {
  for (let at = pfn; at < pfn + nr_pages; ) {
    const end = Math.min(pfn + nr_pages, section_nr_to_pfn(k.c, pfn_to_section_nr(k.c, at) + 1));
    yield [at, end - at];
    at = end;
  }
}

export const v5_2 = {
  /** 0 or -ENOMEM, with what was found before. */
  *__populate_section_memmap(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    if (yield* this.$should_fail('vmemmap_populate')) return -this.errno.ENOMEM;
    for (const [start, n] of parts(this, pfn, nr_pages)) {
      const ret = yield* populate_section(this, start, n, nid, altmap);
      if (ret) return ret;
    }
    yield* change(fill_missing, pfn, pfn + nr_pages);
    return 0;
  },

  *depopulate_section_memmap(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    for (const [start, n] of parts(this, pfn, nr_pages)) yield* depopulate_section(this, start, n, altmap);
  },
};

export const v5_3 = {
  /** A range of less than a section gets base pages, which never come from an altmap. */
  *__populate_section_memmap(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    const whole = nr_pages >= this.c.PAGES_PER_SECTION;
    return yield* v5_2.__populate_section_memmap.call(this, pfn, nr_pages, nid, whole ? altmap : null);
  },

  /** Base pages are freed to their source. */
  *depopulate_section_memmap(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    const whole = nr_pages >= this.c.PAGES_PER_SECTION;
    yield* v5_2.depopulate_section_memmap.call(this, pfn, nr_pages, whole ? altmap : null);
  },
};
