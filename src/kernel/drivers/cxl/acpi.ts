import type { Steps } from '../../../steps/step.ts';
import { IOMEM_RESOURCE } from '../../kernel/resource.ts';
import type { Kernel } from '../../kernel.ts';
import { R } from '../../ops.ts';
import { IORESOURCE_MEM } from '../../state.ts';

/** drivers/cxl/acpi.c: CXL windows (CFMWS) in /proc/iomem; v6.0+. */

export const v6_1 = {
  *add_cxl_resources(this: Kernel, cxlrd: number): Steps<number> {
    const start = yield* R('cxl_root_decoder', cxlrd, 'start');
    return yield* this.insert_resource(IOMEM_RESOURCE, {
      name: `CXL Window ${cxlrd}`,
      start,
      end: start + (yield* R('cxl_root_decoder', cxlrd, 'size')) - 1,
      flags: IORESOURCE_MEM,
      children: [],
    });
  },
};
