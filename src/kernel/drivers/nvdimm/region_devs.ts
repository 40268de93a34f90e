import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { alloc, look, operation, R, W } from '../../ops.ts';
import { type nd_namespace, nd_namespace_key, type nd_region, type State } from '../../state.ts';
import { nd_device } from './bus.ts';

/** drivers/nvdimm/region_devs.c and dimm_devs.c: regions, and their unallocated space. One NVDIMM per region. */

export const SZ_16M = 16 * 2 ** 20;

const ALIGN = (n: number, align: number): number => Math.ceil(n / align) * align;
const ALIGN_DOWN = (n: number, align: number): number => Math.floor(n / align) * align;

export interface Extent {
  readonly start: number;
  readonly size: number;
}

/** Namespaces of the region, by id. */
export const namespaces_of = operation({
  name: 'namespaces_of',
  obj: 'nd_namespace',
  writes: false,
  run: (state: State, region: number): [number, nd_namespace][] =>
    [...state.nd_namespace].filter(([, ns]) => ns.region === region).sort(([a], [b]) => a - b),
});

/** The extents that the NVDIMM's driver has reserved, ascending: of namespaces with labels, also while their region is disabled. */
function allocated(state: State, region: number): Extent[] {
  const { enabled, labels } = state.nd_region.get(region)!;
  const extents = enabled
    ? namespaces_of
        .run(state, region)
        .filter(([, ns]) => !ns.io && ns.size > 0)
        .map(([, ns]) => ({ start: ns.offset, size: ns.size }))
    : (labels ?? []).map(({ offset, size }) => ({ start: offset, size }));
  return extents.sort((a, b) => a.start - b.start);
}

/** Free extents, aligned inwards. */
export function free_extents(state: State, region: number): Extent[] {
  const { size, align } = state.nd_region.get(region)!;
  const found: Extent[] = [];
  let at = 0;
  for (const taken of [...allocated(state, region), { start: size, size: 0 }]) {
    const start = ALIGN(at, align);
    const end = ALIGN_DOWN(taken.start, align);
    if (end > start) found.push({ start, size: end - start });
    at = taken.start + taken.size;
  }
  return found;
}

/** nd_region_available_dpa: all that is not busy, with every allocation aligned outwards; 0 without a label area. */
export function available_dpa(state: State, region: number): number {
  const { size, align, label_area } = state.nd_region.get(region)!;
  if (!label_area) return 0;
  let busy = 0;
  for (const taken of allocated(state, region)) {
    busy += ALIGN(taken.start + taken.size, align) - ALIGN_DOWN(taken.start, align);
  }
  return busy < size ? ALIGN_DOWN(size - busy, align) : 0;
}

/** nd_region_allocatable_dpa: the largest extent. */
export const allocatable_dpa = operation({
  name: 'allocatable_dpa',
  obj: 'nd_namespace',
  writes: false,
  run(state: State, region: number): number {
    if (!state.nd_region.get(region)!.label_area) return 0;
    return Math.max(0, ...free_extents(state, region).map(({ size }) => size));
  },
});

const lowest_id = operation({
  name: 'lowest_id',
  obj: 'nd_namespace',
  writes: false,
  run: (state: State, region: number): number => {
    let id = 0;
    while (state.nd_namespace.has(nd_namespace_key(region, id))) id++;
    return id;
  },
});

const new_namespace = (region: number, id: number, io: boolean): nd_namespace => ({
  region,
  id,
  io,
  offset: 0,
  size: 0,
  uuid: '',
  force_raw: false,
  claim_class: 'none',
  claim: -1,
  bound: false,
  pgmap: 0,
});

/** region_conflict: whether the range contains another region. */
const conflicts = operation({
  name: 'conflicts',
  obj: 'nd_region',
  writes: false,
  run: (state: State, region: number, start: number, size: number): boolean =>
    [...state.nd_region].some(
      ([key, other]) => key !== region && other.start < start + size && other.start + other.size > start,
    ),
});

export const v5_2 = {
  /** Until v5.7 a namespace could start and end at any page. */
  $nd_region_default_align(this: Kernel, _size: number): number {
    return this.c.PAGE_SIZE;
  },

  *nvdimm_pmem_region_create(this: Kernel, key: number, region: Omit<nd_region, 'align'>): Steps<void> {
    yield* alloc('nd_region', key, { ...region, align: this.$nd_region_default_align(region.size) });
  },

  /**
   * Whether the platform can make writes persistent: not without a mapping to an NVDIMM. All modelled machines have
   * CONFIG_ARCH_HAS_PMEM_API.
   */
  *nvdimm_has_flush(this: Kernel, region: number): Steps<number> {
    return (yield* R('nd_region', region, 'pagemap')) ? -this.errno.ENXIO : 0;
  },

  /** A seed that got its driver has a successor. */
  *nd_region_advance_seeds(this: Kernel, nd_region: number, dev: string): Steps<void> {
    const { table, key } = nd_device(dev)!;
    let ndns = key;
    if (table === 'nd_pfn') {
      if ((yield* R('nd_region', nd_region, 'btt_seed')) === key)
        yield* this.nd_region_create_btt_seed(nd_region);
      if ((yield* R('nd_region', nd_region, 'pfn_seed')) === key)
        yield* this.nd_region_create_pfn_seed(nd_region);
      if ((yield* R('nd_region', nd_region, 'dax_seed')) === key)
        yield* this.nd_region_create_dax_seed(nd_region);
      ndns = yield* R('nd_pfn', key, 'ndns');
    }
    const ns_seed = yield* R('nd_region', nd_region, 'ns_seed');
    if (ns_seed >= 0 && nd_namespace_key(nd_region, ns_seed) === ndns) {
      yield* this.nd_region_create_ns_seed(nd_region);
    }
  },

  /** The file came with v5.7. */
  *align_store(this: Kernel, _region: number, _text: string): Steps<number> {
    return -this.errno.ENOENT;
  },

  *nd_region_conflict(this: Kernel, region: number, start: number, size: number): Steps<boolean> {
    return yield* look(conflicts, region, start, size);
  },

  /** Returns its key; the id is the lowest free one. */
  *$nd_namespace_create(this: Kernel, region: number, io: boolean): Steps<number> {
    const id = yield* look(lowest_id, region);
    const key = nd_namespace_key(region, id);
    yield* alloc('nd_namespace', key, new_namespace(region, id, io));
    return key;
  },
};

export const v5_7 = {
  /**
   * 16M, which all architectures support, so that a namespace can be moved between them; a page if the region is
   * smaller.
   */
  $nd_region_default_align(this: Kernel, size: number): number {
    return size < SZ_16M ? this.c.PAGE_SIZE : SZ_16M;
  },

  *align_store(this: Kernel, region: number, text: string): Steps<number> {
    if (!/^(0[xX][0-9a-fA-F]{1,13}|\d{1,15})\n?$/.test(text)) return -this.errno.EINVAL;
    const align = Number(text);
    const bad = align < this.c.PAGE_SIZE || !Number.isInteger(Math.log2(align));
    if (bad || align > (yield* R('nd_region', region, 'size'))) return -this.errno.EINVAL;
    yield* W('nd_region', region, 'align', align);
    return 0;
  },
};
