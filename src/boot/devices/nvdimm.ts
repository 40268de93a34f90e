import { IOMEM_RESOURCE } from '../../kernel/kernel/resource.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import {
  IORESOURCE_MEM,
  type nd_label,
  type nd_pfn_sb,
  type resource,
  type State,
  zone_key,
} from '../../kernel/state.ts';
import type { NdNamespace, NdRegion } from '../../machines/nd-region.ts';
import { Runner } from '../../schedule/runner.ts';
import type { Steps } from '../../steps/step.ts';
import { findResource } from './device-ranges.ts';

/** NVDIMM regions: their contents come from the source; the kernel's data on them is computed. */

function infoBlock(region: NdRegion, ns: NdNamespace, uuid: string, pageSize: number): nd_pfn_sb | null {
  if (ns.claim === 'none') return null;
  const dataEnd = ns.data_start + ns.data_size;
  const pages = ns.claim !== 'btt';
  return {
    at: ns.start - region.start,
    signature: ns.claim,
    uuid: ns.claim_uuid,
    mode: ns.mode === 'pmem' ? 'pmem' : 'ram',
    align: ns.align,
    dataoff: pages ? ns.data_start - ns.start : 0,
    start_pad: 0,
    end_trunc: pages ? ns.start + ns.size - dataEnd : 0,
    npfns: Math.floor(ns.data_size / pageSize),
    parent_uuid: uuid,
    page_size: pageSize,
  };
}

/** Memory that dax kmem has given to the kernel: no driver does so again. */
const isKmem = ({ children }: resource): boolean => children.some(({ name }) => name === 'System RAM (kmem)');

/** Removes the entries that drivers have added below a region: the drivers will add them again. */
function strip(root: resource, region: NdRegion): void {
  for (const res of root.children) {
    if (res.start <= region.start && res.end >= region.start + region.size - 1) {
      if (/^(Persistent Memory|Reserved|region\d)/.test(res.name)) {
        res.children = res.children.filter((own) => isKmem(own) || !/^(namespace|dax)\d/.test(own.name));
      } else strip(res, region);
    }
  }
}

/** The entry of the firmware, unless /proc/iomem had it; a region of CXL has one of its own. */
function* insert(k: Kernel, root: resource, { start, size, pagemap }: NdRegion): Steps<number> {
  const end = start + size - 1;
  const whole = (res: resource): boolean =>
    /^(Persistent Memory|Reserved|region\d)/.test(res.name) && res.start <= start && end <= res.end;
  if (size === 0 || findResource(root, whole)) return 0;
  const name = pagemap ? 'Persistent Memory (legacy)' : 'Persistent Memory';
  return yield* k.insert_resource(IOMEM_RESOURCE, {
    name,
    start,
    end,
    flags: IORESOURCE_MEM,
    children: [],
  });
}

function* probe(k: Kernel, region: NdRegion, nidOf: (nid: number) => number): Steps<number> {
  const labels: nd_label[] = [];
  const media: nd_pfn_sb[] = [];
  const labelled = region.namespaces.some((ns) => !ns.io);
  for (const ns of region.namespaces) {
    if (ns.size === 0) continue;
    const own = ns.io ? '' : ns.uuid;
    if (!ns.io) labels.push({ uuid: own, offset: ns.start - region.start, size: ns.size });
    const sb = infoBlock(region, ns, own, k.c.PAGE_SIZE);
    if (sb) media.push(sb);
  }
  yield* k.nvdimm_pmem_region_create(region.id, {
    start: region.start,
    size: region.size,
    nid: yield* k.numa_map_to_online_node(nidOf(region.nid)),
    target_node: nidOf(region.target_node),
    enabled: false,
    pagemap: region.pagemap,
    nmem: region.nmem,
    label_area: region.label_area,
    labels: labelled ? labels.sort((a, b) => a.offset - b.offset) : null,
    media,
    ns_seed: -1,
    btt_seed: -1,
    pfn_seed: -1,
    dax_seed: -1,
  });
  return yield* k.nd_region_probe(region.id);
}

/** Empties ZONE_DEVICE: the namespaces that made it will make it again. */
function emptyZoneDevice(k: Kernel, state: State): void {
  for (const [nid, node] of state.pgdat) {
    const device = state.zone.get(zone_key(nid, k.c.ZONE_DEVICE))!;
    device.zone_start_pfn = 0;
    device.spanned_pages = 0;
    const zones = k.c.zones
      .map((_, i) => state.zone.get(zone_key(nid, i))!)
      .filter(({ spanned_pages }) => spanned_pages > 0);
    const start = Math.min(...zones.map((zone) => zone.zone_start_pfn));
    const end = Math.max(...zones.map((zone) => zone.zone_start_pfn + zone.spanned_pages));
    node.node_start_pfn = zones.length ? start : 0;
    node.node_spanned_pages = zones.length ? end - start : 0;
  }
}

/** Adds regions as the firmware describes them; drivers bind to their namespaces. */
export function bootNvdimm(regions: readonly NdRegion[], k: Kernel, state: State): void {
  const runner = new Runner(state);
  const nidOf = (nid: number): number => (state.pgdat.has(nid) ? nid : Math.min(...state.pgdat.keys()));
  if (k.c.ZONE_DEVICE < 0) return;
  emptyZoneDevice(k, state);
  for (const region of regions) {
    strip(state.iomem_resource, region);
    runner.run(insert(k, state.iomem_resource, region));
  }
  for (const region of regions) {
    if (region.size === 0) continue;
    runner.run(probe(k, region, nidOf));
    const booted = state.nd_region.get(region.id);
    if (booted && region.align > 0) booted.align = region.align;
  }
}
