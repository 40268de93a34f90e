import { bytesOf, numberIn, objectsIn } from './json-objects.ts';

/** A window that a root decoder maps; bytes. */
export interface CxlWindow {
  readonly id: number;
  readonly start: number;
  readonly size: number;
  readonly interleave_ways: number;
  readonly interleave_granularity: number;
}

/** A region in a window; bytes. */
export interface CxlRegion extends CxlWindow {
  readonly type: 'ram' | 'pmem';
  /** Whether its decoders are committed and its driver is bound. */
  readonly enabled: boolean;
}

export interface CxlMemory {
  readonly windows: readonly CxlWindow[];
  readonly regions: readonly CxlRegion[];
}

function rangeOf(object: Readonly<Record<string, unknown>>, id: number): CxlWindow | undefined {
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

/** The windows of root decoders and the regions in the output of `cxl list`. */
export function parseCxlJson(value: unknown): CxlMemory {
  const windows = new Map<number, CxlWindow>();
  const regions = new Map<number, CxlRegion>();
  for (const object of objectsIn(value)) {
    const decoder = numberIn(object.decoder, /^decoder0\.(\d{1,4})$/);
    const window = decoder === undefined ? undefined : rangeOf(object, decoder);
    if (window) windows.set(window.id, window);
    const name = object.decoder === undefined ? numberIn(object.region, /^region(\d{1,4})$/) : undefined;
    const region = name === undefined ? undefined : rangeOf(object, name);
    if (!region) continue;
    const enabled = object.state !== 'disabled' && (object.decode_state ?? 'commit') === 'commit';
    regions.set(region.id, { ...region, type: object.type === 'pmem' ? 'pmem' : 'ram', enabled });
  }
  const inOrder = (a: CxlWindow, b: CxlWindow): number => a.id - b.id;
  return { windows: [...windows.values()].sort(inOrder), regions: [...regions.values()].sort(inOrder) };
}
