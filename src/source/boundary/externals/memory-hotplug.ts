import { look, operation } from '../../../kernel/ops.ts';
import { PFN_PHYS } from '../../../kernel/pfn.ts';
import { NO_ZONE, type State } from '../../../kernel/state.ts';
import { intOf, numberOf } from '../../values.ts';
import { altmapAt, answers, checkPagemap, type Externals, kernel, paramsAt } from './external.ts';

/** By memblock's memory; what it does not have is the first online node's. */
const nodeOfPfn = operation({
  name: 'early_pfn_to_nid',
  obj: 'memblock_type',
  writes: false,
  run: (state: State, phys: number): number => {
    const regions = state.memblock_type.get(0)!.regions;
    const region = regions.find(({ base, size }) => phys >= base && phys < base + size);
    return region
      ? region.nid
      : Math.min(...[...state.pgdat.values()].filter(({ online }) => online).map((n) => n.node_id));
  },
});

const nodeDistance = operation({
  name: 'node_distance',
  obj: 'pgdat',
  writes: false,
  run: (state: State, from: number, to: number): number =>
    state.pgdat.get(from)?.distance[to] ?? (from === to ? 10 : 20),
});

/** mm/memory_hotplug.c, memblock, and nodes. */
export const MEMORY_HOTPLUG: Externals = {
  __add_pages: kernel(function* (k, [nid, pfn, n, params], site) {
    return yield* k.__add_pages(intOf(nid!), numberOf(pfn!), numberOf(n!), yield* paramsAt(site, params!));
  }),
  __remove_pages: kernel(function* (k, [pfn, n, altmap, pgmap], site) {
    yield* checkPagemap(site, pgmap, numberOf(pfn!));
    yield* k.__remove_pages(numberOf(pfn!), numberOf(n!), altmapAt(site, altmap!), NO_ZONE);
    return undefined;
  }),
  memblock_clear_nomap: kernel(function* (k, [start, size]) {
    yield* k.memblock_clear_nomap(numberOf(start!), numberOf(size!));
    return undefined;
  }),
  can_set_direct_map: answers('modelled', (k) => (k.c.can_set_direct_map ? 1 : 0)),

  // nodes
  early_pfn_to_nid: kernel(function* (k, [pfn]) {
    return yield* look(nodeOfPfn, PFN_PHYS(k.c, numberOf(pfn!)));
  }),
  __node_distance: kernel(function* (_, [from, to]) {
    return yield* look(nodeDistance, intOf(from!), intOf(to!));
  }),
};
