import { leaves } from '../../../hardware/walks/walk.ts';
import type { Steps } from '../../../steps/step.ts';
import type { Config } from '../../config.ts';
import { SIZEOF_STRUCT_PAGE } from '../../config.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';
import { change, operation } from '../../ops.ts';
import { vmemmap_of } from '../../pfn.ts';
import type { State } from '../../state.ts';
import { NO_PAGE, ZERO_PAGE } from '../page.ts';

/** mm/sparse-vmemmap.c, mm/sparse.c: the memmap of a range of pfns. A struct page exists if the tables map it. */

const pfn_at = (c: Config, va: number): number =>
  (va - c.VMEMMAP_START) / SIZEOF_STRUCT_PAGE + c.mappable_range.start / c.PAGE_SIZE;

/**
 * Makes the struct pages follow the tables, in the leaves that touch [start, end). What a leaf maps anew is memory from
 * the allocator, zeroed; what is no longer mapped is lost, including struct pages of neighbours under the same leaf
 * (B28, B29).
 */
export const follow_tables = operation({
  name: 'follow_tables',
  obj: 'pages',
  writes: true,
  run(state: State, c: Config, start: number, end: number): void {
    const leaf = c.PAGE_SHIFT === 12 ? c.PMD_SIZE : c.PAGE_SIZE;
    const from = Math.max(c.VMEMMAP_START, Math.floor(start / leaf) * leaf);
    const to = Math.min(c.VMEMMAP_END, Math.ceil(end / leaf) * leaf);
    const gone = (a: number, b: number): void => {
      if (b > a) state.pages.set(pfn_at(c, a), pfn_at(c, b), NO_PAGE);
    };
    let at = from;
    for (const mapped of leaves(state.mmu!, from, to)) {
      gone(at, mapped.start);
      const [first, last] = [pfn_at(c, mapped.start), pfn_at(c, mapped.end)];
      if (state.pages.first(first, last, (page) => page === NO_PAGE) >= 0)
        state.pages.update(first, last, (page) => (page === NO_PAGE ? ZERO_PAGE : page));
      at = mapped.end;
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
    const start = vmemmap_of(this.c, pfn);
    const end = vmemmap_of(this.c, pfn + nr_pages);
    const ret = yield* this.vmemmap_populate(start, end, nid, altmap);
    yield* change(follow_tables, this.c, start, end);
    return ret;
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
    yield* change(follow_tables, this.c, start, end);
  },

  /** Frees the memmap of boot memory in the same way: the architecture does not check who owns the pages (B35). */
  *free_map_bootmem(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    yield* this.depopulate_section_memmap(pfn, nr_pages, null);
  },
};
