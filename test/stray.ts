import type { Reach } from '../src/hardware/reach.ts';
import { reaches } from '../src/hardware/reach.ts';
import { phys_to_virt } from '../src/kernel/arch/arm64/mmu.ts';
import type { Kernel } from '../src/kernel/kernel.ts';
import { page_use, USE } from '../src/kernel/mm/page.ts';
import type { State } from '../src/kernel/state.ts';

/** Ways other than the linear map by which some CPU may come to pages that are in the allocator's hands. */
export function stray({ state, kernel }: { readonly state: State; readonly kernel: Kernel }): Reach[] {
  const { PAGE_SIZE } = kernel.c;
  return [...state.pages.in(0, Number.MAX_SAFE_INTEGER)]
    .filter(({ value }) => page_use(value) === USE.FREE)
    .flatMap(({ start, end }) => reaches(state.mmu!, start * PAGE_SIZE, (end - start) * PAGE_SIZE))
    .filter((r) => r.in_memory || r.held_by.length > 0)
    .filter((r) => r.as === 'table' || r.va !== phys_to_virt(kernel.c, r.pa));
}
