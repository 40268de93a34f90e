import type { LevelName } from '../../../../geometry/translation.ts';
import type { Steps } from '../../../../steps/step.ts';
import type { Config } from '../../../config.ts';
import { alloc_table } from '../../../include/asm-generic/pgalloc.ts';
import type { Kernel } from '../../../kernel.ts';

/** arch/x86/mm/init.c: the linear map, in pieces of one page size. */

/** Bits of page_size_mask: 1 << PG_LEVEL_2M, 1 << PG_LEVEL_1G. */
export const MASK_2M = 1 << 2;
export const MASK_1G = 1 << 3;

const PMD_SIZE = 2 ** 21;
const PUD_SIZE = 2 ** 30;

/** struct map_range: `page_size_mask` says which sizes of leaves may map it besides base pages. */
export interface map_range {
  readonly start: number;
  readonly end: number;
  page_size_mask: number;
}

const round_up = (n: number, size: number): number => Math.ceil(n / size) * size;
const round_down = (n: number, size: number): number => Math.floor(n / size) * size;

/**
 * Base pages up to a multiple of 2M, 2M up to a multiple of 1G, 1G, and back. At boot `adjust` may widen the sizes of
 * a piece (adjust_range_page_size_mask); pieces of one size that meet become one.
 */
export function split_mem_range(
  c: Config,
  start: number,
  end: number,
  adjust: (mr: map_range) => void = () => {},
): map_range[] {
  const mr: map_range[] = [];
  let at = round_down(start, c.PAGE_SIZE);
  const limit = round_down(end, c.PAGE_SIZE);
  const save = (upto: number, page_size_mask: number): void => {
    if (at >= upto) return;
    mr.push({ start: at, end: upto, page_size_mask: page_size_mask & c.page_size_mask });
    at = upto;
  };
  save(Math.min(round_up(at, PMD_SIZE), limit), 0);
  save(Math.min(round_up(at, PUD_SIZE), round_down(limit, PMD_SIZE)), MASK_2M);
  save(round_down(limit, PUD_SIZE), MASK_2M | MASK_1G);
  save(round_down(limit, PMD_SIZE), MASK_2M);
  save(limit, 0);
  for (const one of mr) adjust(one);
  const merged: map_range[] = [];
  for (const one of mr) {
    const last = merged.at(-1);
    if (last?.end === one.start && last.page_size_mask === one.page_size_mask)
      merged[merged.length - 1] = { ...last, end: one.end };
    else merged.push(one);
  }
  return merged;
}

export const v5_2 = {
  /** A zeroed page for a table, or -1: GFP_ATOMIC after boot, from a buffer in the image or memblock before. */
  *alloc_low_pages(this: Kernel, level: LevelName): Steps<number> {
    return yield* alloc_table(this, level);
  },

  *init_memory_mapping(this: Kernel, start: number, end: number, prot: number): Steps<number> {
    let ret = 0;
    for (const mr of split_mem_range(this.c, start, end))
      ret = yield* this.kernel_physical_mapping_init(mr.start, mr.end, mr.page_size_mask, prot);
    return ret / this.c.PAGE_SIZE;
  },
};
