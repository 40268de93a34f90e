import * as free_hotplug from '../../kernel/arch/arm64/mm/mmu/free_hotplug.ts';
import type { Kernel, vmem_altmap } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { arm64_v6 } from '../series/arm64-v6.ts';

/** get_order() of include/asm-generic: of bytes. */
const get_order = (size: number, page_size: number): number =>
  Math.max(0, Math.ceil(Math.log2(size / page_size)));

const free_order = (k: Kernel, phys: number, order: number): Steps<void> =>
  free_hotplug.v5_2.free_hotplug_page_range.call(k, phys, 2 ** order * k.c.PAGE_SIZE, null);

/** B38: an order where a size is wanted. */
export const B38_mutant = defineRelease({
  name: 'arm64-v6-B38',
  base: arm64_v6,
  about: 'V6 with free_hotplug_page_range(page, get_order(size))',
  arch: {
    arm64: {
      *free_hotplug_page_range(
        this: Kernel,
        phys: number,
        size: number,
        _altmap: vmem_altmap | null,
      ): Steps<void> {
        const { PAGE_SIZE } = this.c;
        yield* free_order(this, phys, get_order(get_order(size, PAGE_SIZE), PAGE_SIZE));
      },
    },
  },
});

/** B38: pages where an order is wanted. */
export const B38b_mutant = defineRelease({
  name: 'arm64-v6-B38b',
  base: arm64_v6,
  about: 'V6 with free_pages(addr, get_order(size) >> PAGE_SHIFT)',
  arch: {
    arm64: {
      *free_hotplug_page_range(
        this: Kernel,
        phys: number,
        size: number,
        _altmap: vmem_altmap | null,
      ): Steps<void> {
        yield* free_order(this, phys, get_order(size, this.c.PAGE_SIZE) >> this.c.PAGE_SHIFT);
      },
    },
  },
});
