import type { Steps } from '../../../steps/step.ts';
import { SUBSECTION_SIZE } from '../../config.ts';
import type { Kernel } from '../../kernel.ts';
import { free, look, operation, pr_err, R, W } from '../../ops.ts';
import type { State } from '../../state.ts';
import { nd_device } from './bus.ts';
import { allocatable_dpa, free_extents } from './region_devs.ts';

/** drivers/nvdimm/namespace_devs.c */

const ND_MIN_NAMESPACE_SIZE = 16 * 2 ** 20;

/** The start of the first free extent of at least this many bytes, or -1. */
const place = operation({
  name: 'place',
  obj: 'nd_namespace',
  writes: false,
  run: (state: State, region: number, size: number): number =>
    free_extents(state, region).find((extent) => extent.size >= size)?.start ?? -1,
});

/** The key of the namespace that a driver gets, or a negative errno. */
export type Probed = { readonly ndns: number; readonly error: 0 } | { readonly error: number };

export const v5_2 = {
  *uuid_store(this: Kernel, ns: number, uuid: string): Steps<number> {
    if ((yield* R('nd_namespace', ns, 'bound')) || (yield* R('nd_namespace', ns, 'claim')) >= 0) {
      return -this.errno.EBUSY;
    }
    yield* W('nd_namespace', ns, 'uuid', uuid);
    return 0;
  },

  /** Only from no size to a size and back: an existing namespace cannot be resized here. */
  *size_store(this: Kernel, ns: number, size: number): Steps<number> {
    const region = yield* R('nd_namespace', ns, 'region');
    if ((yield* R('nd_namespace', ns, 'bound')) || (yield* R('nd_namespace', ns, 'claim')) >= 0) {
      return -this.errno.EBUSY;
    }
    if ((yield* R('nd_namespace', ns, 'uuid')) === '') return -this.errno.ENXIO;
    if (size % (yield* R('nd_region', region, 'align'))) return -this.errno.EINVAL;
    if (size > 0) {
      if (size > (yield* look(allocatable_dpa, region))) return -this.errno.ENOSPC;
      yield* W('nd_namespace', ns, 'offset', yield* look(place, region, size));
    }
    yield* W('nd_namespace', ns, 'size', size);
    yield* this.nd_pmem_namespace_label_update(region);
    if (size > 0) return 0;
    yield* W('nd_namespace', ns, 'uuid', '');
    const id = yield* R('nd_namespace', ns, 'id');
    if (id !== 0 && (yield* R('nd_region', region, 'ns_seed')) !== id) {
      yield* this.nd_device_unregister(`namespace${region}.${id}`);
    }
    return 0;
  },

  *$nd_namespace_release(this: Kernel, ns: number): Steps<void> {
    yield* free('nd_namespace', ns);
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

  /** The namespace of a device, if a driver may have it: the device is the namespace, or the instance that claims it. */
  *nvdimm_namespace_common_probe(this: Kernel, dev: string): Steps<Probed> {
    const { EBUSY, ENODEV, ENXIO, EOPNOTSUPP } = this.errno;
    const { table, key } = nd_device(dev)!;
    const ndns = table === 'nd_pfn' ? yield* R('nd_pfn', key, 'ndns') : key;
    if (ndns < 0) return { error: -ENODEV };
    if (table === 'nd_pfn') {
      if (yield* R('nd_namespace', ndns, 'bound')) return { error: -EBUSY };
    } else if ((yield* R('nd_namespace', ndns, 'claim')) >= 0) return { error: -ENXIO };
    const { start, size } = yield* this.$namespace_range(ndns);
    if (size < ND_MIN_NAMESPACE_SIZE) return { error: -ENODEV };
    if (table !== 'nd_pfn' && (yield* this.pmem_should_map_pages(ndns)) && !this.$can_map(start, size)) {
      const range = `[mem ${hexpad8(start)}-${hexpad8(start + size - 1)} flags 0x200]`;
      yield* pr_err(`nd_pmem ${dev}: ${range} misaligned, unable to map`);
      return { error: -EOPNOTSUPP };
    }
    const io = yield* R('nd_namespace', ndns, 'io');
    if (!io && (yield* R('nd_namespace', ndns, 'uuid')) === '') return { error: -ENODEV };
    return { ndns, error: 0 };
  },

  /** Not checked before v5.7. */
  $can_map(this: Kernel, _start: number, _size: number): boolean {
    return true;
  },

  /** Whether a raw namespace gets struct pages. */
  *pmem_should_map_pages(this: Kernel, ns: number): Steps<boolean> {
    if (!(yield* R('nd_region', yield* R('nd_namespace', ns, 'region'), 'pagemap'))) return false;
    if (yield* R('nd_namespace', ns, 'force_raw')) return false;
    const { start, size } = yield* this.$namespace_range(ns);
    return (yield* this.$region_intersects_ram(start, size)) !== 'mixed';
  },

  /** The namespaces, which get their drivers afterwards. */
  *nd_region_register_namespaces(this: Kernel, region: number): Steps<readonly string[]> {
    const labels = yield* R('nd_region', region, 'labels');
    if (labels === null) {
      const key = yield* this.$nd_namespace_create(region, true);
      yield* W('nd_namespace', key, 'size', yield* R('nd_region', region, 'size'));
      return [yield* this.$namespace_name(key)];
    }
    const names: string[] = [];
    for (const { uuid, offset, size } of labels) {
      const key = yield* this.$nd_namespace_create(region, false);
      yield* W('nd_namespace', key, 'uuid', uuid);
      yield* W('nd_namespace', key, 'offset', offset);
      yield* W('nd_namespace', key, 'size', size);
      names.push(yield* this.$namespace_name(key));
    }
    yield* this.nd_region_create_ns_seed(region);
    return names;
  },

  *nd_region_create_ns_seed(this: Kernel, region: number): Steps<void> {
    if ((yield* R('nd_region', region, 'labels')) === null) return;
    const key = yield* this.$nd_namespace_create(region, false);
    yield* W('nd_region', region, 'ns_seed', yield* R('nd_namespace', key, 'id'));
  },

  *nd_region_create_btt_seed(this: Kernel, region: number): Steps<void> {
    yield* W('nd_region', region, 'btt_seed', yield* this.nd_btt_create(region));
  },

  *nd_region_create_pfn_seed(this: Kernel, region: number): Steps<void> {
    yield* W('nd_region', region, 'pfn_seed', yield* this.nd_pfn_create(region));
  },

  *nd_region_create_dax_seed(this: Kernel, region: number): Steps<void> {
    yield* W('nd_region', region, 'dax_seed', yield* this.nd_dax_create(region));
  },
};

/** %pr of a memory resource. */
const hexpad8 = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`;

export const v5_7 = {
  /** memremap_compat_align(). */
  $can_map(this: Kernel, start: number, size: number): boolean {
    return start % SUBSECTION_SIZE === 0 && size % SUBSECTION_SIZE === 0;
  },
};
