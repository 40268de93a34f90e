import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { stepKind } from '../common/kind.ts';
import { bytes, hex, nid, range, rangeOf, rangeText, result, size } from '../common/values.ts';

/** The least number of bytes that a Hyper-V host announces. */
const HA_CHUNK = 2 ** 27;

export const hv_hot_add = stepKind({
  schema: z
    .strictObject({ ...range, backed: size, node: nid.default(0), ...result })
    .meta({ description: 'A Hyper-V host announces memory and backs the first part of it' }),
  text: (step) => `hot add ${rangeText(step)}, ${hex(bytes(step.backed))} of it backed`,
  lacks: ({ kernel }) =>
    kernel.c.hypervisor === 'hyperv' ? null : 'hv_hot_add: the machine is not a guest of Hyper-V',
  // 128M at a time
  progress: ({ state }) => state.memory_block.size,
  run: (session, step) => {
    const { kernel, state } = session;
    const { PAGE_SIZE } = kernel.c;
    const [start, size] = rangeOf(step);
    const backed = bytes(step.backed);
    if (start % HA_CHUNK || size % HA_CHUNK || backed % PAGE_SIZE || backed > size)
      throw new BadOperation(
        'hv_hot_add: start and size are multiples of 128M, backed pages whole and not more',
      );
    const [first, end] = [start / PAGE_SIZE, (start + size) / PAGE_SIZE];
    if (
      state.ha_region_list.some(
        (has) => has.start_pfn !== first && first < has.end_pfn && has.start_pfn < end,
      )
    )
      throw new BadOperation(`hv_hot_add: the host has announced a part of ${rangeText(step)} already`);
    return session.call(kernel.hv_mem_hot_add(step.node, first, size / PAGE_SIZE, backed / PAGE_SIZE));
  },
});
