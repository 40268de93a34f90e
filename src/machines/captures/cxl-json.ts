import { parseSize } from '../text/size.ts';

/** A window that a root decoder maps; bytes. */
export interface CxlWindow {
  readonly id: number;
  readonly start: number;
  readonly size: number;
  readonly interleave_ways: number;
  readonly interleave_granularity: number;
}

/** A region of volatile memory in a window; bytes. */
export interface CxlRegion extends CxlWindow {}

export interface CxlMemory {
  readonly windows: readonly CxlWindow[];
  readonly regions: readonly CxlRegion[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Keys that name an object in the output of `cxl list`, `daxctl list` and `ndctl list`. */
const NAMES: Readonly<Record<string, RegExp>> = {
  decoder: /^decoder\d+\.\d+$/,
  region: /^region\d+$/,
  memdev: /^mem\d+$/,
  bus: /^root\d+$/,
  port: /^(port|root)\d+$/,
  endpoint: /^endpoint\d+$/,
  chardev: /^dax\d+\.\d+$/,
  dev: /^(region|namespace|nmem|dax)\d/,
  provider: /^(ACPI\.|nfit_test|e820)/,
};

const named = (object: Fields): boolean =>
  Object.entries(NAMES).some(([key, is]) => typeof object[key] === 'string' && is.test(object[key]));

/** All objects in a value, from the outside in. */
function* objectsIn(value: unknown, depth = 0): Generator<Fields> {
  if (typeof value !== 'object' || value === null || depth > 12) return;
  if (!Array.isArray(value)) yield value as Fields;
  for (const part of Object.values(value)) yield* objectsIn(part, depth + 1);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a text is what `cxl list`, `daxctl list` or `ndctl list` prints. */
export const isCxlJson = (text: string): boolean =>
  /^\s*[[{]/.test(text) && [...objectsIn(parsed(text))].some(named);

/** 536870912, "0xc90000000", or with -u "512.00 MiB (536.87 MB)", of which two decimals are left. */
function bytesOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const human = /^(\d{1,6}(?:\.\d{1,2})?) ([KMGT])iB\b/.exec(value);
  if (!human) return parseSize(value);
  return Math.round(Number(human[1]) * 1024 ** ' KMGT'.indexOf(human[2]!));
}

function rangeOf(object: Fields, id: number): CxlWindow | undefined {
  const start = bytesOf(object.resource);
  const size = bytesOf(object.size);
  if (start === undefined || size === undefined || size === 0 || start + size > 2 ** 52) return undefined;
  return {
    id,
    start,
    size,
    interleave_ways: bytesOf(object.interleave_ways) ?? 1,
    interleave_granularity: bytesOf(object.interleave_granularity) ?? 256,
  };
}

/** The windows of root decoders and the regions of volatile memory in the output of `cxl list`. */
export function parseCxlJson(text: string): CxlMemory {
  const windows = new Map<number, CxlWindow>();
  const regions = new Map<number, CxlRegion>();
  for (const object of objectsIn(parsed(text))) {
    const decoder = /^decoder0\.(\d{1,4})$/.exec(String(object.decoder));
    const window = decoder && rangeOf(object, Number(decoder[1]));
    if (window) windows.set(window.id, window);
    const name = object.decoder === undefined ? /^region(\d{1,4})$/.exec(String(object.region)) : null;
    const region = name && object.type !== 'pmem' ? rangeOf(object, Number(name[1])) : undefined;
    if (region) regions.set(region.id, region);
  }
  const inOrder = (a: CxlWindow, b: CxlWindow): number => a.id - b.id;
  return { windows: [...windows.values()].sort(inOrder), regions: [...regions.values()].sort(inOrder) };
}
