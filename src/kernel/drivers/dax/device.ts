import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { pr_warn, R } from '../../ops.ts';
import { hex, mem_range } from '../../pfn.ts';

/** drivers/dax/device.c, bus.c and pmem.c: device-dax on a namespace. Its instance has the namespace's key. */

export const v5_2 = {
  /** Struct pages for the whole namespace, including its metadata. */
  *dev_dax_probe(this: Kernel, dax: number): Steps<number> {
    const name = yield* R('dev_dax', dax, 'name');
    const start = yield* R('dev_dax', dax, 'start');
    const size = yield* R('dev_dax', dax, 'size');
    if (!(yield* this.__request_region(start, size, name, 0))) {
      yield* pr_warn(`device_dax ${name}: ${this.$dev_dax_not_reserved(start, size)}`);
      return -this.errno.EBUSY;
    }
    const rc = yield* this.memremap_pages(yield* R('dev_dax', dax, 'pgmap'));
    if (rc) yield* this.__release_region(start, size);
    return rc;
  },

  $dev_dax_not_reserved(this: Kernel, start: number, size: number): string {
    return `could not reserve region ${mem_range(start, size)}`;
  },
};

export const v5_10 = {
  /** Since an instance can have several mappings, the message names the mapping. */
  $dev_dax_not_reserved(this: Kernel, start: number, size: number): string {
    return `mapping0: ${hex(start)}-${hex(start + size - 1)} could not reserve range`;
  },
};
