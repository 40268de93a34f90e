import type { Steps } from '../../../steps/step.ts';
import { IOMEM_RESOURCE } from '../../kernel/resource.ts';
import type { Kernel } from '../../kernel.ts';
import { look, operation, R } from '../../ops.ts';
import { IORESOURCE_MEM, type State } from '../../state.ts';

/** drivers/cxl/pmem.c: a CXL region of persistent memory is an NVDIMM region with the same number; v6.0+. */

/** memory_add_physaddr_to_nid() finds no memory of the kernel's there, and returns the first node. */
const first_node = operation({
  name: 'first_node',
  obj: 'pgdat',
  writes: false,
  run: (state: State): number =>
    Math.min(...[...state.pgdat].flatMap(([nid, { online }]) => (online ? [nid] : []))),
});

export const v6_1 = {
  *cxl_pmem_region_probe(this: Kernel, dev: number): Steps<number> {
    const start = yield* R('cxl_region', dev, 'start');
    const size = yield* R('cxl_region', dev, 'size');
    const rc = yield* this.insert_resource(IOMEM_RESOURCE, {
      name: `pmem_region${dev}`,
      start,
      end: start + size - 1,
      flags: IORESOURCE_MEM,
      children: [],
    });
    if (rc) return rc;
    const cxlrd = yield* R('cxl_region', dev, 'cxlrd');
    yield* this.nvdimm_pmem_region_create(dev, {
      start,
      size,
      nid: yield* look(first_node),
      target_node: yield* R('cxl_root_decoder', cxlrd, 'target_node'),
      enabled: false,
      pagemap: false,
      nmem: dev,
      label_area: true,
      labels: [],
      media: [],
      ns_seed: -1,
      btt_seed: -1,
      pfn_seed: -1,
      dax_seed: -1,
    });
    return yield* this.nd_region_probe(dev);
  },
};
