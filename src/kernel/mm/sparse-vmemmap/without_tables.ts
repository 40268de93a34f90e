import type { Steps } from '../../../steps/step.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';
import { hex } from '../../pfn.ts';
import { free_memmap, populate_memmap } from '../memmap.ts';
import { vmem_altmap_alloc } from '../page_alloc/alloc_pages.ts';

/** mm/sparse-vmemmap.c on x86-64, whose page tables are not modelled: the memory for the memmap of a range, block by block. */

/** A 2M block of struct pages describes one section. */
const BLOCK_PFNS = 512;

export const v5_2 = {
  /** altmap_alloc_block_buf: -ENOMEM, with no fallback, if the altmap has no block left. */
  *__populate_section_memmap(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    _nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    if (!altmap) return yield* populate_memmap(this, pfn, nr_pages, null);
    for (let done = 0; done < nr_pages; done += this.c.PAGES_PER_SECTION) {
      const before = altmap.alloc;
      const ret = yield* populate_memmap(this, pfn + done, this.c.PAGES_PER_SECTION, altmap);
      if (ret) return ret;
      if (altmap.alloc === before) continue; // an existing memmap was used
      altmap.alloc = before;
      const block = vmem_altmap_alloc(altmap, BLOCK_PFNS);
      if (block < 0) {
        yield* free_memmap(this, pfn + done, this.c.PAGES_PER_SECTION, altmap);
        altmap.alloc = before;
        return -this.errno.ENOMEM;
      }
      yield* this.pr_debug(
        'mm/sparse-vmemmap.c',
        `altmap_alloc_block_buf: pfn: ${hex(block)} alloc: ${altmap.alloc} align: ${altmap.align} nr: ${hex(BLOCK_PFNS)}`,
      );
    }
    return 0;
  },

  *depopulate_section_memmap(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    yield* free_memmap(this, pfn, nr_pages, altmap);
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
    yield* free_memmap(this, pfn, nr_pages, whole ? altmap : null);
  },
};
