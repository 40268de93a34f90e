import type { Config } from '../../kernel/config.ts';
import { MEMBLOCK_MIRROR } from '../../kernel/mm/memblock/memblock.ts';
import {
  IORESOURCE_BUSY,
  IORESOURCE_SYSTEM_RAM,
  type State,
  type zone,
  zone_key,
} from '../../kernel/state.ts';
import type { Machine } from '../../machines/machine.ts';
import { cmdlineWords } from '../options/cmdline-words.ts';
import { movableZones } from './movable.ts';

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

/** The kernel zones of all memory: name, first pfn, end. Empty zones have their end at their start. */
function archZones(c: Config, start: number, end: number): { name: string; start: number; end: number }[] {
  let at = start;
  return zoneLimits(c).map(([name, limit]) => {
    const first = at;
    at = Math.max(first, Math.min(end, limit / c.PAGE_SIZE));
    return { name, start: first, end: at };
  });
}

/**
 * free_area_init() over the RAM of each node: a zone spans what the node spans of it, with holes. Returns what the
 * kernel says of kernelcore=.
 */
function fromRam(machine: Machine, c: Config, state: State, warnsOfNoMirror: boolean): readonly string[] {
  const { regions } = state.memblock_type.get(0)!;
  const flags = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY;
  const usable = state.iomem_resource.children.filter((res) => (res.flags & flags) === flags);
  const spans = regions
    .map(({ base, size, nid, flags }) => ({
      start: Math.ceil(base / c.PAGE_SIZE),
      end: Math.floor((base + size) / c.PAGE_SIZE),
      nid,
      mirror: (flags & MEMBLOCK_MIRROR) !== 0,
    }))
    .filter(({ start, end }) => start < end);
  if (spans.length === 0) return [];
  const first = Math.min(...spans.map(({ start }) => start));
  const last = Math.max(...spans.map(({ end }) => end));
  const kernelZones = archZones(c, first, last);
  // find_usable_zone_for_movable()
  const highest = kernelZones.findLast(({ start, end }) => start < end)!;
  const words = cmdlineWords(machine.cmdline ?? '');
  const movable = movableZones(c, regions, words, highest.start, warnsOfNoMirror);
  const presentIn = (start: number, end: number): number =>
    usable.reduce((sum, res) => {
      const from = Math.max(start, Math.ceil(res.start / c.PAGE_SIZE));
      return sum + Math.max(0, Math.min(end, Math.floor((res.end + 1) / c.PAGE_SIZE)) - from);
    }, 0);
  for (const nid of new Set(spans.map((span) => span.nid))) {
    const own = spans.filter((span) => span.nid === nid);
    const nodeStart = Math.min(...own.map(({ start }) => start));
    const nodeEnd = Math.max(...own.map(({ end }) => end));
    const border = movable.start.get(nid) ?? Number.POSITIVE_INFINITY;
    /** The pages of the zone among those of a span: `to` bounds what is mirrored, `plain` the rest. */
    const fill = (name: string, from: number, to: number, plain: number, mirrored = to): void => {
      const zone = state.zone.get(zone_key(nid, c.zones.indexOf(name)))!;
      if (to <= from) return;
      const present = own.reduce((sum, { start, end, mirror }) => {
        const stop = Math.min(end, mirror ? mirrored : plain);
        return sum + presentIn(Math.max(start, from), stop);
      }, 0);
      zone.zone_start_pfn = from;
      zone.spanned_pages = to - from;
      zone.present_pages = present;
      zone.present_early_pages = present;
      zone.managed_pages = present;
    };
    for (const { name, start, end } of kernelZones) {
      const from = Math.max(start, nodeStart);
      const to = Math.min(end, nodeEnd);
      const below = Math.min(to, border);
      // with kernelcore=mirror the zone keeps its span, and loses what is not mirrored above the border
      if (from < border) fill(name, from, movable.mirrored ? to : below, below);
    }
    if (border < nodeEnd) fill('Movable', border, nodeEnd, nodeEnd, movable.mirrored ? border : nodeEnd);
  }
  return movable.notes;
}

/** Adds pages that all are present to a zone. */
function extend(zone: zone, start: number, pages: number): void {
  const end = Math.max(start + pages, zone.zone_start_pfn + zone.spanned_pages);
  zone.zone_start_pfn = zone.spanned_pages ? Math.min(zone.zone_start_pfn, start) : start;
  zone.spanned_pages = end - zone.zone_start_pfn;
  zone.present_pages += pages;
  zone.present_early_pages += pages;
  zone.managed_pages += pages;
}

/**
 * Zones from the blocks: valid_zones gives the zone of an online block. That of a block in more than one zone is "none":
 * its pages are in the zones of their addresses.
 */
function fromBlocks(machine: Machine, c: Config, state: State): void {
  const pages = c.memory_block_size_bytes / c.PAGE_SIZE;
  for (const block of machine.blocks ?? []) {
    if (block.state === 'offline') continue;
    const zoneOf = (name: string): zone | undefined =>
      state.zone.get(zone_key(block.nids[0] ?? 0, c.zones.indexOf(name)));
    const start = block.id * pages;
    const zone = zoneOf(block.valid_zones?.[0] ?? '');
    if (zone) extend(zone, start, pages);
    else
      for (const part of archZones(c, start, start + pages)) {
        const own = zoneOf(part.name);
        if (own && part.end > part.start) extend(own, part.start, part.end - part.start);
      }
  }
}

const zonesInBlocks = (machine: Machine): boolean =>
  machine.blocks?.some((block) => block.state !== 'offline' && block.valid_zones !== undefined) ?? false;

/** The zones and spans of every possible node, and the nodes that have memory. Returns the kernel's messages. */
export function bootZones(
  machine: Machine,
  c: Config,
  state: State,
  warnsOfNoMirror: boolean,
): readonly string[] {
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
  let notes: readonly string[] = [];
  if (machine.zones?.length) fromZoneinfo(machine, c, state);
  else if (zonesInBlocks(machine)) fromBlocks(machine, c, state);
  else notes = fromRam(machine, c, state, warnsOfNoMirror);
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
  return notes;
}
