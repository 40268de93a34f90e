import type { PrintedNamespace, PrintedNvdimm, PrintedRegion } from '../captures/ndctl-json.ts';
import type { NdNamespace, NdRegion } from '../nd-region.ts';

/** NVDIMM regions as ndctl prints them: without addresses, and namespaces without their metadata. */

const SZ_8K = 8192;
const SZ_2M = 2 ** 21;
const SZ_16M = 2 ** 24;
const SIZEOF_STRUCT_PAGE = 64;

const up = (n: number, align: number): number => Math.ceil(n / align) * align;

/** A namespace within its region, whose own place is not known yet. */
export interface LaidOut {
  readonly ns: PrintedNamespace;
  /** From the start of the region. */
  readonly offset: number;
  /** With its metadata. */
  readonly size: number;
  /** From the start of the namespace. */
  readonly dataoff: number;
  readonly data_size: number;
}

export interface UnplacedRegion {
  readonly region: PrintedRegion;
  readonly namespaces: readonly LaidOut[];
}

/** Bytes before the data, as nd_pfn_init() lays them out (drivers/nvdimm/pfn_devs.c). */
function metadata({ map, align = SZ_2M }: PrintedNamespace, size: number, pageSize: number): number {
  if (map !== 'dev') return up(SZ_8K, align);
  const pages = up((size - SZ_8K) / pageSize, 2 ** 27 / pageSize);
  return up(SZ_8K + SIZEOF_STRUCT_PAGE * pages, Math.max(align, SZ_2M));
}

/** Whether struct pages and an info block are on it: without a uuid nothing claims it. */
const isClaimed = ({ mode, uuid }: PrintedNamespace): boolean => mode !== 'raw' && uuid !== undefined;

/** The size with metadata that leaves what is printed, in whole units of the region's alignment. */
function rawSize(ns: PrintedNamespace, unit: number, pageSize: number): number {
  if (!isClaimed(ns)) return ns.size.bytes;
  // the map of a BTT, of which no struct pages are: 4 bytes for each sector, info blocks and log
  if (ns.mode === 'sector') return up(ns.size.bytes * (1 + 1 / 1000) + SZ_2M, unit);
  for (let raw = up(ns.size.least, unit); ; raw += unit)
    if (raw - metadata(ns, raw, pageSize) >= ns.size.least) return raw;
}

function layOut(ns: PrintedNamespace, offset: number, size: number, pageSize: number): LaidOut {
  if (!isClaimed(ns) || ns.mode === 'sector') return { ns, offset, size, dataoff: 0, data_size: size };
  const own = metadata(ns, size, pageSize);
  const { least, most, bytes } = ns.size;
  const rest = size - own;
  if (rest >= least && rest <= most) return { ns, offset, size, dataoff: own, data_size: rest };
  // laid out by another kernel, or cut at the end
  const align = ns.align ?? SZ_2M;
  const dataoff = (size - bytes) % align === 0 && size > bytes ? size - bytes : own;
  return { ns, offset, size, dataoff, data_size: Math.max(0, Math.min(bytes, size - dataoff)) };
}

function regionOf(
  region: PrintedRegion,
  all: readonly PrintedNamespace[],
  pageSize: number,
  notes: string[],
): UnplacedRegion {
  const listed = all.filter((ns) => ns.region === region.id);
  const used = listed.filter((ns) => ns.size.bytes > 0);
  const unit = region.align ?? SZ_16M;
  const size = region.size.bytes;
  const taken = region.labels && region.available ? size - region.available.bytes : size;
  if (listed.length === 0 && region.labels && region.available && taken >= unit)
    notes.push(
      `region${region.id} has ${taken} bytes in namespaces that are not listed (ndctl list -RNi): it is taken as empty`,
    );
  if (used.length > 1)
    notes.push(
      `ndctl prints no places of namespaces: those of region${region.id} are assumed in their order`,
    );
  let offset = 0;
  const namespaces = used.flatMap((ns): LaidOut[] => {
    const raw = used.length === 1 && taken >= ns.size.least ? taken : rawSize(ns, unit, pageSize);
    if (offset + raw > size) {
      notes.push(`namespace${ns.region}.${ns.id} has no room in its region: it is left out`);
      return [];
    }
    offset += raw;
    return [layOut(ns, offset - raw, raw, pageSize)];
  });
  return { region, namespaces };
}

/** A region that was not listed, from its namespaces. */
function impliedRegion(id: number, all: readonly PrintedNamespace[], pageSize: number): PrintedRegion {
  const own = all.filter((ns) => ns.region === id);
  const bytes = up(
    own.reduce((sum, ns) => sum + rawSize(ns, SZ_16M, pageSize), 0),
    SZ_16M,
  );
  return {
    id,
    size: { bytes, least: bytes, most: bytes },
    available: undefined,
    align: undefined,
    numa_node: undefined,
    target_node: undefined,
    labels: own.some(
      ({ mode, uuid, raw_uuid }) => (mode === 'raw' && uuid !== undefined) || raw_uuid !== undefined,
    ),
    carved: false,
    nmem: undefined,
    ways: undefined,
    enabled: true,
  };
}

/** The regions with their namespaces, by number. */
export function layOutRegions(
  { regions, namespaces }: PrintedNvdimm,
  pageSize: number,
  notes: string[],
): readonly UnplacedRegion[] {
  const known = new Set(regions.map(({ id }) => id));
  const implied = [
    ...new Set(namespaces.filter((ns) => ns.size.bytes > 0 && !known.has(ns.region)).map((ns) => ns.region)),
  ];
  for (const id of implied)
    notes.push(`region${id} is not listed (ndctl list -RNi): it is taken to be as large as its namespaces`);
  const rounded = [...regions.map(({ size }) => size), ...namespaces.map(({ size }) => size)];
  if (rounded.some(({ least, most }) => least !== most))
    notes.push('ndctl printed sizes with two decimals (-u): the roundest sizes that fit are assumed');
  return [...regions, ...implied.map((id) => impliedRegion(id, namespaces, pageSize))]
    .sort((a, b) => a.id - b.id)
    .filter(({ size, enabled }) => size.bytes > 0 && enabled)
    .map((region) => regionOf(region, namespaces, pageSize, notes));
}

const CLAIMS = { fsdax: 'pfn', devdax: 'dax', sector: 'btt', raw: 'none' } as const;

function namespaceAt(
  { ns, offset, size, dataoff, data_size }: LaidOut,
  at: number,
  io: boolean,
): NdNamespace {
  const claimed = isClaimed(ns);
  const pages = claimed && ns.mode !== 'sector';
  const start = at + offset;
  return {
    id: ns.id,
    start,
    size,
    io,
    uuid: io ? '' : (ns.raw_uuid ?? ns.uuid ?? `label ${ns.id}`),
    claim_uuid: claimed ? ns.uuid! : '',
    claim: claimed ? CLAIMS[ns.mode] : 'none',
    mode: pages ? (ns.map === 'dev' ? 'pmem' : 'ram') : 'none',
    align: pages ? (ns.align ?? SZ_2M) : 0,
    data_start: pages ? start + dataoff : 0,
    data_size: pages ? data_size : 0,
  };
}

/** The region at an address. */
export function regionAt(
  { region, namespaces }: UnplacedRegion,
  start: number,
  target: number | undefined,
): NdRegion {
  const nodes = <K extends 'numa_node' | 'target_node'>(key: K): number | undefined =>
    region[key] ?? namespaces.map(({ ns }) => ns[key]).find((nid) => nid !== undefined);
  const pagemap = region.carved || namespaces.some(({ ns }) => ns.mode === 'fsdax' && ns.uuid === undefined);
  return {
    id: region.id,
    start,
    size: region.size.bytes,
    align: region.align ?? 0,
    nid: nodes('numa_node') ?? -1,
    target_node: nodes('target_node') ?? target ?? -1,
    pagemap,
    nmem: region.nmem ?? region.id,
    ...(region.ways !== undefined && { ways: region.ways }),
    label_area: region.labels,
    namespaces: namespaces.map((ns) => namespaceAt(ns, start, !region.labels)),
  };
}
