import { countOf, type Fields, type Printed, printedBytes } from './json-objects.ts';

/** An instance of device-dax as `daxctl list` prints it, or `ndctl list` and `cxl list` within their regions. */
export interface PrintedDax {
  readonly region: number;
  readonly id: number;
  /** What it is a part of; undefined if it was printed without its region. */
  readonly of: 'nvdimm' | 'cxl' | 'hmem' | undefined;
  readonly size: Printed;
  /** With -M. */
  readonly start: number | undefined;
  readonly align: number | undefined;
  readonly target_node: number | undefined;
  /** Undefined before daxctl v65. */
  readonly mode: 'devdax' | 'system-ram' | undefined;
  readonly online_memblocks: number | undefined;
  readonly total_memblocks: number | undefined;
  readonly movable: boolean | undefined;
  readonly enabled: boolean;
}

const known = <T>(value: unknown, ...values: readonly T[]): T | undefined =>
  values.find((one) => one === value);

/** What the device is a part of, by its path below /sys/devices. */
function parentOf(path: unknown): PrintedDax['of'] {
  if (typeof path !== 'string') return undefined;
  if (/\/ndbus\d/.test(path)) return 'nvdimm';
  if (/\/(decoder\d|dax_region)/.test(path)) return 'cxl';
  return /\/hmem/.test(path) ? 'hmem' : undefined;
}

function instanceOf(object: Fields, of: PrintedDax['of']): PrintedDax | undefined {
  // a namespace names its instance by the same key
  const name = object.dev === undefined ? /^dax(\d{1,4})\.(\d{1,3})$/.exec(String(object.chardev)) : null;
  const size = printedBytes(object.size);
  if (!name || !size || size.bytes === 0) return undefined;
  const mappings = Array.isArray(object.mappings) ? (object.mappings as readonly (Fields | null)[]) : [];
  return {
    region: Number(name[1]),
    id: Number(name[2]),
    of,
    size,
    start: printedBytes(mappings[0]?.start)?.bytes,
    align: printedBytes(object.align)?.bytes,
    target_node: countOf(object.target_node),
    mode: known(object.mode, 'devdax' as const, 'system-ram' as const),
    online_memblocks: countOf(object.online_memblocks),
    total_memblocks: countOf(object.total_memblocks),
    movable: known(object.movable, true, false),
    enabled: object.state !== 'disabled',
  };
}

/** What two programs say of one instance: the second, where the first says nothing or rounds. */
function joined(a: PrintedDax, b: PrintedDax): PrintedDax {
  const said = Object.entries(a).filter(([, value]) => value !== undefined);
  const exact = a.size.least === a.size.most ? a.size : b.size;
  return { ...b, ...(Object.fromEntries(said) as Partial<PrintedDax>), size: exact };
}

/** The instances in the output of `daxctl list`, and of `ndctl list -X` and `cxl list -X`. */
export function parseDaxctlJson(value: unknown): readonly PrintedDax[] {
  const found = new Map<string, PrintedDax>();
  function add(part: unknown, of: PrintedDax['of'], depth: number): void {
    if (typeof part !== 'object' || part === null || depth > 12) return;
    const object = part as Fields;
    const within = parentOf(object.path) ?? programOf(object) ?? of;
    const instance = Array.isArray(part) ? undefined : instanceOf(object, within);
    if (instance) {
      const key = `${instance.region}.${instance.id}`;
      const before = found.get(key);
      found.set(key, before ? joined(before, instance) : instance);
    }
    for (const inner of Object.values(object)) add(inner, within, depth + 1);
  }
  add(value, undefined, 0);
  return [...found.values()].sort((a, b) => a.region - b.region || a.id - b.id);
}

/** ndctl and cxl nest instances in their own objects. */
const programOf = ({ dev, region }: Fields): PrintedDax['of'] =>
  dev !== undefined ? 'nvdimm' : region !== undefined ? 'cxl' : undefined;
