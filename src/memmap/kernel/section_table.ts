import {
  is_classic,
  is_sparse,
  type MemConfig,
  SECTION_NR_TO_ROOT,
  SIZEOF_STRUCT_PAGE,
  WINDOW,
} from './config.ts';
import type { Memmap } from './world.ts';

/** mem_section[][] of mm/sparse.c: roots allocated on demand, or one static array. */

/** __nr_to_section() is NULL: the root of the section was never allocated. */
export const null_section = (world: Memmap, c: MemConfig, nr: number): boolean =>
  c.memory_model !== 'SPARSEMEM_STATIC' &&
  is_sparse(c.memory_model) &&
  !world.roots.has(SECTION_NR_TO_ROOT(c, nr));

/**
 * The address to which pfn * sizeof(struct page) is added: that of a section, of a node, or of the whole memmap. A
 * zeroed section gives 0, and so does one past the end of the static array.
 */
export function coded_map(world: Memmap, c: MemConfig, nr: number): number {
  if (is_classic(c.memory_model)) return world.mem_section.get(nr)?.section_mem_map ?? 0;
  if (is_sparse(c.memory_model)) return WINDOW; // the vmemmap begins with the struct page of pfn 0
  const node = world.pgdat.get(nr);
  return node ? node.node_mem_map - node.node_start_pfn * SIZEOF_STRUCT_PAGE : 0;
}
