import type { Steps } from '../../../steps/step.ts';
import { has_warned, set_warned } from '../../include/asm-generic/bug.ts';
import type { Kernel } from '../../kernel.ts';
import { add, change, look, pr_warn } from '../../ops.ts';
import { USE } from '../page.ts';
import { GFP, warn_alloc_text } from '../page_alloc/warn_alloc.ts';

/** mm/sparse-vmemmap.c: memory for struct pages from the page allocator. */

export const v5_2 = {
  /** The first pfn of naturally aligned pages, or -1. The first failure is reported. */
  *vmemmap_alloc_block(this: Kernel, size: number, node: number): Steps<number> {
    const nr_pages = size / this.c.PAGE_SIZE;
    const found = yield* this.$alloc_pages('vmemmap_block', node, nr_pages, nr_pages, nr_pages, USE.MEMMAP);
    if (found) yield* add('vars', 0, 'nr_vmemmap_pages', nr_pages);
    else yield* this.$vmemmap_alloc_failure(Math.log2(nr_pages));
    return found ? found.pfn : -1;
  },

  *$vmemmap_alloc_failure(this: Kernel, order: number): Steps<void> {
    if (yield* look(has_warned, 'vmemmap_alloc_block')) return;
    const text = `vmemmap alloc failure: order:${order}`;
    yield* pr_warn(yield* warn_alloc_text(GFP.KERNEL_RETRY_MAYFAIL, text));
    yield* change(set_warned, 'vmemmap_alloc_block');
  },
};
