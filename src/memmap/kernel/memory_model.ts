import type { Steps } from '../../steps/step.ts';
import { described } from './access.ts';
import {
  is_classic,
  type MemConfig,
  NULL_TEXT,
  oops,
  page_add,
  pfn_to_section_nr,
  SIZEOF_STRUCT_PAGE,
} from './config.ts';
import type { MemKernel } from './functions.ts';
import { coded_map, null_section } from './section_table.ts';
import { look, type Memmap, operation } from './world.ts';

/** include/asm-generic/memory_model.h: conversion between pfns and struct page pointers, by memory model. */

/** arch_pfn_to_nid(): the node whose span contains the pfn, -1 if none does. */
export function arch_pfn_to_nid(world: Memmap, pfn: number): number {
  for (const [nid, { node_start_pfn, node_spanned_pages }] of world.pgdat)
    if (pfn >= node_start_pfn && pfn < node_start_pfn + node_spanned_pages) return nid;
  return -1;
}

/** The pointer, or null if the lookup reads through NULL. */
export const pfn_to_pointer = operation({
  name: 'pfn_to_pointer',
  writes: false,
  run(world: Memmap, c: MemConfig, pfn: number): number | null {
    if (c.memory_model === 'FLATMEM')
      return page_add(world.pgdat.get(0)!.node_mem_map, pfn - c.ARCH_PFN_OFFSET);
    if (c.memory_model === 'DISCONTIGMEM') {
      const nid = arch_pfn_to_nid(world, pfn);
      return nid < 0 ? null : page_add(coded_map(world, c, nid), pfn);
    }
    const nr = pfn_to_section_nr(c, pfn);
    if (is_classic(c.memory_model) && null_section(world, c, nr)) return null;
    return page_add(coded_map(world, c, nr), pfn);
  },
});

/** page_to_pfn() of one pointer; null if it reads through NULL, or through an unmapped pointer. */
export const pointer_to_pfn = operation({
  name: 'pointer_to_pfn',
  writes: false,
  run(world: Memmap, c: MemConfig, page: number): { pfn: number; fault: string | null } {
    const [part] = described(world, c, page, 1);
    return part!.fault === null ? { pfn: part!.memory, fault: null } : { pfn: -1, fault: part!.fault };
  },
});

export const v2_6_27 = {
  /** A NULL section is read at offset 0 (B95); a zeroed section gives a pointer near NULL without reading it. */
  *__pfn_to_page(this: MemKernel, pfn: number): Steps<number> {
    return (yield* look(pfn_to_pointer, this.c, pfn)) ?? (yield* oops(this.c, '__pfn_to_page', NULL_TEXT));
  },

  /** Classic SPARSEMEM and DISCONTIGMEM read the struct page for its section or node. */
  *__page_to_pfn(this: MemKernel, page: number): Steps<number> {
    const { pfn, fault } = yield* look(pointer_to_pfn, this.c, page);
    return fault === null ? pfn : yield* oops(this.c, '__page_to_pfn', fault);
  },
};

/** The number of struct pages from this pfn on that one pointer and arithmetic reach. */
export function contiguous(world: Memmap, c: MemConfig, pfn: number): number {
  const p = pfn_to_pointer.run(world, c, pfn);
  if (p === null || p < 0) return 0;
  for (const run of world.places.in(p, Number.MAX_SAFE_INTEGER)) {
    if (run.value !== p - pfn * SIZEOF_STRUCT_PAGE) return 0;
    return (run.end - p) / SIZEOF_STRUCT_PAGE;
  }
  return 0;
}
