import { Runs } from '../hardware/memory/runs.ts';
import type { Config } from '../kernel/config.ts';
import { new_memory_block } from '../kernel/drivers/base/memory/block.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { MIGRATE, make_page, NO_PAGE, PG_reserved, USE, with_use, ZERO_PAGE } from '../kernel/mm/page.ts';
import {
  empty_state,
  IORESOURCE_BUSY,
  IORESOURCE_SYSTEM_RAM,
  MEM_OFFLINE,
  MEM_ONLINE,
  MMOP_OFFLINE,
  type resource,
  type State,
  zone_idx,
  zone_key,
} from '../kernel/state.ts';
import type { Block, Machine, Node } from '../machines/machine.ts';
import { makeKernel, type Release } from '../releases/define.ts';
import { run_alone } from '../runs/index.ts';
import { type BuildOptions, configure } from './config.ts';
import { bootCxl, placeCxl } from './devices/cxl.ts';
import { bootDax } from './devices/dax.ts';
import { bootIomem } from './devices/iomem.ts';
import { bootNvdimm } from './devices/nvdimm.ts';
import { bootUnremovable } from './devices/unremovable.ts';
import { bootHugetlb } from './hugetlb.ts';
import { bootHoles, rawHoles } from './memory/holes.ts';
import { bootMemblock, type NodeOf, nodeOf } from './memory/memblock.ts';
import { countManaged, takeMemmap } from './memory/memmap.ts';
import { bootSections } from './memory/sections.ts';
import { bootZones } from './memory/zones.ts';
import { withMemoryOptions } from './options/memory-options.ts';
import { bootVars, unmodelledOptions } from './options/vars.ts';
import { BOOT_TABLES } from './page-tables.ts';
import { bootMemmap } from './x86/initial-tables.ts';

/** A kernel and its state: the model of a booted machine. */
export interface Model {
  readonly kernel: Kernel;
  readonly state: State;
  /** What was assumed, one line per assumption. */
  readonly notes: readonly string[];
}

/** The ranges of busy System RAM, in pages; a driver's RAM lies below its device. */
function ramChunks(root: resource, c: Config): { start: number; end: number; res: resource }[] {
  const flags = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY;
  return root.children.flatMap((res) =>
    (res.flags & flags) === flags
      ? {
          start: Math.ceil(res.start / c.PAGE_SIZE),
          end: Math.floor((res.end + 1) / c.PAGE_SIZE),
          res,
        }
      : ramChunks(res, c),
  );
}

/** The sections that exist: those of the blocks; without blocks, those that memblock or System RAM touches. */
function presentSections(machine: Machine, c: Config, state: State): number[] {
  const touched = new Set<number>();
  const touch = (start: number, end: number): void => {
    for (let nr = Math.floor(start / c.SECTION_SIZE); nr * c.SECTION_SIZE < end; nr++) touched.add(nr);
  };
  for (const region of state.memblock_type.get(0)!.regions) touch(region.base, region.base + region.size);
  if (touched.size === 0) {
    for (const res of state.iomem_resource.children) {
      if (res.name.startsWith('System RAM')) touch(res.start, res.end + 1);
    }
  }
  if (!machine.blocks) return [...touched].sort((a, b) => a - b);
  const present: number[] = [];
  for (const block of machine.blocks) {
    const first = block.id * c.sections_per_block;
    const all = Array.from({ length: c.sections_per_block }, (_, i) => first + i);
    const known = all.filter((nr) => touched.has(nr));
    present.push(...(known.length ? known : all));
  }
  return present.sort((a, b) => a - b);
}

function bootNodes(machine: Machine, state: State, nids: readonly number[]): void {
  const nodes: readonly Node[] = machine.nodes ?? nids.map((nid) => ({ nid, online: true, cpus: [] }));
  const online = nodes.filter((node) => node.online).map((node) => node.nid);
  for (const node of nodes) {
    const distance: number[] = [];
    for (const [i, value] of (node.distance ?? []).entries()) distance[online[i] ?? i] = value;
    state.pgdat.set(node.nid, {
      node_id: node.nid,
      node_start_pfn: 0,
      node_spanned_pages: 0,
      node_present_pages: 0,
      online: node.online,
      n_memory: false,
      n_normal_memory: false,
      registered: node.online,
      cpus: node.cpus,
      distance,
      links: new Runs(false),
      nr_blocks: 0,
    });
  }
}

/** The struct pages of boot memory: reserved memory and holes stay reserved; the rest is assumed to be free. */
function bootPages(
  nidOf: NodeOf,
  hole: number,
  c: Config,
  state: State,
  sections: readonly number[],
  offline: Set<number>,
): void {
  for (const nr of sections) {
    const start = nr * c.PAGES_PER_SECTION;
    const page = offline.has(nr)
      ? ZERO_PAGE
      : make_page(nidOf(nr * c.SECTION_SIZE), 0, MIGRATE.MOVABLE, hole);
    state.pages.set(start, start + c.PAGES_PER_SECTION, page);
  }
  for (const [key, zone] of state.zone) {
    if (zone.spanned_pages === 0) continue;
    const end = zone.zone_start_pfn + zone.spanned_pages;
    const nid = Math.floor(key / 8);
    for (const run of [...state.pages.in(zone.zone_start_pfn, end)]) {
      if (run.value === NO_PAGE || run.value === ZERO_PAGE) continue;
      // zones of different nodes may overlap; the block tells the node
      for (let at = run.start; at < run.end; ) {
        const nr = Math.floor(at / c.PAGES_PER_SECTION);
        const stop = Math.min(run.end, (nr + 1) * c.PAGES_PER_SECTION);
        const block = state.memory_block.get(Math.floor(nr / c.sections_per_block));
        if (!block || block.links.length === 0 || block.links.includes(nid)) {
          if (block === undefined || block.zone < 0 || block.zone === key) {
            state.pages.set(at, stop, make_page(nid, zone_idx(key), MIGRATE.MOVABLE, hole));
          }
        }
        at = stop;
      }
    }
  }
  const free = (start: number, end: number): void =>
    state.pages.update(start, end, (page) =>
      page === NO_PAGE || page === ZERO_PAGE ? page : with_use(page & ~PG_reserved, USE.FREE),
    );
  const reserve = (start: number, end: number): void =>
    state.pages.update(start, end, (page) =>
      page === NO_PAGE || page === ZERO_PAGE ? page : with_use(page | PG_reserved, USE.NONE),
    );
  for (const chunk of ramChunks(state.iomem_resource, c)) {
    free(chunk.start, chunk.end);
    for (const child of chunk.res.children) {
      reserve(Math.floor(child.start / c.PAGE_SIZE), Math.ceil((child.end + 1) / c.PAGE_SIZE));
    }
  }
}

/**
 * The zone of an online block, or -1 if there is not exactly one: its name in valid_zones, or the zones of its node
 * that overlap it.
 */
function zoneOfBlock(block: Block, c: Config, state: State): number {
  const nid = block.nids[0];
  if (block.state === 'offline' || nid === undefined || block.nids.length > 1) return -1;
  if (block.valid_zones) {
    const index = c.zones.indexOf(block.valid_zones[0] ?? '');
    return index >= 0 ? zone_key(nid, index) : -1;
  }
  const start = (block.id * c.memory_block_size_bytes) / c.PAGE_SIZE;
  const end = start + c.memory_block_size_bytes / c.PAGE_SIZE;
  const hits = c.zones
    .map((_, i) => zone_key(nid, i))
    .filter((key) => {
      const zone = state.zone.get(key)!;
      return (
        zone.present_pages > 0 &&
        zone.zone_start_pfn < end &&
        zone.zone_start_pfn + zone.spanned_pages > start
      );
    });
  return hits.length === 1 ? hits[0]! : -1;
}

function bootBlocks(
  machine: Machine,
  k: Kernel,
  nidOf: NodeOf,
  state: State,
  sections: readonly number[],
): void {
  const c = k.c;
  const derived = [...new Set(sections.map((nr) => Math.floor(nr / c.sections_per_block)))].map(
    (id): Block => {
      const start = id * c.memory_block_size_bytes;
      const nids = new Set<number>();
      for (const region of state.memblock_type.get(0)!.regions) {
        if (region.base < start + c.memory_block_size_bytes && region.base + region.size > start)
          nids.add(region.nid);
      }
      if (nids.size === 0) nids.add(nidOf(start));
      return { id, state: 'online', nids: [...nids].sort((a, b) => a - b) };
    },
  );
  const sectionCount = new Map<number, number>();
  for (const nr of sections) {
    const id = Math.floor(nr / c.sections_per_block);
    sectionCount.set(id, (sectionCount.get(id) ?? 0) + 1);
  }
  for (const block of machine.blocks ?? derived) {
    const nids = block.nids.filter((nid) => state.pgdat.has(nid));
    const nid = nids.at(-1) ?? -1;
    const online = block.state !== 'offline';
    state.memory_block.set(block.id, {
      ...new_memory_block(k, block.id, nid),
      section_count: sectionCount.get(block.id) ?? 0,
      state: online ? MEM_ONLINE : MEM_OFFLINE,
      zone: zoneOfBlock(block, c, state),
      offline: !online,
      links: nids,
    });
    for (const n of nids) state.pgdat.get(n)!.links.set(block.id, block.id + 1, true);
    if (nid >= 0) state.pgdat.get(nid)!.nr_blocks++;
  }
}

/**
 * The firmware's memory map for a machine that is described, not read: its RAM and the holes in it, before boot options
 * change them.
 */
function firmwareMap(machine: Machine, k: Kernel): State['firmware_map'] {
  if (machine.firmware_map) return machine.firmware_map;
  if (!k.c.FIRMWARE_MEMMAP || machine.iomem || !machine.ram) return [];
  const { iomem_resource } = empty_state();
  bootIomem(machine, iomem_resource);
  return iomem_resource.children.map(({ start, end, name }, id) => ({ id, start, end, type: name }));
}

/**
 * If neither /proc/iomem nor memblock gives the RAM, it is taken from the memory blocks: whole, because holes in them
 * are unknown.
 */
function withRam(machine: Machine, c: Config): Machine {
  const placed = machine.ram?.length || machine.memblock || machine.iomem?.some((entry) => entry.end > 0);
  if (placed || !machine.blocks) return machine;
  const ram: { start: number; size: number; nid: number }[] = [];
  const size = c.memory_block_size_bytes;
  const { cxl, nvdimm = [], dax = [] } = machine;
  const devices = [...(cxl?.windows ?? []), ...(cxl?.regions ?? []), ...nvdimm, ...dax];
  const cuts = new Set(devices.flatMap((own) => [own.start, own.start + own.size]));
  for (const block of machine.blocks) {
    const nid = block.nids[0] ?? 0;
    const last = ram.at(-1);
    const start = block.id * size;
    const joins = last?.nid === nid && last.start + last.size === start && !cuts.has(start);
    if (joins) last.size += size;
    else ram.push({ start, size, nid });
  }
  return { ...machine, ram };
}

/** Memory of devices. Returns what this release does not do as the source has it. */
function bootDevices(
  { nvdimm, cxl, dax = [], blocks, iomem }: Machine,
  k: Kernel,
  state: State,
): readonly string[] {
  const named = (range: { start: number; size: number }): number | undefined =>
    dax.find(
      ({ start, target_node }) =>
        target_node >= 0 && start >= range.start && start < range.start + range.size,
    )?.target_node;
  if (cxl) placeCxl(cxl, named, k, state);
  if (nvdimm) bootNvdimm(nvdimm, k, state);
  const vars = state.vars.get(0)!;
  const policy = vars.mhp_default_online_type;
  // what daxctl printed decides how much of an instance is online
  if (dax.length > 0) vars.mhp_default_online_type = MMOP_OFFLINE;
  const known = { blocks: blocks !== undefined, iomem: iomem !== undefined };
  if (cxl) bootCxl(cxl, known, k, state);
  vars.mhp_default_online_type = policy;
  return k.c.ZONE_DEVICE < 0 ? [] : bootDax(dax, known.blocks, k, state);
}

export interface BootOptions extends BuildOptions {
  /**
   * Every access is a step, because other threads run at the same time. Otherwise functions run by their batch forms
   * (src/runs).
   */
  readonly explored?: boolean;
  /** With `explored`: functions run by their batch forms all the same, in which each run of entries is one step. */
  readonly runs?: boolean;
  /**
   * arm64: also map what a running kernel never unmaps outside the linear map and the memmap: {@link
   * permanent_mappings}.
   */
  readonly permanent_mappings?: boolean;
}

/**
 * A running kernel of this release on this machine. Data from the machine's source is used as it is; missing data that
 * the kernel determines is derived; data that the kernel does not determine is assumed and noted.
 * @throws ImpossibleMachine
 */
export function boot(source: Machine, release: Release, options: BootOptions = {}): Model {
  const { machine: described, notes: ofOptions } = withMemoryOptions(source);
  const machine = withRam(described, configure(described, release, options));
  const k = makeKernel(release, configure(machine, release, options));
  const state = empty_state();
  const notes = [...machine.missing, ...ofOptions, ...unmodelledOptions(machine, release.constants)];
  bootIomem(machine, state.iomem_resource);
  const nidOf = nodeOf(machine, k.c);
  bootMemblock(machine, k.c, nidOf, release.constants.memblock_driver_managed, state);
  const sections = presentSections(machine, k.c, state);
  const nids = new Set<number>([
    ...(machine.ram ?? []).map((r) => r.nid),
    ...(machine.blocks ?? []).flatMap((b) => b.nids),
  ]);
  if (nids.size === 0) nids.add(0);
  bootNodes(
    machine,
    state,
    [...nids].sort((a, b) => a - b),
  );
  notes.push(...bootZones(machine, k.c, state, release.constants.ignores_missing_mirror));
  bootBlocks(machine, k, nidOf, state, sections);
  const offline = new Set<number>();
  for (const [id, block] of state.memory_block) {
    if (!block.offline) continue;
    for (let i = 0; i < k.c.sections_per_block; i++) offline.add(id * k.c.sections_per_block + i);
  }
  bootSections(machine, k.c, state, nidOf, sections, offline);
  const { holes } = release.constants;
  bootPages(nidOf, holes === 'zone' ? PG_reserved : 0, k.c, state, sections, offline);
  bootHoles(k, state, holes);
  rawHoles(k, state, release.constants);
  state.firmware_map = firmwareMap(withRam(source, k.c), k);
  state.e820_table_firmware = state.firmware_map;
  bootVars(machine, k, release.constants, state);
  // no other thread runs yet
  const alone = run_alone(k);
  const permanent = options.permanent_mappings ?? false;
  notes.push(...BOOT_TABLES[k.c.arch](machine, alone, state, sections, permanent));
  notes.push(...bootUnremovable(machine, k, state));
  const charge = (): void => {
    const taken = takeMemmap(machine, k, state);
    if (k.c.arch === 'x86_64') notes.push(...bootMemmap(machine, alone, state, sections, taken));
    countManaged(machine, state);
  };
  notes.push(...bootHugetlb(machine, alone, state, release.constants, charge));
  notes.push(...bootDevices(machine, alone, state));
  const explored = options.runs ? { ...alone, alone: false } : k;
  const kernel = options.explored ? explored : alone;
  return { kernel: release.booted?.(kernel) ?? kernel, state, notes };
}
