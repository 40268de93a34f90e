import type { Config } from '../kernel/config.ts';
import { IORESOURCE_BUSY, IORESOURCE_SYSTEM_RAM, type State, zone_key } from '../kernel/state.ts';
import type { Machine } from '../machines/machine.ts';

/** The ends of the kernel zones of boot memory, by zone name: bytes, exclusive. */
function zoneLimits(c: Config): readonly [string, number][] {
  if (c.arch === 'x86_64') {
    return [
      ['DMA', 2 ** 24],
      ['DMA32', 2 ** 32],
      ['Normal', Number.POSITIVE_INFINITY],
    ];
  }
  // arm64 since v5.7: without a device with fewer address bits ZONE_DMA takes all of 32 bits and DMA32 stays empty
  return [
    [c.zones.includes('DMA') ? 'DMA' : 'DMA32', 2 ** 32],
    ['Normal', Number.POSITIVE_INFINITY],
  ];
}

/** movable_node: all hot-pluggable memory is ZONE_MOVABLE (find_zone_movable_pfns_for_nodes). */
const movableOnly: readonly [string, number][] = [['Movable', Number.POSITIVE_INFINITY]];

/**
 * The zones that the source printed, without those for which it prints no position: ZONE_DEVICE has no present pages.
 */
function fromZoneinfo(machine: Machine, c: Config, state: State): void {
  for (const info of machine.zones ?? []) {
    const index = c.zones.indexOf(info.name);
    const zone = state.zone.get(zone_key(info.nid, index));
    if (!zone || info.present === 0) continue;
    zone.zone_start_pfn = info.start_pfn;
    zone.spanned_pages = info.spanned;
    zone.present_pages = info.present;
    zone.present_early_pages = info.present;
    zone.managed_pages = info.managed;
    zone.cma_pages = info.cma ?? 0;
  }
}

/** free_area_init over the RAM of each node. */
function fromRam(machine: Machine, c: Config, state: State): void {
  const regions = state.memblock_type.get(0)!.regions;
  const flags = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY;
  const usable = state.iomem_resource.children.filter((res) => (res.flags & flags) === flags);
  for (const region of regions) {
    let from = region.base;
    const hotpluggable = machine.ram?.some(
      (ram) => ram.hotpluggable && region.base >= ram.start && region.base < ram.start + ram.size,
    );
    const limits = c.movable_node && hotpluggable ? movableOnly : zoneLimits(c);
    for (const [name, limit] of limits) {
      const to = Math.min(region.base + region.size, limit);
      if (to <= from) continue;
      const zone = state.zone.get(zone_key(region.nid, c.zones.indexOf(name)))!;
      const start = Math.ceil(from / c.PAGE_SIZE);
      const end = Math.floor(to / c.PAGE_SIZE);
      let present = 0;
      for (const res of usable) {
        const first = Math.max(start, Math.ceil(res.start / c.PAGE_SIZE));
        present += Math.max(0, Math.min(end, Math.floor((res.end + 1) / c.PAGE_SIZE)) - first);
      }
      const zoneEnd = Math.max(end, zone.zone_start_pfn + zone.spanned_pages);
      zone.zone_start_pfn = zone.spanned_pages ? Math.min(zone.zone_start_pfn, start) : start;
      zone.spanned_pages = zoneEnd - zone.zone_start_pfn;
      zone.present_pages += present;
      zone.present_early_pages += present;
      zone.managed_pages += present;
      from = to;
    }
  }
}

/** Zones from the blocks: valid_zones gives the zone of an online block; the rest follows from the position of RAM. */
function fromBlocks(machine: Machine, c: Config, state: State): void {
  const pages = c.memory_block_size_bytes / c.PAGE_SIZE;
  for (const block of machine.blocks ?? []) {
    if (block.state === 'offline') continue;
    const zone = state.zone.get(zone_key(block.nids[0] ?? 0, c.zones.indexOf(block.valid_zones?.[0] ?? '')));
    if (!zone) continue;
    const start = block.id * pages;
    const end = Math.max(start + pages, zone.zone_start_pfn + zone.spanned_pages);
    zone.zone_start_pfn = zone.spanned_pages ? Math.min(zone.zone_start_pfn, start) : start;
    zone.spanned_pages = end - zone.zone_start_pfn;
    zone.present_pages += pages;
    zone.present_early_pages += pages;
    zone.managed_pages += pages;
  }
}

const zonesInBlocks = (machine: Machine): boolean =>
  machine.blocks?.some((block) => block.state !== 'offline' && block.valid_zones !== undefined) ?? false;

/** The zones and spans of every possible node, and the nodes that have memory. */
export function bootZones(machine: Machine, c: Config, state: State): void {
  for (const nid of state.pgdat.keys()) {
    for (const [index, name] of c.zones.entries()) {
      state.zone.set(zone_key(nid, index), {
        name,
        zone_start_pfn: 0,
        spanned_pages: 0,
        present_pages: 0,
        present_early_pages: 0,
        managed_pages: 0,
        cma_pages: 0,
        nr_isolate_pageblock: 0,
        span_seq: 0,
        pcp_count: 0,
        pcp_disabled: false,
      });
    }
  }
  if (machine.zones?.length) fromZoneinfo(machine, c, state);
  else if (zonesInBlocks(machine)) fromBlocks(machine, c, state);
  else fromRam(machine, c, state);
  for (const [nid, node] of state.pgdat) {
    let start = 0;
    let end = 0;
    for (const index of c.zones.keys()) {
      const zone = state.zone.get(zone_key(nid, index))!;
      node.node_present_pages += zone.present_pages;
      if (zone.present_pages > 0) {
        node.n_memory = true;
        if (index <= c.ZONE_NORMAL) node.n_normal_memory = true;
      }
      if (zone.spanned_pages === 0) continue;
      start = end ? Math.min(start, zone.zone_start_pfn) : zone.zone_start_pfn;
      end = Math.max(end, zone.zone_start_pfn + zone.spanned_pages);
    }
    node.node_start_pfn = start;
    node.node_spanned_pages = end - start;
  }
}
