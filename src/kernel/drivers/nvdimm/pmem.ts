import type { Steps } from '../../../steps/step.ts';
import { SUBSECTION_SIZE } from '../../config.ts';
import type { Kernel } from '../../kernel.ts';
import { pr_err, pr_warn, R, W } from '../../ops.ts';
import { mem_range } from '../../pfn.ts';

/** drivers/nvdimm/pmem.c: the driver of namespaces and of pfn and btt instances. */

const ND_MIN_NAMESPACE_SIZE = 16 * 2 ** 20;
const SZ_8K = 8192;

export const v5_2 = {
  /** Probes a namespace: 0 if a driver or the claiming instance holds it. -ENXIO from an instance counts as claimed. */
  *nd_pmem_probe(this: Kernel, ns: number): Steps<number> {
    if (yield* R('nd_namespace', ns, 'bound')) return 0;
    const { start, size } = yield* this.$namespace_range(ns);
    if (size < ND_MIN_NAMESPACE_SIZE) return -this.errno.ENODEV;
    const io = yield* R('nd_namespace', ns, 'io');
    if (!io && (yield* R('nd_namespace', ns, 'uuid')) === 0) return -this.errno.ENODEV;
    const name = yield* this.$namespace_name(ns);
    if ((yield* this.pmem_should_map_pages(ns)) && !this.$pmem_range_mappable(start, size)) {
      yield* pr_err(`nd namespace ${name}: ${mem_range(start, size)} misaligned, unable to map`);
      return -this.errno.EOPNOTSUPP;
    }
    // devm_namespace_enable: maps the info block while it is read
    if (!(yield* this.__request_region(start, SZ_8K, name, 0))) {
      yield* pr_warn(`nd_pmem ${name}: could not reserve region ${mem_range(start, size)}`);
      return -this.errno.EBUSY;
    }
    const claimed = yield* this.$nd_instance_probe(ns);
    yield* this.__release_region(start, SZ_8K);
    let ret = claimed;
    if (claimed === 0) ret = yield* this.$nd_instance_attach(ns);
    else if (claimed === -this.errno.ENODEV) ret = yield* this.pmem_attach_disk(ns);
    return ret;
  },

  /**
   * nd_btt_probe, nd_pfn_probe, nd_dax_probe: the instance named by the info block claims the namespace. -ENODEV for
   * none.
   */
  *$nd_instance_probe(this: Kernel, ns: number): Steps<number> {
    if (yield* R('nd_namespace', ns, 'force_raw')) return -this.errno.ENODEV;
    const claim_class = yield* R('nd_namespace', ns, 'claim_class');
    for (const signature of ['btt', 'pfn', 'dax'] as const) {
      if (claim_class !== 'none' && claim_class !== signature) continue;
      const { rc, sb } = yield* this.nd_pfn_validate(ns, signature, null);
      if (rc === -this.errno.ENODEV) continue;
      if (rc === 0) yield* this.$nd_namespace_claim(ns, signature, sb!.mode, sb!.align);
      return rc;
    }
    return -this.errno.ENODEV;
  },

  /** The driver of the instance that claims the namespace. */
  *$nd_instance_attach(this: Kernel, ns: number): Steps<number> {
    const claim = yield* R('nd_namespace', ns, 'claim');
    return claim === 'dax' ? yield* this.dax_pmem_probe(ns) : yield* this.pmem_attach_disk(ns);
  },

  /** A block device on a raw namespace, or on a pfn instance with struct pages. */
  *pmem_attach_disk(this: Kernel, ns: number): Steps<number> {
    const { start, size } = yield* this.$namespace_range(ns);
    const name = yield* this.$namespace_name(ns);
    const pfn = (yield* R('nd_namespace', ns, 'claim')) === 'pfn';
    const setup = pfn ? yield* this.nvdimm_setup_pfn(ns, 'fs_dax') : yield* this.$pmem_setup_raw(ns);
    if (setup?.rc) return setup.rc;
    if ((yield* R('nd_namespace', ns, 'claim')) === 'btt') yield* this.$nd_btt_init(ns);
    if (!(yield* this.__request_region(start, size, name, 0))) {
      yield* pr_warn(`nd_pmem ${name}: could not reserve region ${mem_range(start, size)}`);
      return -this.errno.EBUSY;
    }
    if (setup) {
      const rc = yield* this.devm_memremap_pages(setup.pgmap);
      if (rc) {
        yield* this.__release_region(start, size);
        return rc;
      }
      yield* W('nd_namespace', ns, 'pgmap', setup.pgmap);
    }
    yield* this.$nd_namespace_bound(ns);
    return 0;
  },

  /** A raw namespace of such a region has struct pages for its whole range; null otherwise. */
  *$pmem_setup_raw(this: Kernel, ns: number): Steps<{ rc: number; pgmap: number } | null> {
    if (!(yield* this.pmem_should_map_pages(ns))) return null;
    const { start, size } = yield* this.$namespace_range(ns);
    const nid = yield* R('nd_region', yield* R('nd_namespace', ns, 'region'), 'nid');
    return { rc: 0, pgmap: yield* this.$alloc_dev_pagemap('fs_dax', start, size, nid, null) };
  },

  /** Not checked before v5.7. */
  $pmem_range_mappable(this: Kernel, _start: number, _size: number): boolean {
    return true;
  },

  *nd_pmem_remove(this: Kernel, ns: number): Steps<void> {
    const { start, size } = yield* this.$namespace_range(ns);
    yield* this.devm_memunmap_pages(yield* R('nd_namespace', ns, 'pgmap'));
    yield* W('nd_namespace', ns, 'pgmap', 0);
    yield* this.__release_region(start, size);
  },

  /** nd_region_advance_seeds: a seed that was used gets a successor. */
  *$nd_namespace_bound(this: Kernel, ns: number): Steps<void> {
    yield* W('nd_namespace', ns, 'bound', true);
    const region = yield* R('nd_namespace', ns, 'region');
    if ((yield* R('nd_region', region, 'ns_seed')) !== (yield* R('nd_namespace', ns, 'id'))) return;
    yield* this.nd_region_create_ns_seed(region);
  },
};

export const v5_7 = {
  /** memremap_compat_align(). */
  $pmem_range_mappable(this: Kernel, start: number, size: number): boolean {
    return start % SUBSECTION_SIZE === 0 && size % SUBSECTION_SIZE === 0;
  },
};
