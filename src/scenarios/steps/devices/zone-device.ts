import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { SUBSECTION_SIZE } from '../../../kernel/config.ts';
import { add_zone_device } from '../../../kernel/mm/memory_hotplug/zone_device.ts';
import { PCM } from '../../../kernel/state.ts';
import { stepKind } from '../common/kind.ts';
import { nid, range, rangeOf, rangeText, result } from '../common/values.ts';

export const zone_device = stepKind({
  schema: z
    .strictObject({ ...range, node: nid.default(0), memtype: z.enum(['WB', 'UC-']).default('WB'), ...result })
    .meta({ description: 'Device memory with struct pages, mapped by its driver cached or uncached' }),
  text: (step) => `device memory at ${rangeText(step)}, ${step.memtype}`,
  lacks: ({ kernel, state }, { node }) =>
    kernel.c.ZONE_DEVICE < 0 || !state.pgdat.has(node) ? `node ${node} has no zone for device memory` : null,
  run: (session, step) => {
    const { kernel } = session;
    const { PAGE_SIZE } = kernel.c;
    const [start, size] = rangeOf(step);
    if (start % SUBSECTION_SIZE || size % SUBSECTION_SIZE || size === 0)
      throw new BadOperation('zone_device: start and size are multiples of 2M');
    const pcm = step.memtype === 'WB' ? PCM.WB : PCM.UC_MINUS;
    return session.call(add_zone_device(kernel, step.node, start / PAGE_SIZE, size / PAGE_SIZE, pcm));
  },
});
