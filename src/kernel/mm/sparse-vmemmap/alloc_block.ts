import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { list_text } from '../../lib/vsprintf.ts';
import { add, look, operation } from '../../ops.ts';
import type { State } from '../../state.ts';
import { USE } from '../page.ts';

/** mm/sparse-vmemmap.c: memory for struct pages from the page allocator. */

/** The flags of the allocation as every modelled release prints them. */
const GFP_RETRY_MAYFAIL = '0x4cc0(GFP_KERNEL|__GFP_RETRY_MAYFAIL)';

/** The nodes from which a process may allocate, if no cpuset says otherwise. */
const mems_allowed = operation({
  name: 'mems_allowed',
  obj: 'pgdat',
  writes: false,
  run: (state: State): number[] =>
    [...state.pgdat.values()].filter((node) => node.n_memory).map((node) => node.node_id),
});

export const v5_2 = {
  /** The first pfn of naturally aligned pages, or -1. The first failure is reported. */
  *vmemmap_alloc_block(this: Kernel, size: number, node: number): Steps<number> {
    const nr_pages = size / this.c.PAGE_SIZE;
    const found = yield* this.$alloc_pages('vmemmap_block', node, nr_pages, nr_pages, nr_pages, USE.MEMMAP);
    if (found) yield* add('vars', 0, 'nr_vmemmap_pages', nr_pages);
    else yield* this.$vmemmap_alloc_failure(Math.log2(nr_pages));
    return found ? found.pfn : -1;
  },

  /** warn_alloc(): without the name of the process, which stands before it, and the dump of memory behind it. */
  *$vmemmap_alloc_failure(this: Kernel, order: number): Steps<void> {
    const allowed = list_text(yield* look(mems_allowed));
    const mode = `mode:${GFP_RETRY_MAYFAIL}, nodemask=(null),cpuset=/,mems_allowed=${allowed}`;
    yield* this.$pr_warn_once('vmemmap_alloc_block', `vmemmap alloc failure: order:${order}, ${mode}`);
  },
};
