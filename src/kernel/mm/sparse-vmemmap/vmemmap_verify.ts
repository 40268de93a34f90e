import type { Steps } from '../../../steps/step.ts';
import { type EntryPointer, leaf_address, READ_ONCE } from '../../include/linux/pgtable.ts';
import type { Kernel } from '../../kernel.ts';
import { look, operation, pr_warn } from '../../ops.ts';
import { PFN_DOWN, PFN_PHYS } from '../../pfn.ts';
import { MEMBLOCK_MEMORY, NUMA_NO_NODE, type State } from '../../state.ts';
import { memblock_search } from '../memblock/memblock.ts';

/** mm/sparse-vmemmap.c: whether struct pages lie on the node whose memory they describe. */

/** node_distance() of a node and itself, and of two nodes of which no table says more. */
const LOCAL_DISTANCE = 10;
const REMOTE_DISTANCE = 20;

/** early_pfn_to_nid(): memblock's node, or the first that is online. */
function early_pfn_to_nid(state: State, pa: number): number {
  const { regions } = state.memblock_type.get(MEMBLOCK_MEMORY)!;
  const region = regions[memblock_search(regions, pa)];
  if (region && region.nid >= 0) return region.nid;
  return Math.min(...[...state.pgdat.values()].filter(({ online }) => online).map(({ node_id }) => node_id));
}

/** The first of adjacent pages that is not on the node, as its distance from the first; -1 if all are. */
const first_offnode = operation({
  name: 'early_pfn_to_nid',
  obj: 'memblock_type',
  writes: false,
  tell: () => ({ kind: 'books' }),
  run(state: State, k: Kernel, pfn: number, nr_pages: number, node: number): number {
    for (let i = 0; i < nr_pages; i++) {
      const actual = early_pfn_to_nid(state, PFN_PHYS(k.c, pfn + i));
      const near = actual === node ? LOCAL_DISTANCE : REMOTE_DISTANCE;
      if ((state.pgdat.get(actual)?.distance[node] ?? near) > LOCAL_DISTANCE) return i;
    }
    return -1;
  },
});

export const v5_2 = {
  /**
   * On a machine of one node nothing can be wrong, and nothing is read. The memmap of boot memory is made for no node in
   * particular.
   */
  *vmemmap_verify(this: Kernel, pte: EntryPointer, node: number, start: number, end: number): Steps<void> {
    if (!this.c.many_nodes || node === NUMA_NO_NODE) return;
    const pfn = PFN_DOWN(this.c, leaf_address(this.c, yield* READ_ONCE(pte)));
    yield* this.$vmemmap_verify_pages(pfn, 1, node, start, end - start);
  },

  /** Adjacent pages for which entries of `size` bytes from `start` on were written. */
  *$vmemmap_verify_pages(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    node: number,
    start: number,
    size: number,
  ): Steps<void> {
    if (!this.c.many_nodes || node === NUMA_NO_NODE) return;
    for (let i = 0; i < nr_pages; i++) {
      const at = yield* look(first_offnode, this, pfn + i, nr_pages - i, node);
      if (at < 0) return;
      i += at;
      yield* this.$potential_offnode(start + i * size, size);
    }
  },

  *$potential_offnode(this: Kernel, start: number, size: number): Steps<void> {
    yield* pr_warn(offnode(start, size));
  },
};

/** Addresses are distances from 2^64. */
const offnode = (start: number, size: number): string =>
  `[${address(start)}-${address(start + size - 1)}] potential offnode page_structs`;

const address = (va: number): string => BigInt.asUintN(64, BigInt(va)).toString(16);

export const v6_1 = {
  /** Once (v6.0). */
  *$potential_offnode(this: Kernel, start: number, size: number): Steps<void> {
    yield* this.$pr_warn_once('vmemmap_verify', offnode(start, size));
  },
};
