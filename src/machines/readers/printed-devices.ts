import type { Arch } from '../../geometry/sizes.ts';
import type { CxlMemory, CxlRegion, CxlWindow } from '../captures/cxl-json.ts';
import type { PrintedDax } from '../captures/daxctl-json.ts';
import type { PrintedDevices } from '../captures/device-json.ts';
import type { PrintedNamespace, PrintedNvdimm } from '../captures/ndctl-json.ts';
import type { DaxDevice } from '../dax-device.ts';
import type { Block, IomemEntry, Node, RamRange } from '../machine.ts';
import type { NdRegion } from '../nd-region.ts';
import { layOutRegions, regionAt, type UnplacedRegion } from './printed-nvdimm.ts';

/**
 * Devices that ndctl, daxctl and cxl printed, at their places: daxctl -M and cxl print addresses; else those of
 * /proc/iomem, or of the memory blocks that a device is; what is still unknown is assumed behind all other memory.
 */

const SZ_1G = 2 ** 30;
/** Places that are assumed are aligned to the largest memory block. */
const SZ_2G = 2 ** 31;

/** What else the source says. */
export interface Surroundings {
  readonly arch: Arch;
  readonly page_size: number;
  readonly iomem: readonly IomemEntry[] | undefined;
  readonly blocks: readonly Block[] | undefined;
  readonly block_size: number | undefined;
  readonly ram: readonly RamRange[] | undefined;
}

export interface PlacedDevices {
  readonly nvdimm: readonly NdRegion[];
  readonly cxl: CxlMemory;
  readonly dax: readonly DaxDevice[];
  /** Of a source that tells of no memory but these devices. */
  readonly ram?: readonly RamRange[];
  readonly block_size?: number;
  /** The nodes that the devices name, beside those of RAM. */
  readonly nodes: readonly number[];
  readonly notes: readonly string[];
}

interface Range {
  readonly start: number;
  readonly size: number;
}

const nameOf = ({ region, id }: PrintedDax): string => `dax${region}.${id}`;

/** The block size with which an instance has as many memory blocks as printed; undefined if that is ambiguous. */
function blockSizeOf(dax: readonly PrintedDax[]): number | undefined {
  for (const { size, start, total_memblocks: total } of dax) {
    if (!total) continue;
    const fitting: number[] = [];
    for (let block = 2 ** 27; block <= SZ_2G; block *= 2) {
      const whole = (bytes: number): number =>
        start === undefined
          ? Math.floor(bytes / block)
          : Math.floor((start + bytes) / block) - Math.ceil(start / block);
      // of an instance whose place is unknown one block may be lost at an end
      const lost = start === undefined ? 1 : 0;
      if (whole(size.most) >= total && whole(size.least) - lost <= total) fitting.push(block);
    }
    if (fitting.length === 1) return fitting[0];
  }
  return undefined;
}

/** So much RAM on each node that the memory's struct pages have room. */
function assumedRam(arch: Arch, nids: readonly number[], bytes: number): readonly RamRange[] {
  const size = Math.max(4 * SZ_1G, 2 ** Math.ceil(Math.log2(bytes / 16 + 1)));
  const first = arch === 'arm64' ? SZ_1G : 0;
  return nids.map((nid, i) => ({ start: first + i * size, size, nid }));
}

class Places {
  readonly #around: Surroundings;
  readonly #taken: Range[] = [];
  readonly assumed: string[] = [];
  #top: number;

  constructor(around: Surroundings, ram: readonly RamRange[], placed: readonly Range[]) {
    this.#around = around;
    const blocks = around.blocks ?? [];
    const ends = [
      ...ram.map(({ start, size }) => start + size),
      ...placed.map(({ start, size }) => start + size),
      ...(around.iomem ?? []).filter(({ name }) => /RAM|Persistent/.test(name)).map(({ end }) => end + 1),
      ((blocks.at(-1)?.id ?? -1) + 1) * (around.block_size ?? 0),
    ];
    this.#top = ends.reduce((a, b) => Math.max(a, b), 4 * SZ_1G);
  }

  take(start: number, size: number): number {
    this.#taken.push({ start, size });
    this.#top = Math.max(this.#top, start + size);
    return start;
  }

  /** The entry of /proc/iomem of this name, or the first of this kind and size that nothing has taken. */
  inIomem(name: string, kind: RegExp, size: number): IomemEntry | undefined {
    const entries = (this.#around.iomem ?? []).filter(({ end }) => end > 0);
    const free = ({ start, end }: IomemEntry): boolean =>
      !this.#taken.some((own) => own.start <= end && start < own.start + own.size);
    return (
      entries.find((entry) => entry.name === name) ??
      entries.find((entry) => kind.test(entry.name) && entry.end - entry.start + 1 === size && free(entry))
    );
  }

  /** The entry around another. */
  around(inner: IomemEntry): IomemEntry {
    const entries = this.#around.iomem ?? [];
    const at = entries.indexOf(inner);
    return entries.slice(0, at).findLast(({ depth }) => depth < inner.depth) ?? inner;
  }

  /** The start of the only run of so many memory blocks of a node that no other device has. */
  ofBlocks(nid: number | undefined, total: number | undefined): number | undefined {
    const size = this.#around.block_size ?? 0;
    if (!total || nid === undefined) return undefined;
    const runs: { first: number; count: number }[] = [];
    for (const { id, nids } of this.#around.blocks ?? []) {
      const last = runs.at(-1);
      if (
        nids[0] !== nid ||
        this.#taken.some((own) => own.start <= id * size && id * size < own.start + own.size)
      )
        continue;
      if (last && last.first + last.count === id) last.count++;
      else runs.push({ first: id, count: 1 });
    }
    const fitting = runs.filter(({ count }) => count === total);
    return fitting.length === 1 ? fitting[0]!.first * size : undefined;
  }

  assume(name: string, size: number): number {
    const start = Math.ceil(this.#top / SZ_2G) * SZ_2G;
    this.assumed.push(`${name} at 0x${start.toString(16)}`);
    return this.take(start, size);
  }
}

/** The start of a region in which data at this offset begins in or right before this memory block. */
function regionBefore(block: number, data: number): number {
  for (let align = SZ_1G; align > 2 ** 24; align /= 2) {
    const start = Math.floor((block - data) / align) * align;
    if (start >= 0 && start + data > block - 2 ** 27) return start;
  }
  return Math.max(0, Math.floor((block - data) / 2 ** 24) * 2 ** 24);
}

function placeRegion(
  unplaced: UnplacedRegion,
  dax: readonly PrintedDax[],
  cxl: readonly CxlRegion[],
  places: Places,
): NdRegion {
  const { region, namespaces } = unplaced;
  const size = region.size.bytes;
  const instances = dax.filter((one) => one.region === region.id);
  const target = instances.map((one) => one.target_node).find((nid) => nid !== undefined);
  const at = (start: number): NdRegion => regionAt(unplaced, places.take(start, size), target);
  for (const one of namespaces) {
    const instance = instances.find(({ id }) => id === one.ns.id);
    if (instance?.start !== undefined) return at(instance.start - one.dataoff - one.offset);
  }
  for (const { ns, offset } of namespaces) {
    const entry = places.inIomem(`namespace${ns.region}.${ns.id}`, /^$/, 0);
    if (!entry) continue;
    const whole = places.around(entry);
    return at(whole === entry ? entry.start - offset : whole.start);
  }
  const entry = places.inIomem('', /^Persistent Memory/, size);
  if (entry) return at(entry.start);
  const persistent = cxl.find(({ id, type }) => type === 'pmem' && id === region.id);
  if (persistent) return at(persistent.start);
  for (const one of namespaces) {
    const instance = instances.find(({ id }) => id === one.ns.id);
    const block = instance && places.ofBlocks(instance.target_node, instance.total_memblocks);
    if (block !== undefined) return at(regionBefore(block, one.offset + one.dataoff));
  }
  return regionAt(unplaced, places.assume(`region${region.id}`, size), target);
}

/** An instance that no region of NVDIMMs or CXL contains. */
function placeInstance(one: PrintedDax, places: Places): Range {
  const size = one.size.bytes;
  const entry = places.inIomem(nameOf(one), /^Soft Reserved/, size);
  const start = one.start ?? entry?.start ?? places.ofBlocks(one.target_node, one.total_memblocks);
  return {
    start: start === undefined ? places.assume(nameOf(one), size) : places.take(start, size),
    size,
  };
}

const driverOf = (one: PrintedDax): DaxDevice['driver'] =>
  one.enabled ? (one.mode === 'system-ram' ? 'kmem' : 'device_dax') : 'none';

function deviceOf(one: PrintedDax, of: DaxDevice['of'], { start, size }: Range): DaxDevice {
  return {
    region: one.region,
    id: one.id,
    of,
    start,
    size,
    target_node: one.target_node ?? -1,
    driver: driverOf(one),
    ...(one.online_memblocks !== undefined && { online_blocks: one.online_memblocks }),
    ...(one.movable !== undefined && { movable: one.movable }),
  };
}

/** A region of persistent CXL memory is one of NVDIMMs, with the same number. */
const persistentRegions = (cxl: readonly CxlRegion[], nvdimm: readonly NdRegion[]): readonly NdRegion[] =>
  cxl
    .filter(({ id, type, enabled }) => type === 'pmem' && enabled && nvdimm.every((own) => own.id !== id))
    .map(({ id, start, size }) => {
      const nodes = { nid: -1, target_node: -1 };
      return {
        id,
        start,
        size,
        align: 0,
        ...nodes,
        pagemap: false,
        nmem: id,
        label_area: true,
        namespaces: [],
      };
    });

/** An instance on an NVDIMM that ndctl did not print is a namespace whose struct pages are in RAM. */
function withOwnNamespaces({ nvdimm, dax }: PrintedDevices): PrintedNvdimm {
  const { regions, namespaces } = nvdimm;
  const known = new Set([...regions.map(({ id }) => id), ...namespaces.map(({ region }) => region)]);
  const own = dax
    .filter((one) => one.of === 'nvdimm' && !known.has(one.region))
    .map(
      ({ region, id, size, align, target_node }): PrintedNamespace => ({
        region,
        id,
        mode: 'devdax',
        map: 'mem',
        size,
        uuid: `dax${region}.${id}`,
        raw_uuid: undefined,
        align,
        enabled: true,
        numa_node: undefined,
        target_node,
      }),
    );
  return { regions, namespaces: [...namespaces, ...own] };
}

export function placeDevices(printed: PrintedDevices, around: Surroundings): PlacedDevices {
  const notes: string[] = [];
  const unplaced = layOutRegions(withOwnNamespaces(printed), around.page_size, notes);
  const { windows, regions } = printed.cxl;
  const blockSize = around.block_size ?? blockSizeOf(printed.dax);
  const alone = !around.blocks && !around.ram && !around.iomem?.some(({ end }) => end > 0);
  const named = unplaced.flatMap(({ region, namespaces }) => [
    region.numa_node,
    ...namespaces.map(({ ns }) => ns.numa_node),
  ]);
  const nids = [...new Set(named.filter((nid) => nid !== undefined))].sort((a, b) => a - b);
  const devices = [...printed.dax, ...unplaced.map(({ region }) => region), ...regions];
  const bytes = devices.reduce((sum, { size }) => sum + (typeof size === 'number' ? size : size.bytes), 0);
  const ram = alone ? assumedRam(around.arch, nids.length ? nids : [0], bytes) : undefined;
  if (ram) {
    const each = ram.map(({ nid, size }) => `${size / SZ_1G}G on node ${nid}`).join(', ');
    notes.push(`no RAM is described: ${each} is assumed, from 0x${ram[0]!.start.toString(16)}`);
  }
  const fixed = [...windows, ...regions];
  const places = new Places({ ...around, block_size: blockSize }, ram ?? around.ram ?? [], fixed);
  // those with an address come first, so that nothing is assumed where they are
  const hasAddress = ({ region }: UnplacedRegion): boolean =>
    printed.dax.some((one) => one.region === region.id && one.start !== undefined);
  const nvdimm = [...unplaced]
    .sort((a, b) => Number(hasAddress(b)) - Number(hasAddress(a)) || a.region.id - b.region.id)
    .map((region) => placeRegion(region, printed.dax, regions, places))
    .sort((a, b) => a.id - b.id);
  const dax: DaxDevice[] = [];
  const implied: CxlWindow[] = [];
  for (const one of printed.dax) {
    const region = nvdimm.find(({ id }) => id === one.region);
    const cxl = regions.find(({ id }) => id === one.region);
    if (region && one.of !== 'cxl' && one.of !== 'hmem') dax.push(deviceOf(one, 'nvdimm', region));
    else if (cxl && one.of !== 'hmem') dax.push(deviceOf(one, 'cxl', cxl));
    else if (one.id > 0)
      notes.push(`${nameOf(one)}: a second instance of a region is not modelled: it is left out`);
    else {
      const range = placeInstance(one, places);
      if (one.of === 'cxl') {
        implied.push({ id: one.region, ...range, interleave_ways: 1, interleave_granularity: 256 });
        notes.push(
          `region${one.region} of CXL is not printed (cxl list -R): it is taken to be ${nameOf(one)}`,
        );
      } else if (one.of === undefined)
        notes.push(
          `daxctl printed no region of ${nameOf(one)} (daxctl list -RD): Soft Reserved memory is assumed`,
        );
      dax.push(deviceOf(one, one.of === 'cxl' ? 'cxl' : 'hmem', range));
    }
  }
  if ([nvdimm, regions, windows, dax].every(({ length }) => length === 0))
    notes.push('the JSON names no memory: cxl list -DR, daxctl list -RDM and ndctl list -RNi print it');
  if (places.assumed.length > 0) notes.push(`no address is printed: ${places.assumed.join(', ')} is assumed`);
  const target = [...nvdimm.map((own) => own.target_node), ...dax.map((own) => own.target_node)];
  return {
    nvdimm: [...nvdimm, ...persistentRegions(regions, nvdimm)],
    cxl: withImplied({ windows, regions }, implied, notes),
    dax,
    ...(ram && { ram }),
    ...(around.block_size === undefined && blockSize !== undefined && { block_size: blockSize }),
    nodes: [...new Set([...nvdimm.map(({ nid }) => nid), ...target])].filter((nid) => nid >= 0),
    notes,
  };
}

/** Regions without a window get one of their own. */
function withImplied(
  { windows, regions }: CxlMemory,
  implied: readonly CxlWindow[],
  notes: string[],
): CxlMemory {
  const all = [...regions, ...implied.map((own): CxlRegion => ({ ...own, type: 'ram', enabled: true }))];
  const outside = all.filter(
    ({ start, size }) => !windows.some((own) => own.start <= start && start + size <= own.start + own.size),
  );
  let id = Math.max(-1, ...windows.map((own) => own.id)) + 1;
  const own = outside.map(({ start, size, interleave_ways, interleave_granularity }): CxlWindow => {
    notes.push(
      `no window of CXL is printed around 0x${start.toString(16)} (cxl list -D): one of the same size is assumed`,
    );
    return { id: id++, start, size, interleave_ways, interleave_granularity };
  });
  return { windows: [...windows, ...own], regions: all };
}

/** The possible nodes: those that are known, and those that only devices name, which have no memory yet. */
export function withNodes(known: readonly Node[], named: readonly number[]): readonly Node[] {
  const others = named.filter((nid) => known.every((node) => node.nid !== nid));
  return [...known, ...others.map((nid): Node => ({ nid, online: false, cpus: [] }))].sort(
    (a, b) => a.nid - b.nid,
  );
}
