import { depthOf, entrySize } from '../../../../geometry/translation.ts';
import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { PFN_DOWN } from '../../../pfn.ts';
import { VM } from '../../../state.ts';

/** arch/arm64/mm/ioremap.c: physical ranges in the vmalloc region. */

export const v5_2 = {
  /** The address of `phys`, or 0. Refused for RAM. An area is aligned to its size, at most to the largest block. */
  *__ioremap_caller(this: Kernel, phys: number, size: number, prot: number): Steps<number> {
    const { PAGE_SIZE, layout } = this.c;
    const start = Math.floor(phys / PAGE_SIZE) * PAGE_SIZE;
    const bytes = Math.ceil((phys + size - start) / PAGE_SIZE) * PAGE_SIZE;
    if (yield* this.pfn_valid(PFN_DOWN(this.c, start))) {
      yield* this.WARN('__ioremap_caller');
      return 0;
    }
    const largest = entrySize(this.c.t, depthOf(this.c.t, this.c.PAGE_SHIFT === 12 ? 'PUD' : 'PMD'));
    const align = Math.min(largest, 2 ** Math.ceil(Math.log2(bytes)));
    const area = yield* this.__get_vm_area_node(
      bytes,
      align,
      VM.IOREMAP,
      layout.VMALLOC_START,
      layout.VMALLOC_END,
    );
    if (area === null) return 0;
    if (yield* this.ioremap_page_range(area, area + bytes, start, prot)) {
      yield* this.vunmap(area);
      return 0;
    }
    return area + (phys - start);
  },

  *__ioremap(this: Kernel, phys: number, size: number, prot: number): Steps<number> {
    return yield* this.__ioremap_caller(phys, size, prot);
  },

  *iounmap(this: Kernel, addr: number): Steps<void> {
    yield* this.vunmap(Math.floor(addr / this.c.PAGE_SIZE) * this.c.PAGE_SIZE);
  },
};
