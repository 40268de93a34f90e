import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { look, operation } from '../ops.ts';
import { NUMA_NO_NODE, type State } from '../state.ts';

/** mm/mempolicy.c: nodes by distance. */

/** The online node at the least distance; the lowest of several. */
const nearest = operation({
  name: 'nearest',
  obj: 'pgdat',
  writes: false,
  run(state: State, node: number): number {
    const online = [...state.pgdat.values()].filter((pgdat) => pgdat.online).map(({ node_id }) => node_id);
    if (node === NUMA_NO_NODE || online.includes(node)) return node;
    const row = state.pgdat.get(node)?.distance ?? [];
    let found = node;
    let least = Number.POSITIVE_INFINITY;
    for (const n of online.sort((a, b) => a - b)) {
      // node_distance of a pair that no table names
      const distance = row[n] ?? 20;
      if (distance < least) {
        least = distance;
        found = n;
      }
    }
    return found;
  },
});

export const v5_2 = {
  /** acpi_map_pxm_to_online_node() until v5.6, numa_nearest_node() from v6.7. */
  *numa_map_to_online_node(this: Kernel, node: number): Steps<number> {
    return yield* look(nearest, node);
  },
};
