import type { Kernel } from '../../kernel/kernel.ts';
import { MEM_OFFLINE, type State, zone_idx, zone_to_nid } from '../../kernel/state.ts';
import { pageRuns } from '../../scenarios/pages/page-runs.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { poolsAndLosses, zoneOf } from '../../scenarios/running/summary.ts';
import type { Snapshot } from './delta.ts';
import { hexText } from './plain.ts';
import { iomemOf } from './story-state.ts';

/** Runs of struct pages beyond this are left out of a snapshot, and counted. */
const MOST_RUNS = 4096;

/**
 * A machine between operations, in groups: `blocks`, `zones`, `nodes`, `pages` (runs of struct pages by first pfn), `iomem`, and
 * `other`, what a report tells besides (huge pages, what alignment loses).
 */
export function machineSnapshot(session: Session): Snapshot {
  const { state, kernel } = session;
  return {
    blocks: blocksOf(state, kernel),
    zones: zonesOf(state),
    nodes: Object.fromEntries(
      [...state.pgdat.values()].map(({ node_id, online, n_memory, registered }) => [
        `node${node_id}`,
        { online, has_memory: Boolean(n_memory), registered },
      ]),
    ),
    pages: pagesOf(state, kernel),
    iomem: iomemOf(state.iomem_resource),
    other: Object.fromEntries(poolsAndLosses(state, kernel)),
  };
}

function blocksOf(state: State, k: Kernel): Record<string, unknown> {
  const blocks = [...state.memory_block].sort(([a], [b]) => a - b);
  return Object.fromEntries(
    blocks.map(([id, block]) => {
      const offline = block.state === MEM_OFFLINE;
      const zone = offline ? null : zoneOf(state, k, id);
      const start = hexText(id * k.c.memory_block_size_bytes);
      return [`memory${id}`, { start, state: offline ? 'offline' : 'online', nodes: block.links, zone }];
    }),
  );
}

function zonesOf(state: State): Record<string, unknown> {
  const zones = [...state.zone].filter(([, zone]) => zone.spanned_pages > 0 || zone.present_pages > 0);
  return Object.fromEntries(
    zones.map(([key, zone]) => [
      `node${zone_to_nid(key)} ${zone.name}`,
      {
        nid: zone_to_nid(key),
        index: zone_idx(key),
        start_pfn: hexText(zone.zone_start_pfn),
        spanned_pages: zone.spanned_pages,
        present_pages: zone.present_pages,
        managed_pages: zone.managed_pages,
      },
    ]),
  );
}

function pagesOf(state: State, k: Kernel): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  let runs = 0;
  for (const { pfn, nr_pages, nid, zone, kind, flags } of pageRuns(state, k, 0, Number.MAX_SAFE_INTEGER)) {
    if (++runs <= MOST_RUNS) found[hexText(pfn)] = { nr_pages, kind, nid, zone, flags };
  }
  if (runs > MOST_RUNS) found.more = runs - MOST_RUNS;
  return found;
}
