import type { Kernel, vmem_altmap } from '../../kernel/kernel.ts';
import { subsection_mask } from '../../kernel/mm/sparse.ts';
import { R, W } from '../../kernel/ops.ts';
import { pfn_to_section_nr } from '../../kernel/pfn.ts';
import { SECTION_HAS_MEM_MAP } from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { v6_1 } from '../mainline/v6.1.ts';

/** B61: the sub-section map changed without a look at what is there. */

export const B61a_mutant = defineRelease({
  name: 'v6.1-B61a',
  base: v6_1,
  about: '6.1.192 with a fill_subsection_map() that only sets bits',
  functions: {
    *fill_subsection_map(this: Kernel, pfn: number, nr_pages: number): Steps<number> {
      const nr = pfn_to_section_nr(this.c, pfn);
      const mask = subsection_mask(this.c, pfn, nr_pages);
      const map = (yield* R('mem_section', nr, 'subsection_map')) ?? [];
      yield* W(
        'mem_section',
        nr,
        'subsection_map',
        Object.freeze(mask.map((word, i) => word | (map[i] ?? 0))),
      );
      return 0;
    },
  },
});

export const B61b_mutant = defineRelease({
  name: 'v6.1-B61b',
  base: v6_1,
  about: '6.1.192 with a section_deactivate() that only toggles bits',
  functions: {
    *section_deactivate(
      this: Kernel,
      pfn: number,
      nr_pages: number,
      altmap: vmem_altmap | null,
    ): Steps<void> {
      const nr = pfn_to_section_nr(this.c, pfn);
      const mask = subsection_mask(this.c, pfn, nr_pages);
      const map = (yield* R('mem_section', nr, 'subsection_map')) ?? [];
      const left = mask.map((word, i) => word ^ (map[i] ?? 0));
      const empty = left.every((word) => word === 0);
      yield* W('mem_section', nr, 'subsection_map', empty ? null : Object.freeze(left));
      const flags = yield* R('mem_section', nr, 'section_mem_map');
      if (empty) yield* W('mem_section', nr, 'section_mem_map', flags & ~SECTION_HAS_MEM_MAP);
      yield* this.depopulate_section_memmap(pfn, nr_pages, altmap);
      if (empty) yield* W('mem_section', nr, 'section_mem_map', 0);
    },
  },
});
