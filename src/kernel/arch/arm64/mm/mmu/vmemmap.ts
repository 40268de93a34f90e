import { isMapped, leaves } from '../../../../../hardware/walk.ts';
import type { Steps } from '../../../../../steps/step.ts';
import type { Config } from '../../../../config.ts';
import { SIZEOF_STRUCT_PAGE } from '../../../../config.ts';
import type { Kernel, vmem_altmap } from '../../../../kernel.ts';
import { NO_PAGE, ZERO_PAGE } from '../../../../mm/page.ts';
import { change, operation } from '../../../../ops.ts';
import { vmemmap_of } from '../../../../pfn.ts';
import type { State } from '../../../../state.ts';

/** arch/arm64/mm/mmu.c, vmemmap_populate(): the memmap of hot-added memory. There are those struct pages that are mapped. */

const pfn_at = (c: Config, va: number): number =>
  (va - c.VMEMMAP_START) / SIZEOF_STRUCT_PAGE + c.mappable_range.start / c.PAGE_SIZE;

const fill_missing = operation({
  name: 'fill_missing',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'vars'],
  run: (state: State, start: number, end: number): void =>
    state.pages.update(start, end, (page) => (page === NO_PAGE ? ZERO_PAGE : page)),
});

/** Struct pages that are no longer mapped are gone, those of neighbours under the same leaf with them (B28, B29). */
const drop_unmapped = operation({
  name: 'drop_unmapped',
  obj: 'pages',
  writes: true,
  changes: ['pages', 'vars'],
  run(state: State, c: Config, start: number, end: number): void {
    const leaf = c.PAGE_SHIFT === 12 ? c.PMD_SIZE : c.PAGE_SIZE;
    if (start % leaf === 0 && end % leaf === 0 && !isMapped(state.mmu!, start)) {
      // whole leaves, and taken down: no neighbour can have lost anything
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

type Populate = [start: number, end: number, nid: number, altmap: vmem_altmap | null];

export const v5_2 = {
  *vmemmap_populate(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    if (yield* this.$should_fail('vmemmap_populate')) return -this.errno.ENOMEM;
    const ret = yield* this.arch_vmemmap_populate(
      vmemmap_of(this.c, pfn),
      vmemmap_of(this.c, pfn + nr_pages),
      nid,
      altmap,
    );
    if (ret) return ret;
    yield* change(fill_missing, pfn, pfn + nr_pages);
    return 0;
  },

  *vmemmap_free(this: Kernel, pfn: number, nr_pages: number, altmap: vmem_altmap | null): Steps<void> {
    const start = vmemmap_of(this.c, pfn);
    const end = vmemmap_of(this.c, pfn + nr_pages);
    yield* this.arch_vmemmap_free(start, end, altmap);
    yield* change(drop_unmapped, this.c, start, end);
  },

  /** The memmap of boot memory goes the same way: the architecture does not ask whose pages they are (B35). */
  *free_map_bootmem(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    yield* this.vmemmap_free(pfn, nr_pages, null);
  },

  /** The architecture's vmemmap_populate: blocks with 4K pages, else base pages. An altmap is accepted and ignored. */
  *arch_vmemmap_populate(this: Kernel, ...[start, end, nid, _altmap]: Populate): Steps<number> {
    if (this.c.PAGE_SHIFT !== 12) return yield* this.vmemmap_populate_basepages(start, end, nid, null);
    return yield* this.vmemmap_populate_hugepages(start, end, nid, null);
  },

  /** Empty until V5 and V6 of arm64 memory hot-remove. */
  *arch_vmemmap_free(this: Kernel, _start: number, _end: number, _altmap: vmem_altmap | null): Steps<void> {},
};

export const v5_10 = {
  *arch_vmemmap_populate(this: Kernel, ...[start, end, nid, altmap]: Populate): Steps<number> {
    if (this.c.PAGE_SHIFT !== 12) return yield* this.vmemmap_populate_basepages(start, end, nid, altmap);
    return yield* this.vmemmap_populate_hugepages(start, end, nid, altmap);
  },
};

export const v6_1 = {
  /** 6.1.192, 6.12.117: blocks for one whole section only (d4234d131b0a, B28). */
  *arch_vmemmap_populate(this: Kernel, ...[start, end, nid, altmap]: Populate): Steps<number> {
    const section = this.c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE;
    if (start < this.c.VMEMMAP_START || end > this.c.VMEMMAP_END) yield* this.WARN('vmemmap_populate');
    if (end - start > section) yield* this.WARN_ON_ONCE('vmemmap_populate');
    if (this.c.PAGE_SHIFT !== 12 || end - start < section) {
      return yield* this.vmemmap_populate_basepages(start, end, nid, altmap);
    }
    return yield* this.vmemmap_populate_hugepages(start, end, nid, altmap);
  },
};
