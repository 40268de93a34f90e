import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { change, look, operation, pr_info, R } from '../../ops.ts';
import { NUMA_NO_NODE, type State, zone_idx } from '../../state.ts';

/**
 * mm/page_alloc.c: zonelists. Nothing here allocates from them. Their visible effects are the order of nodes, the
 * policy zone and the totals in the messages for a zone's first or last page.
 */

const PENALTY_FOR_NODE_WITH_CPUS = 1;
/** With CMA and memory isolation built in. */
const MIGRATE_TYPES = 6;

const n_memory = (state: State): number[] =>
  [...state.pgdat.values()].filter((node) => node.n_memory).map((node) => node.node_id);

const distance = (state: State, from: number, to: number): number =>
  state.pgdat.get(from)?.distance[to] ?? (from === to ? 10 : 20);

/** find_next_best_node until no node is left. `local_first`: the node itself comes first even if it has no memory. */
function node_order(state: State, k: Kernel, local: number, load: number[], local_first: boolean): number[] {
  const order: number[] = [];
  const with_memory = n_memory(state).sort((a, b) => a - b);
  if (local_first || with_memory.includes(local)) order.push(local);
  for (;;) {
    let best = NUMA_NO_NODE;
    let min = Number.POSITIVE_INFINITY;
    for (const n of with_memory) {
      if (order.includes(n)) continue;
      let value = distance(state, local, n);
      value += n < local ? 1 : 0;
      if ((state.pgdat.get(n)?.cpus.length ?? 0) > 0) value += PENALTY_FOR_NODE_WITH_CPUS;
      value = value * k.c.MAX_NUMNODES + (load[n] ?? 0);
      if (value < min) {
        min = value;
        best = n;
      }
    }
    if (best < 0) return order;
    const previous = order.at(-1) ?? local;
    if (distance(state, local, best) !== distance(state, local, previous)) load[best] = (load[best] ?? 0) + 1;
    order.push(best);
  }
}

const fallback_orders = operation({
  name: 'fallback_orders',
  obj: 'pgdat',
  writes: false,
  run(state: State, k: Kernel, only: number, local_first: boolean): [number, number[]][] {
    const load: number[] = [];
    const nids = only >= 0 ? [only] : [...state.pgdat.keys()].sort((a, b) => a - b);
    return nids.map((nid) => [nid, node_order(state, k, nid, load, local_first)]);
  },
});

/** The highest zone other than MOVABLE in which any node has pages; it never decreases. */
const raise_policy_zone = operation({
  name: 'raise_policy_zone',
  obj: 'zonelists',
  writes: true,
  changes: ['vars'],
  run(state: State, k: Kernel): number {
    const vars = state.vars.get(0)!;
    for (const [key, zone] of state.zone) {
      const idx = zone_idx(key);
      if (zone.present_pages > 0 && idx > vars.policy_zone && idx !== k.c.ZONE_MOVABLE)
        vars.policy_zone = idx;
    }
    return vars.policy_zone;
  },
});

/** int_sqrt(lowmem_kbytes * 16), clamped; khugepaged may raise it further, which is not modelled. */
function min_free_kbytes(lowmem_pages: number, page_kb: number): number {
  return Math.min(Math.max(Math.floor(Math.sqrt(lowmem_pages * page_kb * 16)), 128), 262144);
}

/** nr_free_zone_pages: managed pages above the high watermark of every zone. */
const total_pages = operation({
  name: 'total_pages',
  obj: 'zone',
  writes: false,
  run(state: State, k: Kernel): number {
    const zones = [...state.zone.values()];
    const lowmem = zones.reduce((sum, zone) => sum + zone.managed_pages, 0);
    const page_kb = k.c.PAGE_SIZE / 1024;
    const pages_min = Math.floor(min_free_kbytes(lowmem, page_kb) / page_kb);
    let total = 0;
    for (const { managed_pages } of zones) {
      if (managed_pages === 0) continue;
      const min = Math.floor((pages_min * managed_pages) / lowmem);
      const gap = Math.max(Math.floor(min / 4), Math.floor((managed_pages * 10) / 10000));
      total += Math.max(0, managed_pages - (min + 2 * gap));
    }
    return total;
  },
});

const online_nodes = operation({
  name: 'online_nodes',
  obj: 'pgdat',
  writes: false,
  run: (state: State): number => [...state.pgdat.values()].filter((node) => node.online).length,
});

export const v5_2 = {
  /** `nid`: a node that is not online yet, for which only its own list is built; -1: all nodes. */
  *build_all_zonelists(this: Kernel, nid: number): Steps<void> {
    const self = nid >= 0 && !(yield* R('pgdat', nid, 'online')) ? nid : NUMA_NO_NODE;
    yield* this.$report_fallback_orders(self);
    const policy = yield* change(raise_policy_zone, this);
    const total = yield* look(total_pages, this);
    const nodes = yield* look(online_nodes);
    const mobility = total < this.c.pageblock_nr_pages * MIGRATE_TYPES ? 'off' : 'on';
    yield* pr_info(`Built ${nodes} zonelists, mobility grouping ${mobility}.  Total pages: ${total}`);
    yield* pr_info(`Policy zone: ${this.c.zones[policy]}`);
  },

  /** Printed from v5.14 on. */
  *$report_fallback_orders(this: Kernel, _self: number): Steps<void> {},
};

function* report(k: Kernel, self: number, local_first: boolean): Steps<void> {
  for (const [nid, order] of yield* look(fallback_orders, k, self, local_first)) {
    yield* pr_info(`Fallback order for Node ${nid}: ${order.map((n) => `${n} `).join('')}`);
  }
}

export const v5_15 = {
  *$report_fallback_orders(this: Kernel, self: number): Steps<void> {
    yield* report(this, self, true);
  },
};

export const v6_8 = {
  /** A node without memory is no longer in its own list (recorded on v7.2). */
  *$report_fallback_orders(this: Kernel, self: number): Steps<void> {
    yield* report(this, self, false);
  },
};
