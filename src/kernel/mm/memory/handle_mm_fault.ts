import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { change } from '../../ops.ts';
import { map_new_page } from '../user_pages.ts';

const VM_FAULT_OOM = 1;

export const v5_2 = {
  /** Anonymous memory (GFP_HIGHUSER_MOVABLE): 0, or VM_FAULT_OOM. */
  *handle_mm_fault(this: Kernel, _vma: null, address: number, _flags: number, _regs: null): Steps<number> {
    const nr = Math.floor(address / this.c.PAGE_SIZE);
    return (yield* change(map_new_page, this.c, nr, true)) < 0 ? VM_FAULT_OOM : 0;
  },
};
