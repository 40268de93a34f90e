import { isMapped, leaves } from '../../../hardware/walks/walk.ts';
import type { Steps } from '../../../steps/step.ts';
import type { Config } from '../../config.ts';
import { SIZEOF_STRUCT_PAGE } from '../../config.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';
import { change, operation } from '../../ops.ts';
import { vmemmap_of } from '../../pfn.ts';
import type { State } from '../../state.ts';
import { NO_PAGE, ZERO_PAGE } from '../page.ts';

/** mm/sparse-vmemmap.c, mm/sparse.c: the memmap of a range of pfns. A struct page exists if it is mapped. */

const pfn_at = (c: Config, va: number): number =>
  (va - c.VMEMMAP_START) / SIZEOF_STRUCT_PAGE + c.mappable_range.start / c.PAGE_SIZE;

const fill_missing = operation({
  name: 'fill_missing',
  obj: 'pages',
  writes: true,
  run: (state: State, start: number, end: number): void =>
    state.pages.update(start, end, (page) => (page === NO_PAGE ? ZERO_PAGE : page)),
});

/** Struct pages that are no longer mapped are lost, including those of neighbours under the same leaf (B28, B29). */
const drop_unmapped = operation({
  name: 'drop_unmapped',
  obj: 'pages',
  writes: true,
  run(state: State, c: Config, start: number, end: number): void {
    const leaf = c.PAGE_SHIFT === 12 ? c.PMD_SIZE : c.PAGE_SIZE;
    if (start % leaf === 0 && end % leaf === 0 && !isMapped(state.mmu!, start)) {
      // whole leaves were removed, so no neighbour has lost anything
      state.pages.set(pfn_at(c, start), pfn_at(c, end), NO_PAGE);
      return;
    }
    const from = Math.max(c.VMEMMAP_START, Math.floor(start / c.PMD_SIZE) * c.PMD_SIZE);
    const to = Math.min(c.VMEMMAP_END, Math.ceil(end / c.PMD_SIZE) * c.PMD_SIZE);
    const gone = (a: number, b: number): void => {
      if (b > a) state.pages.set(Math.floor(pfn_at(c, a)), Math.ceil(pfn_at(c, b)), NO_PAGE);
    };
    let at = from;
    for (const leaf of leaves(state.mmu!, from, to)) {
      gone(at, leaf.start);
      at = leaf.end;
    }
    gone(at, to);
  },
});

export const v5_2 = {
  /** 0 or -ENOMEM. */
  *__populate_section_memmap(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    if (yield* this.$should_fail('vmemmap_populate')) return -this.errno.ENOMEM;
    const ret = yield* this.vmemmap_populate(
      vmemmap_of(this.c, pfn),
      vmemmap_of(this.c, pfn + nr_pages),
      nid,
      altmap,
    );
    if (ret) return ret;
    yield* change(fill_missing, pfn, pfn + nr_pages);
    return 0;
  },

  *depopulate_section_memmap(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    const start = vmemmap_of(this.c, pfn);
    const end = vmemmap_of(this.c, pfn + nr_pages);
    yield* this.vmemmap_free(start, end, altmap);
    yield* change(drop_unmapped, this.c, start, end);
  },

  /** Frees the memmap of boot memory in the same way: the architecture does not check who owns the pages (B35). */
  *free_map_bootmem(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    yield* this.depopulate_section_memmap(pfn, nr_pages, null);
  },
};
