import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { R } from '../../../ops.ts';

/** drivers/dax/hmem/hmem.c: the driver of the platform devices "hmem". */

export const v5_7 = {
  *dax_hmem_probe(this: Kernel, pdev: number): Steps<number> {
    return yield* this.devm_create_dev_dax(pdev, {
      start: yield* R('hmem', pdev, 'start'),
      size: yield* R('hmem', pdev, 'size'),
      align: this.c.PMD_SIZE,
      target_node: yield* R('hmem', pdev, 'target_node'),
      kmem: this.$hmem_is_kmem(),
      memmap_on_memory: false,
    });
  },

  $hmem_is_kmem(this: Kernel): boolean {
    return false;
  },
};

export const v6_3 = {
  /** v6.3+: memory-hotplug takes it, unless the module's region_idle is set. */
  $hmem_is_kmem(this: Kernel): boolean {
    return true;
  },
};
