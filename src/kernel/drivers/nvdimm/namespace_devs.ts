import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { free, look, operation, R, W } from '../../ops.ts';
import type { State } from '../../state.ts';
import { allocatable_dpa, free_extents } from './region_devs.ts';

/** drivers/nvdimm/namespace_devs.c and claim.c: writes to a namespace's files by user space. */

const ND_MIN_NAMESPACE_SIZE = 16 * 2 ** 20;

/** The start of the first free extent of at least this many bytes, or -1. */
const place = operation({
  name: 'place',
  obj: 'nd_namespace',
  writes: false,
  run: (state: State, region: number, size: number): number =>
    free_extents(state, region).find((extent) => extent.size >= size)?.start ?? -1,
});

export const v5_2 = {
  *uuid_store(this: Kernel, ns: number): Steps<number> {
    if ((yield* R('nd_namespace', ns, 'claim')) !== 'none') return -this.errno.EBUSY;
    const region = yield* R('nd_namespace', ns, 'region');
    const uuid = yield* R('nd_region', region, 'next_uuid');
    yield* W('nd_region', region, 'next_uuid', uuid + 1);
    yield* W('nd_namespace', ns, 'uuid', uuid);
    return 0;
  },

  /** Only from no size to a size and back: an existing namespace cannot be resized here. */
  *size_store(this: Kernel, ns: number, size: number): Steps<number> {
    const region = yield* R('nd_namespace', ns, 'region');
    if ((yield* R('nd_namespace', ns, 'bound')) || (yield* R('nd_namespace', ns, 'claim')) !== 'none') {
      return -this.errno.EBUSY;
    }
    if ((yield* R('nd_namespace', ns, 'uuid')) === 0) return -this.errno.ENXIO;
    if (size % (yield* R('nd_region', region, 'align'))) return -this.errno.EINVAL;
    if (size > 0) {
      if (size > (yield* look(allocatable_dpa, region))) return -this.errno.ENOSPC;
      yield* W('nd_namespace', ns, 'offset', yield* look(place, region, size));
    }
    yield* W('nd_namespace', ns, 'size', size);
    yield* this.nd_pmem_namespace_label_update(region);
    if (size > 0) return 0;
    yield* W('nd_namespace', ns, 'uuid', 0);
    const id = yield* R('nd_namespace', ns, 'id');
    if (id !== 0 && (yield* R('nd_region', region, 'ns_seed')) !== id) yield* free('nd_namespace', ns);
    return 0;
  },

  /** nd_namespace_store: a pfn, dax or btt instance claims the namespace. */
  *$nd_namespace_claim(
    this: Kernel,
    ns: number,
    claim: 'pfn' | 'dax' | 'btt',
    mode: 'ram' | 'pmem',
    align: number,
  ): Steps<number> {
    const claim_class = yield* R('nd_namespace', ns, 'claim_class');
    if (claim_class !== 'none' && claim_class !== claim) return -this.errno.EINVAL;
    if ((yield* R('nd_namespace', ns, 'claim')) !== 'none' || (yield* R('nd_namespace', ns, 'bound'))) {
      return -this.errno.EBUSY;
    }
    if ((yield* R('nd_namespace', ns, 'size')) < ND_MIN_NAMESPACE_SIZE) return -this.errno.ENXIO;
    yield* W('nd_namespace', ns, 'claim', claim);
    yield* W('nd_namespace', ns, 'mode', mode);
    yield* W('nd_namespace', ns, 'align', align);
    return 0;
  },

  /** Address and size of a namespace. */
  *$namespace_range(this: Kernel, ns: number): Steps<{ start: number; size: number }> {
    const region = yield* R('nd_namespace', ns, 'region');
    const start = (yield* R('nd_region', region, 'start')) + (yield* R('nd_namespace', ns, 'offset'));
    return { start, size: yield* R('nd_namespace', ns, 'size') };
  },

  *$namespace_name(this: Kernel, ns: number): Steps<string> {
    return `namespace${yield* R('nd_namespace', ns, 'region')}.${yield* R('nd_namespace', ns, 'id')}`;
  },

  /** Unbinds the driver of the namespace or of the instance that claims it; the instance is removed as well. */
  *$nd_namespace_unbind(this: Kernel, ns: number): Steps<void> {
    if ((yield* R('nd_namespace', ns, 'bound')) === true) {
      if ((yield* R('nd_namespace', ns, 'claim')) === 'dax') yield* this.$dax_pmem_remove(ns);
      else yield* this.nd_pmem_remove(ns);
      yield* W('nd_namespace', ns, 'bound', false);
    }
    yield* this.nd_detach_ndns(ns);
  },

  *pmem_should_map_pages(this: Kernel, ns: number): Steps<boolean> {
    if (!(yield* R('nd_region', yield* R('nd_namespace', ns, 'region'), 'pagemap'))) return false;
    if ((yield* R('nd_namespace', ns, 'claim')) !== 'none') return false;
    if (yield* R('nd_namespace', ns, 'force_raw')) return false;
    const { start, size } = yield* this.$namespace_range(ns);
    return (yield* this.$region_intersects_ram(start, size)) !== 'mixed';
  },

  *nd_region_create_ns_seed(this: Kernel, region: number): Steps<void> {
    if ((yield* R('nd_region', region, 'labels')) === null) return;
    const key = yield* this.$nd_namespace_register(region, false);
    yield* W('nd_region', region, 'ns_seed', yield* R('nd_namespace', key, 'id'));
  },
};
