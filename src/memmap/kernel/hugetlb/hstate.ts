import type { Steps } from '../../../steps/step.ts';
import type { MemConfig } from '../config.ts';
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

/** 0, or -EINVAL and this message for a size that the processor does not have. */
function* add_size(k: MemKernel, size: number, valid: boolean, message: string): Steps<number> {
  if (!valid) {
    yield { op: 'printk', level: 3, text: message };
    return -k.errno.EINVAL;
  }
  if (!(yield* look(has_hstate, size))) yield* k.hugetlb_add_hstate(size);
  return 0;
}

function unsupported({ arch }: MemConfig, size: number): string {
  if (arch === 'arm64') return `hugepagesz: Unsupported page size ${Math.floor(size / 1024)} K`;
  return `hugepagesz: Unsupported page size ${Math.floor(size / 2 ** 20)} M`;
}

export const v2_6_27 = {
  /** `hugepagesz=` on the command line, by the architecture's function before v5.8 (359f25443a8d). */
  *$hugepagesz(this: MemKernel, size: number): Steps<number> {
    if (this.c.arch === 'ppc64') return yield* this.hugepage_setup_sz(size);
    return yield* this.setup_hugepagesz(size);
  },

  /** arch/x86/mm/hugetlbpage.c, arch/arm64/mm/hugetlbpage.c; the size has been parsed. */
  *setup_hugepagesz(this: MemKernel, size: number): Steps<number> {
    return yield* add_size(this, size, is_offered(this.c, size), unsupported(this.c, size));
  },

  /** arch/powerpc/mm/hugetlbpage.c */
  *hugepage_setup_sz(this: MemKernel, size: number): Steps<number> {
    const message = `Invalid huge page size specified(${size})`;
    return yield* add_size(this, size, is_offered(this.c, size), message);
  },

  *hugetlb_add_hstate(this: MemKernel, size: number): Steps<void> {
    yield* change(add_hstate, size);
  },
};

/** The proposal of a reviewer of that series: gigantic pages only where the memmap is contiguous. */
function is_contiguous(c: MemConfig, size: number): boolean {
  const gigantic = order_of(c, size) >= c.MAX_ORDER;
  return is_offered(c, size) && (!gigantic || c.memory_model === 'SPARSEMEM_VMEMMAP');
}

export const gigantic_vmemmap = {
  *setup_hugepagesz(this: MemKernel, size: number): Steps<number> {
    return yield* add_size(this, size, is_contiguous(this.c, size), unsupported(this.c, size));
  },

  *hugepage_setup_sz(this: MemKernel, size: number): Steps<number> {
    const message = `Invalid huge page size specified(${size})`;
    return yield* add_size(this, size, is_contiguous(this.c, size), message);
  },
};

const text_of = (size: number): string => {
  if (size % 2 ** 30 === 0) return `${size / 2 ** 30}G`;
  return size % 2 ** 20 === 0 ? `${size / 2 ** 20}M` : `${size / 1024}K`;
};

/** mm/hugetlb.c for all architectures. */
export const v5_8 = {
  *$hugepagesz(this: MemKernel, size: number): Steps<number> {
    return yield* this.hugepagesz_setup(size);
  },

  *hugepagesz_setup(this: MemKernel, size: number): Steps<number> {
    const message = `HugeTLB: unsupported hugepagesz=${text_of(size)}`;
    return yield* add_size(this, size, is_offered(this.c, size), message);
  },
};
