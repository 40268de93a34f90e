import { countOf, type Fields, numberIn, objectsIn, type Printed, printedBytes } from './json-objects.ts';

/** A namespace as `ndctl list -N` prints it. */
export interface PrintedNamespace {
  readonly region: number;
  readonly id: number;
  readonly mode: 'raw' | 'fsdax' | 'devdax' | 'sector';
  /** Where its struct pages are. */
  readonly map: 'none' | 'mem' | 'dev';
  /** What is usable: without the info block and, with `map: dev`, without the struct pages. */
  readonly size: Printed;
  /** Undefined if it is printed for none: then the namespace has no label, or nothing claims it. */
  readonly uuid: string | undefined;
  readonly raw_uuid: string | undefined;
  readonly align: number | undefined;
  readonly enabled: boolean;
  readonly numa_node: number | undefined;
  readonly target_node: number | undefined;
}

/** A region as `ndctl list -R` prints it; it prints no address. */
export interface PrintedRegion {
  readonly id: number;
  readonly size: Printed;
  readonly available: Printed | undefined;
  readonly align: number | undefined;
  readonly numa_node: number | undefined;
  readonly target_node: number | undefined;
  /** Whether its NVDIMMs have label areas. */
  readonly labels: boolean;
  /** Whether it is carved out of RAM. */
  readonly carved: boolean;
  readonly nmem: number | undefined;
  /** Undefined without -D or -i, which print its mappings. */
  readonly ways: number | undefined;
  readonly enabled: boolean;
}

export interface PrintedNvdimm {
  readonly regions: readonly PrintedRegion[];
  readonly namespaces: readonly PrintedNamespace[];
}

/** Names of modes, today's and those before ndctl v60. */
const MODES = new Map<unknown, PrintedNamespace['mode']>([
  ['raw', 'raw'],
  ['fsdax', 'fsdax'],
  ['memory', 'fsdax'],
  ['devdax', 'devdax'],
  ['dax', 'devdax'],
  ['sector', 'sector'],
  ['safe', 'sector'],
]);

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function namespaceOf(object: Fields): PrintedNamespace | undefined {
  const name = /^namespace(\d{1,4})\.(\d{1,4})$/.exec(text(object.dev) ?? '');
  const mode = MODES.get(object.mode);
  const size = printedBytes(object.size);
  if (!name || !mode || !size) return undefined;
  const map = mode === 'fsdax' || mode === 'devdax' ? object.map : 'none';
  return {
    region: Number(name[1]),
    id: Number(name[2]),
    mode,
    map: map === 'dev' || map === 'mem' || map === 'none' ? map : 'dev',
    size,
    uuid: text(object.uuid),
    raw_uuid: text(object.raw_uuid),
    align: printedBytes(object.align)?.bytes,
    enabled: object.state !== 'disabled',
    numa_node: countOf(object.numa_node),
    target_node: countOf(object.target_node),
  };
}

function regionOf(object: Fields, provider: string | undefined): PrintedRegion | undefined {
  const id = numberIn(object.dev, /^region(\d{1,4})$/);
  const size = printedBytes(object.size);
  if (id === undefined || !size || object.type === 'blk') return undefined;
  const mappings = Array.isArray(object.mappings) ? (object.mappings as readonly (Fields | null)[]) : [];
  return {
    id,
    size,
    available: printedBytes(object.available_size),
    align: printedBytes(object.align)?.bytes,
    numa_node: countOf(object.numa_node),
    target_node: countOf(object.target_node),
    labels: object.iset_id !== undefined,
    carved: provider === 'e820',
    nmem: numberIn(mappings[0]?.dimm, /^nmem(\d{1,4})$/),
    ways: mappings.length || undefined,
    enabled: object.state !== 'disabled',
  };
}

/** Of two that tell of one object, that with the exact size; else the later. */
export function keep<K, T extends { readonly size: Printed }>(all: Map<K, T>, key: K, own: T): void {
  const before = all.get(key);
  const exact = before && before.size.least === before.size.most && own.size.least !== own.size.most;
  if (!exact) all.set(key, own);
}

/** Regions and namespaces, nested or not, in the output of `ndctl list`. */
export function parseNdctlJson(value: unknown): PrintedNvdimm {
  const regions = new Map<number, PrintedRegion>();
  const namespaces = new Map<string, PrintedNamespace>();
  let provider: string | undefined;
  for (const object of objectsIn(value)) {
    if (object.provider !== undefined) provider = text(object.provider);
    const region = regionOf(object, provider);
    if (region) keep(regions, region.id, region);
    const ns = namespaceOf(object);
    if (ns) keep(namespaces, `${ns.region}.${ns.id}`, ns);
  }
  return {
    regions: [...regions.values()].sort((a, b) => a.id - b.id),
    namespaces: [...namespaces.values()].sort((a, b) => a.region - b.region || a.id - b.id),
  };
}
