import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { new_virtio_mem } from '../../../kernel/drivers/virtio/virtio_mem/units.ts';
import type { Kernel } from '../../../kernel/kernel.ts';
import { none } from '../../nvdimm/tool.ts';
import { returned } from '../../running/result.ts';
import { stepKind } from '../common/kind.ts';
import { bytes, deviceNumber, hex, nid, range, rangeOf, rangeText, result, size } from '../common/values.ts';

const lacks = ({ kernel }: { readonly kernel: Partial<Kernel> & Pick<Kernel, 'c' | 'release'> }) =>
  kernel.virtio_mem_probe ? null : `${kernel.release} on ${kernel.c.arch} is built without virtio-mem`;

export const virtio_mem = stepKind({
  schema: z
    .strictObject({
      device: deviceNumber,
      ...range,
      block: size.default('2M'),
      node: nid.default(0),
      ...result,
    })
    .meta({ description: 'A virtio-mem device with its region, nothing of it plugged, v5.8 and later' }),
  text: (step) => `virtio${step.device} at ${rangeText(step)}`,
  lacks,
  run: (session, step) => {
    const { kernel, state } = session;
    const { device, node } = step;
    const [start, size] = rangeOf(step);
    const block = bytes(step.block);
    if (state.virtio_mem.has(device)) throw new BadOperation(`virtio${device} is there already`);
    if (!state.pgdat.has(node)) throw new BadOperation(`there is no node ${node}`);
    if (!Number.isInteger(Math.log2(block)) || block < kernel.c.PAGE_SIZE || start % block || size % block)
      throw new BadOperation('virtio_mem: the device block is not a power of 2 that divides start and size');
    const found = new_virtio_mem({ addr: start, region_size: size, nid: node, device_block_size: block });
    state.virtio_mem.set(device, found);
    return session.call(kernel.really_probe(`virtio${device}`, 'virtio_mem'));
  },
});

export const virtio_mem_request = stepKind({
  schema: z.strictObject({ device: deviceNumber, size, queued: z.boolean().optional(), ...result }).meta({
    description:
      'The host asks for so much of a virtio-mem device to be plugged; `queued`: the driver has not yet begun',
  }),
  text: (step) => `virtio${step.device} is to have ${hex(bytes(step.size))}`,
  lacks,
  run: (session, step) => {
    const { device } = step;
    const size = bytes(step.size);
    const vm = session.state.virtio_mem.get(device);
    if (!vm) throw new BadOperation(`there is no virtio${device}`);
    if (size > vm.region_size) throw new BadOperation(`virtio${device} has no ${hex(size)}`);
    // virtio 1.2, 5.15.6: the device sets requested_size to a multiple of block_size
    if (size % vm.device_block_size) {
      throw new BadOperation(
        `virtio_mem_request: ${hex(size)} is not a multiple of the device block, ${hex(vm.device_block_size)}`,
      );
    }
    if (step.queued) {
      vm.requested_size = size;
      return returned(0);
    }
    return session.call(session.kernel.$virtio_mem_request(device, size));
  },
  progress: ({ state }, step) => state.virtio_mem.get(step.device)?.plugged_size,
});

export const virtio_mem_remove = stepKind({
  schema: z
    .strictObject({ device: deviceNumber, ...result })
    .meta({ description: 'The virtio-mem device goes away; memory that it has added and not removed stays' }),
  text: (step) => `virtio${step.device} goes`,
  lacks,
  run: (session, { device }) => {
    const vm = session.state.virtio_mem.get(device);
    if (!vm) throw new BadOperation(`there is no virtio${device}`);
    const name = `virtio${device}`;
    const gone = vm.bound
      ? session.call(none(session.kernel.device_driver_detach(name, 'virtio_mem')))
      : returned(0);
    if (gone.ended === 'returned') session.state.virtio_mem.delete(device);
    return { ...gone, deleted: gone.ended === 'returned' };
  },
});
