import type { Steps } from '../../../steps/step.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';
import { change, look } from '../../ops.ts';
import { vmemmap_of } from '../../pfn.ts';
import { fill_missing, set_pages } from '../memmap.ts';
import { NO_PAGE } from '../page.ts';
import { pgmap_at } from '../sparse.ts';
import { populate_compound_pages } from './compound_pages.ts';
import { vmemmap_can_optimize } from './nr_vmemmap_pages.ts';

/**
 * mm/sparse-vmemmap.c on x86-64: the memmap of a range of pfns. Blocks there hold the struct pages of one section, so
 * struct pages come and go with the range, and never with those of neighbours.
 */

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
    if (ret === 0) yield* change(fill_missing, pfn, pfn + nr_pages);
    return ret;
  },

  *depopulate_section_memmap(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    yield* this.vmemmap_free(vmemmap_of(this.c, pfn), vmemmap_of(this.c, pfn + nr_pages), altmap);
    yield* change(set_pages, pfn, pfn + nr_pages, NO_PAGE);
  },

  *free_map_bootmem(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    yield* this.depopulate_section_memmap(pfn, nr_pages, null);
  },
};

export const v6_1 = {
  /** Struct pages of compound device pages share the memmap of their tails (4917f55b4ef9, v5.19). */
  *__populate_section_memmap(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    const pgmap = yield* look(pgmap_at, this.c, pfn);
    if (!pgmap || !vmemmap_can_optimize(this.c, altmap, pgmap.vmemmap_shift))
      return yield* v5_2.__populate_section_memmap.call(this, pfn, nr_pages, nid, altmap);
    if (yield* this.$should_fail('vmemmap_populate')) return -this.errno.ENOMEM;
    const [start, end] = [vmemmap_of(this.c, pfn), vmemmap_of(this.c, pfn + nr_pages)];
    const ret = yield* this.vmemmap_populate_compound_pages(pfn, start, end, nid, pgmap);
    if (ret === 0) yield* change(fill_missing, pfn, pfn + nr_pages);
    return ret;
  },

  ...populate_compound_pages,
};
