import type { Steps } from '../../../steps/step.ts';
import { is_classic, type MemConfig } from '../config.ts';
import type { MemKernel } from '../functions.ts';
import { change, look, type Memmap, operation } from '../world.ts';

/** hugepagesz=: the valid sizes, and the messages for refused ones. */

const has_hstate = operation({
  name: 'has_hstate',
  writes: false,
  run: (world: Memmap, size: number): boolean => world.hstates.has(size),
});
const add_hstate = operation({
  name: 'add_hstate',
  writes: true,
  run: (world: Memmap, size: number): void => {
    world.hstates.add(size);
  },
});

const is_offered = (c: MemConfig, size: number): boolean => c.huge_page_sizes.includes(size);
export const order_of = (c: MemConfig, size: number): number => Math.log2(size / c.PAGE_SIZE);

export const v2_6_27 = {
  /** 0, or -EINVAL for a size that the processor does not have. */
  *hugepagesz_setup(this: MemKernel, size: number): Steps<number> {
    if (!is_offered(this.c, size)) {
      yield { op: 'printk', level: 3, text: yield* this.$unsupported_hugepagesz(size) };
      return -this.errno.EINVAL;
    }
    if (!(yield* look(has_hstate, size))) yield* this.hugetlb_add_hstate(size);
    return 0;
  },

  *$unsupported_hugepagesz(this: MemKernel, size: number): Steps<string> {
    if (this.c.arch === 'ppc64') return `Invalid huge page size specified(${size})`;
    if (this.c.arch === 'arm64') return `hugepagesz: Unsupported page size ${Math.floor(size / 1024)} K`;
    return `hugepagesz: Unsupported page size ${Math.floor(size / 2 ** 20)} M`;
  },

  *hugetlb_add_hstate(this: MemKernel, size: number): Steps<void> {
    yield* change(add_hstate, size);
  },
};

/** The proposal of a reviewer of that series: gigantic pages only where the memmap is contiguous. */
export const gigantic_vmemmap = {
  *hugepagesz_setup(this: MemKernel, size: number): Steps<number> {
    const gigantic = order_of(this.c, size) >= this.c.MAX_ORDER;
    const depends_on = this.c.memory_model === 'SPARSEMEM_VMEMMAP';
    if (!is_offered(this.c, size) || (gigantic && !depends_on)) {
      yield { op: 'printk', level: 3, text: yield* this.$unsupported_hugepagesz(size) };
      return -this.errno.EINVAL;
    }
    if (!(yield* look(has_hstate, size))) yield* this.hugetlb_add_hstate(size);
    return 0;
  },
};

const text_of = (size: number): string => {
  if (size % 2 ** 30 === 0) return `${size / 2 ** 30}G`;
  return size % 2 ** 20 === 0 ? `${size / 2 ** 20}M` : `${size / 1024}K`;
};

export const v5_8 = {
  *$unsupported_hugepagesz(this: MemKernel, size: number): Steps<string> {
    return `HugeTLB: unsupported hugepagesz=${text_of(size)}`;
  },
};

/**
 * A folio ends with its section where the memmap does (v6.18): the reviewer's rule, by order. A violation only warns.
 */
export const v7_1 = {
  *hugetlb_add_hstate(this: MemKernel, size: number): Steps<void> {
    if (order_of(this.c, size) > max_folio_order(this.c))
      yield { op: 'warn', where: 'hugetlb_add_hstate', text: 'order > MAX_FOLIO_ORDER' };
    yield* change(add_hstate, size);
  },
};

export const max_folio_order = (c: MemConfig): number =>
  is_classic(c.memory_model) ? Math.log2(c.PAGES_PER_SECTION) : 34 - c.PAGE_SHIFT;
