import { operation } from '../../ops.ts';
import type { dev_dax_range, State } from '../../state.ts';

/** drivers/dax/bus.c: a region whose parts can be given to instances (IORESOURCE_DAX_STATIC is not set). */

/** The region of an instance, by the name of which both have their number. */
const region_number = (name: string): number => Number(/^dax(\d+)\./.exec(name)![1]);

const range_of = (state: State, region: number): dev_dax_range | null =>
  state.hmem.get(region) ?? state.cxl_region.get(region) ?? null;

/** The range of the region of an instance; null for the instance on a namespace. */
export const region_range = operation({
  name: 'region_range',
  obj: 'hmem',
  writes: false,
  tell: () => ({ kind: 'books' }),
  run: (state: State, dax: number): dev_dax_range | null =>
    range_of(state, region_number(state.dev_dax.get(dax)!.name)),
});

/** A region that has instances. */
export interface DaxRegion extends dev_dax_range {
  /** The keys of its instances, ascending by name. */
  readonly devices: readonly number[];
  /** What is given to instances, ascending. */
  readonly taken: readonly (dev_dax_range & { readonly dax: number })[];
}

/** Null if there is no such region. */
export const dax_region = operation({
  name: 'dax_region',
  obj: 'dev_dax',
  writes: false,
  tell: () => ({ kind: 'books' }),
  run(state: State, region: number): DaxRegion | null {
    const range = range_of(state, region);
    const devices = [...state.dev_dax]
      .filter(([, { name }]) => region_number(name) === region)
      .map(([key]) => key)
      .sort((a, b) => a - b);
    if (range === null || devices.length === 0) return null;
    const taken = devices
      .flatMap((dax) => state.dev_dax.get(dax)!.ranges.map((one) => ({ ...one, dax })))
      .sort((a, b) => a.start - b.start);
    return { start: range.start, size: range.size, devices, taken };
  },
});
