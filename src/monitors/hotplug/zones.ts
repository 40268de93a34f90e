import type { Config } from '../../kernel/config.ts';
import {
  MEMMAP,
  MIGRATE,
  PageReserved,
  page_memmap,
  page_migratetype,
  page_nid,
  page_use,
  page_zonenum,
  USE,
} from '../../kernel/mm/page.ts';
import {
  IORESOURCE_BUSY,
  IORESOURCE_SYSTEM_RAM,
  MEM_ONLINE,
  type State,
  zone_idx,
  zone_key,
  zone_to_nid,
} from '../../kernel/state.ts';
import type { Failure, Subjects } from '../../steps/failure.ts';
import { broken } from './broken.ts';

/**
 * Zone spans cover their online pages; node spans are the union of zone spans; present is at least managed; managed
 * equals the number of pages the allocator holds; nodes with memory are marked so.
 */
export function checkZones(state: State, c: Config): Failure[] {
  const found: Failure[] = [];
  for (const [key, zone] of state.zone) {
    if (zone.managed_pages > zone.present_pages) {
      found.push(
        ofZone(
          c,
          key,
          'managed above present',
          { count: zone.managed_pages, bound: zone.present_pages },
          `managed ${zone.managed_pages} is above present ${zone.present_pages}`,
        ),
      );
    }
    if (zone.nr_isolate_pageblock !== 0) {
      found.push(
        ofZone(
          c,
          key,
          'pageblocks isolated',
          { count: zone.nr_isolate_pageblock },
          `${zone.nr_isolate_pageblock} pageblocks stay isolated`,
        ),
      );
    }
    if (zone.spanned_pages < 0 || zone.present_pages < 0 || zone.managed_pages < 0)
      found.push(ofZone(c, key, 'negative', {}, 'a count is negative'));
  }
  found.push(...checkOnlineBlocks(state, c), ...checkNodes(state, c));
  return found;
}

const zoneName = (c: Config, key: number): string =>
  `node ${zone_to_nid(key)} zone ${c.zones[zone_idx(key)]}`;

const ofZone = (c: Config, key: number, what: string, subjects: Subjects, text: string): Failure =>
  broken(
    'zones',
    what,
    { node: zone_to_nid(key), zone: c.zones[zone_idx(key)]!, ...subjects },
    `${zoneName(c, key)}: ${text}`,
  );

function checkOnlineBlocks(state: State, c: Config): Failure[] {
  const found: Failure[] = [];
  const perBlock = c.memory_block_size_bytes / c.PAGE_SIZE;
  for (const [id, block] of state.memory_block) {
    if (block.state !== MEM_ONLINE) continue;
    const start = id * perBlock;
    for (const run of state.pages.in(start, start + perBlock)) {
      if (page_memmap(run.value) !== MEMMAP.INIT || page_use(run.value) !== USE.FREE) continue;
      const key = zone_key(page_nid(run.value), page_zonenum(run.value));
      const zone = state.zone.get(key)!;
      if (run.start < zone.zone_start_pfn || run.end > zone.zone_start_pfn + zone.spanned_pages) {
        found.push(
          broken(
            'zones',
            'outside the span',
            { block: id, node: zone_to_nid(key), zone: c.zones[zone_idx(key)]! },
            `memory${id}: free pages of ${zoneName(c, key)} lie outside its span`,
          ),
        );
      }
      if (page_migratetype(run.value) === MIGRATE.ISOLATE)
        found.push(broken('zones', 'pages isolated', { block: id }, `memory${id}: free pages stay isolated`));
      if (PageReserved(run.value))
        found.push(broken('zones', 'reserved', { block: id }, `memory${id}: free pages are PG_reserved`));
    }
  }
  for (const hole of freeHoles(state, c))
    found.push(
      broken(
        'zones',
        'no System RAM',
        { pa: hole },
        `free pages at 0x${hole.toString(16)} are not System RAM`,
      ),
    );
  return found;
}

/** The first addresses of free runs that reach outside busy System RAM. */
function freeHoles(state: State, c: Config): number[] {
  const flags = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY;
  const ram: { start: number; end: number }[] = [];
  const visit = (children: typeof state.iomem_resource.children): void => {
    for (const res of children) {
      if ((res.flags & flags) !== flags) visit(res.children);
      else {
        const last = ram.at(-1);
        const start = Math.ceil(res.start / c.PAGE_SIZE);
        const end = Math.floor((res.end + 1) / c.PAGE_SIZE);
        if (last && last.end === start) last.end = end;
        else ram.push({ start, end });
      }
    }
  };
  visit(state.iomem_resource.children);
  const holes: number[] = [];
  let i = 0;
  for (const run of state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
    if (page_use(run.value) !== USE.FREE) continue;
    while (i < ram.length && ram[i]!.end <= run.start) i++;
    const range = ram[i];
    if (!range || range.start > run.start) holes.push(run.start * c.PAGE_SIZE);
    else if (range.end < run.end) holes.push(range.end * c.PAGE_SIZE);
  }
  return holes;
}

function checkNodes(state: State, c: Config): Failure[] {
  const found: Failure[] = [];
  for (const [nid, node] of state.pgdat) {
    let start = 0;
    let end = 0;
    let present = 0;
    let kernel = 0;
    for (const i of c.zones.keys()) {
      const zone = state.zone.get(zone_key(nid, i))!;
      present += zone.present_pages;
      if (i <= c.ZONE_NORMAL) kernel += zone.present_pages;
      if (zone.spanned_pages === 0) continue;
      start = end ? Math.min(start, zone.zone_start_pfn) : zone.zone_start_pfn;
      end = Math.max(end, zone.zone_start_pfn + zone.spanned_pages);
    }
    // hotadd_init_pgdat() lets a node with device memory start at 0, until its span is computed anew
    const restarted =
      c.ZONE_DEVICE >= 0 &&
      state.zone.get(zone_key(nid, c.ZONE_DEVICE))!.spanned_pages > 0 &&
      node.node_start_pfn === 0;
    if (!restarted && node.node_spanned_pages !== end - start) {
      found.push(
        broken(
          'zones',
          'node span',
          { node: nid, count: node.node_spanned_pages, bound: end - start },
          `node ${nid} spans ${node.node_spanned_pages} pages, its zones together ${end - start}`,
        ),
      );
    }
    if (node.node_present_pages !== present) {
      found.push(
        broken(
          'zones',
          'node present',
          { node: nid, count: node.node_present_pages, bound: present },
          `node ${nid} has ${node.node_present_pages} present pages, its zones together ${present}`,
        ),
      );
    }
    if (node.n_memory !== present > 0) {
      found.push(
        broken(
          'zones',
          'N_MEMORY',
          { node: nid, count: present, found: node.n_memory },
          `node ${nid} has ${present} present pages and is ${node.n_memory ? '' : 'not '}in N_MEMORY`,
        ),
      );
    }
    if (node.n_normal_memory !== kernel > 0) {
      found.push(
        broken(
          'zones',
          'N_NORMAL_MEMORY',
          { node: nid, count: kernel, found: node.n_normal_memory },
          `node ${nid} has ${kernel} kernel pages and is ${node.n_normal_memory ? '' : 'not '}in N_NORMAL_MEMORY`,
        ),
      );
    }
    if (!node.online && node.nr_blocks > 0) {
      found.push(
        broken(
          'zones',
          'blocks attached',
          { node: nid, count: node.nr_blocks },
          `node ${nid} is offline with ${node.nr_blocks} memory blocks attached`,
        ),
      );
    }
  }
  return found;
}
