import type { Kernel } from '../../kernel.ts';
import {
  MEMBLOCK_DRIVER_MANAGED,
  MEMBLOCK_HOTPLUG,
  MEMBLOCK_MIRROR,
  MEMBLOCK_NOMAP,
  MEMBLOCK_RSRV_KERN,
  MEMBLOCK_RSRV_NOINIT,
} from '../../mm/memblock/memblock.ts';
import { page_nid, page_use, page_zonenum, USE } from '../../mm/page.ts';
import { hexpad, pa } from '../../pfn.ts';
import { type memblock_region, type resource, type State, zone_key } from '../../state.ts';

/** Files of /proc and debugfs, rendered from the state on demand. */

/** /proc/iomem: two blanks per level, addresses of at least eight digits. */
export function* iomem(state: State): Generator<string> {
  function* lines(parent: resource, depth: number): Generator<string> {
    for (const res of parent.children) {
      yield `${'  '.repeat(depth)}${hexpad(res.start, 8)}-${hexpad(res.end, 8)} : ${res.name}\n`;
      // r_show stops at five levels (MAX_IORES_LEVEL)
      if (depth < 4) yield* lines(res, depth + 1);
    }
  }
  yield* lines(state.iomem_resource, 0);
}

const flag_names: readonly (readonly [number, string])[] = [
  [MEMBLOCK_HOTPLUG, 'HOTPLUG'],
  [MEMBLOCK_MIRROR, 'MIRROR'],
  [MEMBLOCK_NOMAP, 'NOMAP'],
  [MEMBLOCK_DRIVER_MANAGED, 'DRV_MNG'],
  [MEMBLOCK_RSRV_NOINIT, 'RSV_NIT'],
  [MEMBLOCK_RSRV_KERN, 'RSV_KERN'],
];

/** debugfs memblock/memory and memblock/reserved; node and flags are printed from v6.3 on. */
export function* memblock(regions: readonly memblock_region[], columns: boolean): Generator<string> {
  for (const [i, region] of regions.entries()) {
    const range = `${String(i).padStart(4)}: ${pa(region.base)}..${pa(region.base + region.size - 1)}`;
    if (!columns) {
      yield `${range}\n`;
      continue;
    }
    const node = region.nid < 0 ? 'x' : String(region.nid);
    const names = flag_names.filter(([bit]) => region.flags & bit).map(([, name]) => name);
    yield `${range} ${node.padStart(4)} ${names.join('|') || 'NONE'}\n`;
  }
}

/** The current number of free pages of a zone, counted from the pages themselves. */
function nr_free(state: State, nid: number, index: number): number {
  const zone = state.zone.get(zone_key(nid, index))!;
  return state.pages.total(
    zone.zone_start_pfn,
    zone.zone_start_pfn + zone.spanned_pages,
    (page) => page_use(page) === USE.FREE && page_nid(page) === nid && page_zonenum(page) === index,
  );
}

/**
 * The modelled part of /proc/zoneinfo: the lines free, spanned, present, managed and start_pfn of every zone of every
 * online node, in the kernel's order and format; per-cpu and vmstat counters are left out.
 */
export function* zoneinfo(state: State, k: Kernel): Generator<string> {
  for (const nid of [...state.pgdat.keys()].sort((a, b) => a - b)) {
    if (!state.pgdat.get(nid)!.online) continue;
    for (const [index, name] of k.c.zones.entries()) {
      const zone = state.zone.get(zone_key(nid, index))!;
      yield `Node ${nid}, zone ${name.padStart(8)}\n`;
      yield `  pages free     ${nr_free(state, nid, index)}\n`;
      yield `        spanned  ${zone.spanned_pages}\n`;
      yield `        present  ${zone.present_pages}\n`;
      yield `        managed  ${zone.managed_pages}\n`;
      if (zone.present_pages > 0) yield `  start_pfn:           ${zone.zone_start_pfn}\n`;
    }
  }
}
