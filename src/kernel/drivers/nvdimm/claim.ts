import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { exists, R, W } from '../../ops.ts';
import { nd_device, nd_pfn_name } from './bus.ts';
import { SZ_16M } from './region_devs.ts';

const SEED = { pfn: 'pfn_seed', dax: 'dax_seed', btt: 'btt_seed' } as const;

/** drivers/nvdimm/claim.c: an instance and its namespace. `dev` is the key of the instance. */
export const v5_2 = {
  *nd_detach_ndns(this: Kernel, dev: number): Steps<void> {
    const ndns = yield* R('nd_pfn', dev, 'ndns');
    if (ndns < 0) return;
    yield* W('nd_namespace', ndns, 'claim', -1);
    yield* W('nd_pfn', dev, 'ndns', -1);
  },

  *__nd_attach_ndns(this: Kernel, dev: number, attach: number): Steps<boolean> {
    if ((yield* R('nd_namespace', attach, 'claim')) >= 0) return false;
    yield* W('nd_namespace', attach, 'claim', dev);
    yield* W('nd_pfn', dev, 'ndns', attach);
    return true;
  },

  *is_idle(this: Kernel, dev: number): Steps<boolean> {
    const kind = yield* R('nd_pfn', dev, 'kind');
    if ((yield* R('nd_region', yield* R('nd_pfn', dev, 'region'), SEED[kind])) === dev) return false;
    return (yield* R('nd_pfn', dev, 'ndns')) < 0 && !(yield* R('nd_pfn', dev, 'bound'));
  },

  /** An instance that is no seed goes away. */
  *nd_detach_and_reset(this: Kernel, dev: number): Steps<void> {
    yield* this.nd_detach_ndns(dev);
    if (yield* this.is_idle(dev)) {
      yield* this.nd_device_unregister(yield* this.$nd_pfn_dev_name(dev));
      return;
    }
    yield* W('nd_pfn', dev, 'uuid', '');
    yield* W('nd_pfn', dev, 'mode', 'none');
  },

  /** The file `namespace` of an instance. */
  *nd_namespace_store(this: Kernel, dev: number, buf: string): Steps<number> {
    const { EBUSY, EINVAL, ENODEV, ENXIO } = this.errno;
    if (yield* R('nd_pfn', dev, 'bound')) return -EBUSY;
    const name = buf.trim();
    if (name !== '' && !name.startsWith('namespace')) return -EINVAL;
    if (name === '') {
      yield* this.nd_detach_and_reset(dev);
      return 0;
    }
    if ((yield* R('nd_pfn', dev, 'ndns')) >= 0) return -EBUSY;
    const found = nd_device(name);
    const region = yield* R('nd_pfn', dev, 'region');
    if (found?.table !== 'nd_namespace' || !(yield* exists('nd_namespace', found.key))) return -ENODEV;
    if ((yield* R('nd_namespace', found.key, 'region')) !== region) return -ENODEV;
    const claim_class = yield* R('nd_namespace', found.key, 'claim_class');
    if (claim_class !== 'none' && claim_class !== (yield* R('nd_pfn', dev, 'kind'))) return -EBUSY;
    if ((yield* R('nd_namespace', found.key, 'size')) < SZ_16M) return -ENXIO;
    return (yield* this.__nd_attach_ndns(dev, found.key)) ? 0 : -EBUSY;
  },

  *$nd_pfn_dev_name(this: Kernel, dev: number): Steps<string> {
    return nd_pfn_name({
      kind: yield* R('nd_pfn', dev, 'kind'),
      region: yield* R('nd_pfn', dev, 'region'),
      id: yield* R('nd_pfn', dev, 'id'),
    });
  },
};
