import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { R } from '../../ops.ts';

/** drivers/dax/cxl.c: a CXL region of volatile memory as device-dax; v6.3+. */

export const v6_3 = {
  *cxl_dax_region_probe(this: Kernel, dev: number): Steps<number> {
    const cxlrd = yield* R('cxl_region', dev, 'cxlrd');
    return yield* this.devm_create_dev_dax(dev, {
      start: yield* R('cxl_region', dev, 'start'),
      size: yield* R('cxl_region', dev, 'size'),
      align: this.c.PMD_SIZE,
      target_node: yield* R('cxl_root_decoder', cxlrd, 'target_node'),
      kmem: true,
      memmap_on_memory: this.$cxl_memmap_on_memory(),
    });
  },

  $cxl_memmap_on_memory(this: Kernel): boolean {
    return false;
  },
};

export const v6_8 = {
  $cxl_memmap_on_memory(this: Kernel): boolean {
    return true;
  },
};
